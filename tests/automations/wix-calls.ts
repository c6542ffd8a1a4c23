// The four calls as a client sends them to a whole server.

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Record<string, unknown>
}

export type Send = {
  /** Authorization as it is; null: none. Default: the demo app's token. */
  readonly token?: string | null
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly path?: string
}

export type WixServer = {
  readonly server: TestServer
  readonly origin: string
  readonly token: string
  call(method: string, send?: Send): Promise<Answer>
}

/** One server for the tests of a file, which it outlives no longer than they run. */
export function wixServer(): WixServer {
  let server: TestServer
  let token: string
  before(async () => {
    server = await testServer()
    token = await server.appToken()
  })
  after(() => server[Symbol.asyncDispose]())
  const wix: WixServer = {
    get server() {
      return server
    },
    get origin() {
      return server.server.http.publicUrl()
    },
    get token() {
      return token
    },
    async call(method, { token: own = token, headers, body, path = '/automations/v1/events' } = {}) {
      const response = await fetch(`${wix.origin}${path}/${method}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json;charset=UTF-8',
          ...(own === null ? {} : { authorization: own }),
          ...headers,
        },
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body ?? {}),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
    },
  }
  return wix
}

type Violation = { field: string; violatedRule: string; data?: unknown; description: string }

/** `[field, rule, data]` of each violation of a 400. */
export function violations(answer: Answer): [string, string, unknown][] {
  assert.equal(answer.status, 400, answer.text)
  const { details } = answer.json as { details: { validationError: { fieldViolations: Violation[] } } }
  return details.validationError.fieldViolations.map(v => [v.field, v.violatedRule, v.data])
}

export function applicationError({ json }: Answer) {
  const { details } = json as {
    details: { applicationError: { code: string; description: string; data: unknown } }
  }
  return details.applicationError
}
