// A budget of connections. The system limits the open files of a process. Callers' connections must leave enough of them for the
// database and for receivers, and a caller who opens connections and sends nothing must not keep others out.
//
//   new connection ── below the limit ──> accepted
//                  ── at the limit ─────> the connection that is idle for longest is closed, and the new one is accepted
//                                         (if none is idle, the one whose request has been arriving for longest is closed)
//                  ── at the limit, and every connection has a request that is being answered ──> the new one is closed
//
// A connection on which no request has begun within `firstRequestMs` is closed. Between requests it may stay for as long as
// Node's keepAliveTimeout says.

import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

export type ConnectionLimits = {
  /** Of HTTP and HTTPS together. */
  readonly maxConnections: number
  /** How long a new connection may send no request, ms. */
  readonly firstRequestMs: number
}

/** Open files that a process needs besides callers' connections: for the database, receivers, the mail server, and itself. */
const RESERVED_FILES = 512
const MAX_CONNECTIONS = 10_000
const FEWEST_CONNECTIONS = 64

/** How many connections callers may have, for a process with this limit of open files. Pure. */
export function connectionsFor(openFiles: number | 'unlimited'): number {
  if (openFiles === 'unlimited') return MAX_CONNECTIONS
  return Math.min(MAX_CONNECTIONS, Math.max(FEWEST_CONNECTIONS, openFiles - RESERVED_FILES))
}

/** The limit of open files of this process. Node raises its soft limit at the start as far as it may. */
export function openFilesLimit(): number | 'unlimited' {
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } }
  }
  const soft = Number(report.userLimits?.open_files?.soft)
  return Number.isFinite(soft) && soft > 0 ? soft : 'unlimited'
}

/** Silent connections are closed a few at a time: closing a thousand at once would block the event loop for all callers. */
const CLOSE_EVERY_MS = 250
const MAX_CLOSED = 25

type Open = { socket: Socket; readonly underWay: Set<IncomingMessage>; begun: boolean; since: number }

export class Connections {
  private readonly limits: ConnectionLimits
  /** By the addresses of both ends, since TLS has a socket of its own on the same connection. The first entry is idle for longest. */
  private readonly open = new Map<string, Open>()
  private readonly timer: NodeJS.Timeout

  constructor(limits: ConnectionLimits) {
    this.limits = limits
    this.timer = setInterval(
      () => this.closeSilent(performance.now()),
      Math.min(limits.firstRequestMs / 3, CLOSE_EVERY_MS),
    )
    this.timer.unref()
  }

  get count(): number {
    return this.open.size
  }

  /** Counts the connections of this server, which may be HTTP or HTTPS. */
  watch(server: HttpServer): void {
    server.on('connection', (socket: Socket) => this.opened(socket))
    server.on('secureConnection', (socket: TLSSocket) => {
      const open = this.open.get(nameOf(socket))
      if (open) open.socket = socket
    })
    // Prepended, since the server's own handler may answer at once.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.requested(request, response),
    )
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private opened(socket: Socket): void {
    if (this.open.size >= this.limits.maxConnections && !this.closeOne()) {
      socket.destroy()
      return
    }
    const name = nameOf(socket)
    this.open.set(name, { socket, underWay: new Set(), begun: false, since: performance.now() })
    socket.once('close', () => this.open.delete(name))
  }

  private requested(request: IncomingMessage, response: ServerResponse): void {
    const name = nameOf(request.socket)
    const open = this.open.get(name)
    if (!open) return
    open.underWay.add(request)
    open.begun = true
    response.once('close', () => {
      open.underWay.delete(request)
      open.since = performance.now()
      // Moved to the end of the map: it is now idle for the shortest time.
      if (this.open.delete(name) && !open.socket.destroyed) this.open.set(name, open)
    })
  }

  private closeOne(): boolean {
    const isIdle = ({ underWay }: Open) => underWay.size === 0
    const isComingIn = ({ underWay }: Open) => [...underWay].every(request => !request.complete)
    for (const mayGo of [isIdle, isComingIn]) {
      for (const [name, open] of this.open) {
        if (!mayGo(open)) continue
        this.open.delete(name)
        open.socket.destroy()
        return true
      }
    }
    return false
  }

  /** Closes connections on which no request has ever begun. */
  private closeSilent(now: number): void {
    let left = MAX_CLOSED
    for (const [name, { socket, begun, since }] of this.open) {
      if (begun || now - since < this.limits.firstRequestMs) continue
      this.open.delete(name)
      socket.destroy()
      left -= 1
      if (left === 0) return
    }
  }
}

function nameOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
