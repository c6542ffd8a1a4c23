// A cheap load over HTTP: sockets that are kept, requests that are bytes already, answers read by their length. A client
// that costs as much as the server would measure itself.

import { connect, type Socket } from 'node:net'
import { type Load, load } from './load.ts'
import type { Meter } from './processes.ts'

export type HttpLoad = {
  readonly port: number
  readonly callers: number
  readonly calls: number
  readonly meter?: Meter
  request(i: number): Buffer
  /** The status of every answer; default 200. Any other ends the load. */
  readonly expect?: number
  answered?(body: string): void
}

export async function httpLoad({ expect = 200, ...o }: HttpLoad): Promise<Load> {
  const free = await Promise.all(Array.from({ length: o.callers }, () => Connection.open(o.port)))
  try {
    return await load({
      callers: o.callers,
      calls: o.calls,
      meter: o.meter,
      call: async i => {
        const connection = free.pop() as Connection
        const { status, body } = await connection.send(o.request(i))
        free.push(connection)
        if (status !== expect) throw new Error(`HTTP ${status}: ${body}`)
        o.answered?.(body)
      },
    })
  } finally {
    for (const connection of free) connection.close()
  }
}

/** The bytes of a request, with a JSON body if any. */
export function request(
  method: string,
  path: string,
  headers: { readonly [name: string]: string } = {},
  body?: unknown,
): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all = {
    ...headers,
    Host: '127.0.0.1',
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    'Content-Length': Buffer.byteLength(text),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`)
}

type Answer = { readonly status: number; readonly body: string }

class Connection {
  private readonly socket: Socket
  private got = ''
  private answered: ((answer: Answer) => void) | null = null
  private failed: ((error: Error) => void) | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.read(text))
    socket.on('error', error => this.failed?.(error))
    socket.on('close', () => this.failed?.(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.setNoDelay(true)
        resolve(new Connection(socket))
      })
      socket.once('error', reject)
    })
  }

  send(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.answered = resolve
      this.failed = reject
      this.socket.write(bytes)
    })
  }

  close(): void {
    this.failed = null
    this.socket.destroy()
  }

  private read(text: string): void {
    this.got += text
    const end = this.got.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = /content-length: (\d+)/i.exec(this.got.slice(0, end))?.[1]
    if (this.got.length < end + 4 + Number(length ?? 0)) return
    const answer = { status: Number(this.got.slice(9, 12)), body: this.got.slice(end + 4) }
    this.got = ''
    this.answered?.(answer)
  }
}
