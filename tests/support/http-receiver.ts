// A real HTTP server that records what reaches it and answers as the test says. Ports are the system's choice.
//
//   await using receiver = await httpReceiver()
//   receiver.answer = request => ({ status: 503, headers: { 'retry-after': '7' } })
//   const [first] = await receiver.arrived(1)

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Arrivals } from './arrivals.ts'

export type ReceivedRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** As sent, for checking signatures. */
  readonly body: string
  /** The body as JSON; null when it is none. */
  readonly json: unknown
  /** Resolves when the caller's connection is gone. */
  readonly gone: Promise<void>
}

export type HttpAnswer =
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string | Buffer
      /** Called with the open response instead of ending it: to answer slowly, or piece by piece. */
      readonly slowly?: (response: ServerResponse) => void
    }
  /** Never answers. */
  | 'hang'
  /** Closes the connection without an answer. */
  | 'close'
  /** Promises a body of 100 octets, sends 10, and closes. */
  | 'close-in-body'

export type HttpReceiver = AsyncDisposable & {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly requests: readonly ReceivedRequest[]
  /** What to answer; may be set anew at any time. Default: 200 `{}`. */
  answer: (request: ReceivedRequest) => HttpAnswer | Promise<HttpAnswer>
  /** Connections accepted so far. */
  readonly connections: number
  /** Resolves with the first `count` requests as soon as that many arrived whole. */
  arrived(count: number): Promise<readonly ReceivedRequest[]>
  /** Resolves when the `count`-th connection was accepted. */
  connected(count: number): Promise<readonly Socket[]>
  close(): Promise<void>
}

export type HttpReceiverOptions = {
  /** Certificate and key, PEM: makes it HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Default 127.0.0.1. */
  readonly host?: string
}

/** Starts one. Disposing it drops every connection, hanging ones too. */
export async function httpReceiver(options: HttpReceiverOptions = {}): Promise<HttpReceiver> {
  const requests = new Arrivals<ReceivedRequest>()
  const sockets = new Arrivals<Socket>()
  const server = options.tls ? createTlsServer(options.tls) : createServer()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    request.socket.once('close', () => resolve())
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const { method = '', url: path = '', headers } = request
      const received = { method, path, headers, body, json: parsed(body), gone }
      requests.add(received)
      send(await receiver.answer(received), response)
    })
  })
  await new Promise<void>(resolve => server.listen(0, options.host ?? '127.0.0.1', resolve))
  const { port, address, family } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  const close = async () => {
    const ended = new Promise<void>(resolve => server.close(() => resolve()))
    for (const socket of sockets.all) socket.destroy()
    server.closeAllConnections()
    await ended
  }
  const receiver: HttpReceiver = {
    url: `http${options.tls ? 's' : ''}://${host}:${port}`,
    host,
    port,
    requests: requests.all,
    answer: () => ({}),
    get connections() {
      return sockets.all.length
    },
    arrived: count => requests.arrived(count),
    connected: count => sockets.arrived(count),
    close,
    [Symbol.asyncDispose]: close,
  }
  return receiver
}

function send(answer: HttpAnswer, response: ServerResponse): void {
  if (answer === 'hang') return
  if (answer === 'close') {
    response.socket?.destroy()
    return
  }
  if (answer === 'close-in-body') {
    response.writeHead(200, { 'content-length': '100' })
    response.write('x'.repeat(10), () => response.socket?.destroy())
    return
  }
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
  if (answer.slowly) answer.slowly(response)
  else response.end(answer.body ?? '{}')
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
