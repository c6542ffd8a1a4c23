// A client that sends bytes as they are, on one connection that is kept while it can be, and reads what comes back.

import { connect, type Socket } from 'node:net'

export type Answer = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** The server says that the connection ends, or it went on without an end and was left. */
  readonly isLast: boolean
}

export type NoAnswer = 'closed' | 'too late' | 'not HTTP'

export type Sent = {
  readonly bytes: Buffer
  readonly isHead: boolean
  readonly mostMs: number
  /** What stands behind the answer cannot be relied on. */
  readonly leave: boolean
}

export class RawClient {
  readonly #port: number
  #socket: Socket | null = null

  constructor(port: number) {
    this.#port = port
  }

  async send({ bytes, isHead, mostMs, leave }: Sent): Promise<Answer | NoAnswer> {
    const socket = this.#socket ?? connect(this.#port, '127.0.0.1').on('error', ignore)
    this.#socket = null
    const answer = await exchange(socket, { bytes, isHead, mostMs })
    if (typeof answer === 'string' || answer.isLast || leave || socket.destroyed) socket.destroy()
    else this.#socket = socket
    return answer
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }
}

function exchange(
  socket: Socket,
  { bytes, isHead, mostMs }: Pick<Sent, 'bytes' | 'isHead' | 'mostMs'>,
): Promise<Answer | NoAnswer> {
  const { promise, resolve } = Promise.withResolvers<Answer | NoAnswer>()
  let received = Buffer.alloc(0)
  const look = (ended: boolean) => {
    const read = readAnswer(received, { isHead, ended })
    if (read !== null) resolve(read)
    else if (ended) resolve('closed')
  }
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    look(false)
  }
  const onEnd = () => look(true)
  const timer = setTimeout(() => resolve('too late'), mostMs)
  socket.on('data', onData).on('close', onEnd)
  socket.write(bytes)
  return promise.finally(() => {
    clearTimeout(timer)
    socket.off('data', onData).off('close', onEnd)
  })
}

/** A connection that breaks is told by its close. */
function ignore(): void {}

function readAnswer(
  received: Buffer,
  { isHead, ended }: { readonly isHead: boolean; readonly ended: boolean },
): Answer | 'not HTTP' | null {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [first = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1] ?? 0)
  if (status === 0) return 'not HTTP'
  const rest = received.subarray(end + 4)
  // 100 Continue: the answer is still to come.
  if (status < 200) return readAnswer(rest, { isHead, ended })
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  const answer = (body: Buffer, isLast: boolean): Answer => ({ status, headers, body, isLast })
  const closes = headers.get('connection')?.toLowerCase() === 'close'
  if (isHead || status === 204 || status === 304) return answer(Buffer.alloc(0), closes)
  if (headers.get('content-type')?.startsWith('text/event-stream')) return answer(rest, true)
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    const body = unchunked(rest)
    return body === null ? null : answer(body, closes)
  }
  const length = headers.get('content-length')
  if (length === undefined) return ended ? answer(rest, true) : null
  return rest.length < Number(length) ? null : answer(rest.subarray(0, Number(length)), closes)
}

/** Null: more is to come. */
function unchunked(rest: Buffer): Buffer | null {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at)
    if (line === -1) return null
    const size = Number.parseInt(rest.toString('latin1', at, line), 16)
    if (size === 0) return rest.indexOf('\r\n', line + 2) === -1 ? null : Buffer.concat(parts)
    if (rest.length < line + 2 + size + 2) return null
    parts.push(rest.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
