// Calls the running server by HTTP. A problem that it answers is turned into a sentence.

import type { TokenView } from '@standdown/wire/src/credentials.ts'
import type { Problem } from '@standdown/wire/src/problem.ts'
import type { CliIo } from './cli-io.ts'
import { CommandEnd, EXIT } from './exit.ts'
import { findServer, type RunningServer } from './find-server.ts'

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: string }

export type Call = {
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** The whole Authorization header, instead of the operator's token; e.g. a raw token for Wix. */
  readonly authorization?: string
  readonly headers?: { readonly [name: string]: string }
}

export class ServerClient {
  readonly server: RunningServer

  constructor(server: RunningServer) {
    this.server = server
  }

  /** With STANDDOWN_TENANT set: a client for that tenant, if the server has several. */
  static async find(io: Pick<CliIo, 'env' | 'cwd'>): Promise<ServerClient> {
    const client = new ServerClient(await findServer(io))
    const { STANDDOWN_TENANT: tenant } = io.env
    if (tenant === undefined || tenant === '') return client
    const { token } = await client.json<TokenView>('/api/v1/tokens', { body: { operator: true, tenant } })
    return new ServerClient({ ...client.server, token })
  }

  /** Any answer, also a refusal. @throws CommandEnd when no server answers */
  async call(path: string, call: Call = {}): Promise<Answer> {
    const response = await this.#send(path, call)
    return { status: response.status, headers: response.headers, body: await response.text() }
  }

  /** The JSON of a good answer. @throws CommandEnd with the server's own sentence otherwise */
  async json<T>(path: string, call: Call = {}): Promise<T> {
    const answer = await this.call(path, call)
    if (answer.status >= 400) throw refused(answer)
    return JSON.parse(answer.body === '' ? 'null' : answer.body) as T
  }

  /** The lines of an application/x-ndjson answer, as they come. */
  async *lines<T>(path: string, call: Call): AsyncGenerator<T> {
    const headers = { ...call.headers, accept: 'application/x-ndjson' }
    const response = await this.#send(path, { ...call, headers })
    if (!response.ok)
      throw refused({ status: response.status, headers: response.headers, body: await response.text() })
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop()!
      for (const part of parts) if (part !== '') yield JSON.parse(part) as T
    }
  }

  async #send(path: string, call: Call): Promise<Response> {
    const { url, token } = this.server
    const authorization = call.authorization ?? (token === null ? undefined : `Bearer ${token}`)
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers }
    if (authorization !== undefined) headers.authorization = authorization
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    try {
      return await fetch(`${url}${path}`, {
        method: call.method ?? (call.body === undefined ? 'GET' : 'POST'),
        headers,
        redirect: 'error',
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      })
    } catch (error) {
      throw unreachable(url, error)
    }
  }
}

function unreachable(url: string, error: unknown): CommandEnd {
  const { cause } = error as { cause?: { code?: string } }
  const why = cause?.code ?? (error as Error).message
  return new CommandEnd(
    EXIT.unreachable,
    `No server answers at ${url} (${why}).
If it was stopped, start it with npm start; if it runs elsewhere, set STANDDOWN_URL and STANDDOWN_TOKEN.`,
  )
}

/** The server's own sentence about why it refused. */
export function refused(answer: Answer): CommandEnd {
  let problem: Partial<Problem> = {}
  try {
    problem = JSON.parse(answer.body) as Partial<Problem>
  } catch {
    // It is another API's error or a proxy's page. Its beginning is the most useful part.
  }
  const sentence = problem.detail ?? (answer.body === '' ? 'no reason given' : answer.body.slice(0, 300))
  const advice =
    answer.status === 401
      ? '\nThe token is not accepted: unset STANDDOWN_TOKEN, or run eval "$(./standdown env)".'
      : ''
  return new CommandEnd(EXIT.failed, `${sentence} (${problem.code ?? answer.status})${advice}`)
}
