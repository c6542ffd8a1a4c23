// A budget of connections. The system gives a process so many open files; what callers hold open must leave enough of them
// for the database and for receivers, and a caller who opens connections and says nothing must keep nobody out.
//
//   new connection ── below the limit ──> taken
//                  ── at the limit ─────> the one that is idle for longest is closed, and this one is taken
//                                         (where none is idle, the one whose request has been coming in for longest)
//                  ── at the limit, and on every one of them a request is being answered ──> closed
//
// A connection on which no request has begun within `firstRequestMs` is closed. Between requests it may stay for as long as
// Node's keepAliveTimeout says.

import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

export type ConnectionLimits = {
  /** Connections at once, of HTTP and HTTPS together. */
  readonly most: number
  /** How long a new connection may say nothing, ms. */
  readonly firstRequestMs: number
}

/** Files that a process needs besides callers' connections: for the database, receivers, the mail server, and itself. */
const RESERVED_FILES = 512
const MOST_CONNECTIONS = 10_000
const FEWEST_CONNECTIONS = 64

/** What a process that may open so many files gives to its callers; `unlimited` where the system sets none. Pure. */
export function connectionsFor(openFiles: number | 'unlimited'): number {
  if (openFiles === 'unlimited') return MOST_CONNECTIONS
  return Math.min(MOST_CONNECTIONS, Math.max(FEWEST_CONNECTIONS, openFiles - RESERVED_FILES))
}

/** Files that this process may have open, after Node has raised its own limit as far as it may. */
export function openFilesLimit(): number | 'unlimited' {
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } }
  }
  const soft = Number(report.userLimits?.open_files?.soft)
  return Number.isFinite(soft) && soft > 0 ? soft : 'unlimited'
}

/** Connections on which nothing was asked are closed a few at a time: a thousand at once would keep everybody else waiting. */
const CLOSE_EVERY_MS = 250
const MOST_CLOSED = 25

type Open = { socket: Socket; readonly underWay: Set<IncomingMessage>; begun: boolean; since: number }

export class Connections {
  private readonly limits: ConnectionLimits
  /** By both ends, since TLS has a socket of its own on the same connection. The first is idle for longest. */
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

  /** Counts the connections of a server, and those of HTTPS too. */
  watch(server: HttpServer): void {
    server.on('connection', (socket: Socket) => this.opened(socket))
    server.on('secureConnection', (socket: TLSSocket) => {
      const open = this.open.get(nameOf(socket))
      if (open) open.socket = socket
    })
    // Before the handler of the server, which may answer at once.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
      this.requested(request, response),
    )
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private opened(socket: Socket): void {
    if (this.open.size >= this.limits.most && !this.closeOne()) {
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
      // Behind the others: it is idle for the shortest time now.
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

  /** On which nothing was ever asked. */
  private closeSilent(now: number): void {
    let left = MOST_CLOSED
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
