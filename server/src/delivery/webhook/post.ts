// Sends one signed POST and reports exactly how far it got: a receipt depends on the difference between "no octet was sent" and
// "no answer came". Connections are not reused: on a kept connection that dies, the two cannot be told apart.

import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { AddressRefused, type ConnectOptions, openConnection } from './connect.ts'

export type PostOptions = ConnectOptions & {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** From the first octet to the end of the answer, ms. */
  readonly answerMs: number
}

export type Posted =
  | {
      readonly is: 'answered'
      readonly status: number
      readonly headers: IncomingMessage['headers']
      /** The first 64 KB of it; less when the connection ended in the middle. */
      readonly body: string
      readonly address: string
    }
  /** Not an octet of the request was written. `refused`: no address may be reached. */
  | { readonly is: 'not_begun'; readonly error: string; readonly refused: boolean }
  /** Written, wholly or in part; no status came back. */
  | { readonly is: 'no_answer'; readonly error: string }

/** Most octets of an answer that are read. */
export const MAX_ANSWER = 64 * 1024
/** Most interim answers (1xx): there may be any number of them before an answer, each with headers of its own. */
export const MAX_INTERIM = 10

/** Posts. Never throws; an abort of `signal` destroys the connection at once. */
export async function post(options: PostOptions): Promise<Posted> {
  const { signal } = options
  let socket: Socket
  try {
    signal.throwIfAborted()
    socket = await openConnection(options)
  } catch (error) {
    return { is: 'not_begun', error: textOf(error), refused: error instanceof AddressRefused }
  }
  if (signal.aborted) {
    socket.destroy()
    return { is: 'not_begun', error: textOf(signal.reason), refused: false }
  }
  return exchange(socket, options)
}

function exchange(socket: Socket, options: PostOptions): Promise<Posted> {
  const { url, body, signal, answerMs } = options
  const address = socket.remoteAddress ?? ''
  const { promise, resolve } = Promise.withResolvers<Posted>()
  const request = httpRequest({
    createConnection: () => socket,
    method: 'POST',
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'Standdown',
      connection: 'close',
      ...options.headers,
    },
  })
  const end = (error: Error) => request.destroy(error)
  const onAbort = () => end(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
  const timer = setTimeout(() => end(new Error(`no answer within ${answerMs} ms`)), answerMs)
  signal.addEventListener('abort', onAbort, { once: true })
  let interim = 0
  request.on('information', () => {
    interim += 1
    if (interim <= MAX_INTERIM) return
    const error = new Error(`more than ${MAX_INTERIM} interim answers`)
    // At once, because the answer may follow directly.
    resolve({ is: 'no_answer', error: error.message })
    end(error)
  })
  let answered = false
  request.on('error', error => {
    // After the status, only the body is incomplete.
    if (!answered) resolve({ is: 'no_answer', error: textOf(error) })
  })
  request.on('response', async response => {
    answered = true
    const text = await prefixOf(response)
    const { statusCode: status = 0, headers } = response
    resolve({ is: 'answered', status, headers, body: text, address })
    request.destroy()
  })
  request.end(body)
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  })
}

// The status is the answer. It is valid even if the body is incomplete or never ends.
async function prefixOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length >= MAX_ANSWER) break
    }
  } catch {
    // The part that has arrived is kept.
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER).toString('utf8')
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return textOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
