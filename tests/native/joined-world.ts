// A whole server with the demo's tenant, and calls of all four APIs by whoever is named.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { EventView } from '../../wire/src/event.ts'
import type { ReceiptView } from '../../wire/src/receipt.ts'
import { type TestServer, testServer } from '../support/server.ts'

export const CHANNEL = 'demo_softphone'
export const TEMPLATE = 'msdyn_chat_incoming_unauthenticated'
export const DAY = 86_400_000
export const OFFERS = '/api/v1/notifications/offers'
export const REPORT = '/automations/v1/events/report'

export type Said = {
  readonly status: number
  readonly headers: Headers
  readonly json: ReturnType<typeof JSON.parse>
}

export type Call = {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type World = AsyncDisposable & {
  readonly server: TestServer
  /** `who`: alice (admin), bob, carol, dana (agent), app. */
  call(who: string, method: string, path: string, call?: Call): Promise<Said>
  /** Ids of one event of each API: as its API spells it. */
  native(who: string, more?: object): Promise<string>
  meeting(who: string, call?: Call): Promise<Said>
  report(entity: string, call?: Call): Promise<Said>
  offer(more?: object): Promise<Said>
  event(id: string): Promise<EventView>
  cancel(id: string, who?: string): Promise<ReceiptView>
}

/** As {@link testServer}. */
export async function joinedWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const server = await testServer(env)
  const tokens = new Map<string, Promise<string>>()
  const tokenOf = (who: string) => {
    const made = tokens.get(who) ?? (who === 'app' ? server.appToken() : server.personToken(who))
    tokens.set(who, made)
    return made
  }
  const call: World['call'] = async (who, method, path, { body, headers = {} } = {}) => {
    const token = await tokenOf(who)
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: path.startsWith('/automations') ? token : `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.status < 500, `${method} ${path}: ${response.status} ${text}`)
    return { status: response.status, headers: response.headers, json: text === '' ? null : JSON.parse(text) }
  }
  return {
    server,
    call,
    async native(who, more = {}) {
      const said = await call(who, 'POST', '/api/v1/events', { body: { title: 'Visit', ...more } })
      assert.equal(said.status, 201, JSON.stringify(said.json))
      return said.json.id
    },
    meeting: (who, { headers, body } = {}) =>
      call(who, 'POST', who === 'app' ? '/v1.0/users/bob@contoso.example/events' : '/v1.0/me/events', {
        headers,
        body: {
          subject: 'Review',
          start: { dateTime: '2031-03-03T09:00:00', timeZone: 'UTC' },
          end: { dateTime: '2031-03-03T10:00:00', timeZone: 'UTC' },
          attendees: [{ emailAddress: { address: 'carol@contoso.example' } }],
          ...(body as object | undefined),
        },
      }),
    report: (externalEntityId, { headers, body } = {}) =>
      call('app', 'POST', REPORT, {
        headers,
        body: { triggerKey: 'my_trigger', externalEntityId, ...(body as object | undefined) },
      }),
    offer: (more = {}) =>
      call('dana', 'POST', OFFERS, {
        body: {
          channel: CHANNEL,
          templateName: TEMPLATE,
          templateParameters: { customerName: 'Erin' },
          cancellationTokens: [randomUUID()],
          ...more,
        },
      }),
    async event(id) {
      const said = await call('alice', 'GET', `/api/v1/events/${id}`)
      assert.equal(said.status, 200, JSON.stringify(said.json))
      return said.json
    },
    async cancel(id, who = 'alice') {
      const said = await call(who, 'POST', `/api/v1/events/${id}/cancel`)
      assert.equal(said.status, 201, JSON.stringify(said.json))
      return (await call(who, 'GET', `${said.json.receipt}?wait=30`)).json
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
