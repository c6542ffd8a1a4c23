// A cheap load over HTTP: sockets that are kept, requests that are bytes already, answers read by their length. A client
// that costs as much as the server would measure itself.

import { connect, type Socket } from 'node:net'
import { type Load, load } from './load.ts'

export type HttpLoad = {
  readonly port: number
  readonly callers: number
  readonly calls: number
  request(i: number): Buffer
}

/** Fails on any answer but 200. */
export async function httpLoad({ port, callers, calls, request }: HttpLoad): Promise<Load> {
  const free: Connection[] = await Promise.all(Array.from({ length: callers }, () => Connection.open(port)))
  try {
    return await load(callers, calls, async i => {
      const connection = free.pop() as Connection
      const status = await connection.send(request(i))
      free.push(connection)
      if (status !== 200) throw new Error(`HTTP ${status}`)
    })
  } finally {
    for (const connection of free) connection.close()
  }
}

/** The bytes of a POST with a JSON body. */
export function post(path: string, headers: { readonly [name: string]: string }, body: unknown): Buffer {
  const text = JSON.stringify(body)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${lines.join('')}\r\n${text}`,
  )
}

class Connection {
  private readonly socket: Socket
  private got = ''
  private answered: ((status: number) => void) | null = null
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

  send(bytes: Buffer): Promise<number> {
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
    const status = Number(this.got.slice(9, 12))
    this.got = ''
    this.answered?.(status)
  }
}
