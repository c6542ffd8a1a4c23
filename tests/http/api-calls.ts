// One request of every kind to every API, made by whom it is meant for.

import assert from 'node:assert/strict'
import type { TestServer } from '../support/server.ts'
import { confirmLink } from '../support/sign-in-link.ts'

export type ApiCall = {
  readonly name: string
  readonly shape: 'graph' | 'wix' | 'problem' | 'oauth' | 'page'
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}
export type ApiCalls = readonly ApiCall[]

export type ApiReply = { readonly status: number; readonly headers: Headers; readonly text: string }

const ENTITY = '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c'
export const MEETING = {
  subject: 'Review',
  start: { dateTime: '2031-05-06T10:00:00', timeZone: 'UTC' },
  end: { dateTime: '2031-05-06T11:00:00', timeZone: 'UTC' },
  attendees: [{ emailAddress: { address: 'bob@contoso.example' }, type: 'required' }],
}
const CALL = { channel: 'demo_softphone', cancellationToken: 'call-1' }
const OFFER = {
  channel: CALL.channel,
  templateName: 'msdyn_chat_incoming_unauthenticated',
  cancellationTokens: [CALL.cancellationToken],
}
const NATIVE = { title: 'N', effects: [{ kind: 'delay', title: 'later', afterMs: 3_600_000 }] }

/** Needs the database: it makes tokens, a browser's session, and something of each API to cancel. */
export async function apiCalls(server: TestServer): Promise<ApiCalls> {
  const [alice, dana, app] = [
    await server.personToken('alice'),
    await server.personToken('dana'),
    await server.appToken(),
  ]
  const link = await server.server.auth.sessions.makeLink(
    await server.server.auth.person('contoso', 'alice@contoso.example'),
  )
  const signedIn = await confirmLink(server.url, link)
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const { clientId, clientSecret } = await server.server.auth.credentials('contoso', 'demo-app')

  const json = { 'content-type': 'application/json' }
  const make =
    (shape: ApiCall['shape'], authorization: Readonly<Record<string, string>>) =>
    (method: string, path: string, body?: unknown): ApiCall => ({
      name: `${method} ${path.slice(0, 60)} (${shape})`,
      shape,
      method,
      path,
      headers: { ...authorization, ...(body === undefined ? {} : json) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const graph = make('graph', { authorization: `Bearer ${alice}` })
  const wix = make('wix', { authorization: app })
  const cif = make('problem', { authorization: `Bearer ${dana}` })
  const native = make('problem', { authorization: `Bearer ${alice}` })
  const oauth = make('oauth', {})
  const page = make('page', { cookie, accept: 'text/html' })

  const done = async (call: ApiCall) => {
    const { status, text } = await callOf(server, call)
    assert.ok(status < 300, `${call.name}: ${status} ${text}`)
    return JSON.parse(text)
  }
  const meeting = await done(graph('POST', '/v1.0/me/events', MEETING))
  const event = await done(native('POST', '/api/v1/events', NATIVE))
  const offer = await done(cif('POST', '/api/v1/notifications/offers', OFFER))
  const trigger = { triggerKey: 'my_trigger', externalEntityId: ENTITY }
  await done(wix('POST', '/automations/v1/events/report', trigger))
  return [
    graph('GET', '/v1.0/me/events'),
    graph('POST', '/v1.0/me/events', MEETING),
    graph('POST', `/v1.0/me/events/${meeting.id}/cancel`, { Comment: 'Off' }),
    graph('DELETE', `/v1.0/me/events/${meeting.id}`),
    graph('POST', `/docs/api/me/events/${meeting.id}/cancel`, { Comment: 'Off' }),
    wix('POST', '/automations/v1/events/report', trigger),
    wix('POST', '/automations/v1/events/bulk-report', {
      triggerKey: trigger.triggerKey,
      eventsInfo: [{ externalEntityId: ENTITY }],
    }),
    wix('POST', '/automations/v1/events/cancel', trigger),
    wix('POST', '/v1/events/bulk-cancel', { triggerKey: trigger.triggerKey, externalEntityIds: [ENTITY] }),
    cif('POST', '/api/v1/notifications/offers', { ...OFFER, cancellationTokens: ['call-2'] }),
    cif('POST', `/api/v1/notifications/offers/${offer.id}/accept`),
    cif('POST', '/api/v1/notifications/cancel', CALL),
    cif('GET', '/api/v1/notifications/screen'),
    native('POST', '/api/v1/events', NATIVE),
    native('GET', `/api/v1/events/${event.id}`),
    native('POST', `/api/v1/events/${event.id}/cancel`),
    native('POST', '/api/v1/cancellations', { eventId: event.id }),
    native('GET', '/api/v1/receipts'),
    native('GET', '/api/v1/mail'),
    oauth('POST', '/oauth2/token', {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    }),
    page('GET', '/'),
    page('GET', '/mail/1'),
  ]
}

export async function callOf(server: Pick<TestServer, 'url'>, call: ApiCall): Promise<ApiReply> {
  const response = await fetch(`${server.url}${call.path}`, {
    method: call.method,
    redirect: 'manual',
    headers: call.headers,
    ...(call.body === undefined ? {} : { body: call.body }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** "Not now, and nothing was done": 503 with Retry-After, as the clients of that API read it. */
export function assertUnavailable({ name, shape }: ApiCall, { status, headers, text }: ApiReply): void {
  assert.equal(status, 503, `${name}: ${text}`)
  assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/, name)
  const type = headers.get('content-type') ?? ''
  assert.match(type, TYPES[shape], name)
  if (shape === 'page') return
  const body = JSON.parse(text)
  if (shape === 'graph') {
    assert.equal(body.error.code, 'ServiceUnavailable', name)
    assert.equal(body.error.innerError['request-id'], headers.get('request-id'), name)
  } else if (shape === 'wix') assert.deepEqual(body, { message: '', details: {} }, name)
  else if (shape === 'problem') assert.deepEqual([body.status, body.code], [503, 'UNAVAILABLE'], name)
  else assert.equal(body.error, 'temporarily_unavailable', name)
}

const TYPES: { readonly [shape in ApiCall['shape']]: RegExp } = {
  graph: /^application\/json/,
  wix: /^application\/json/,
  oauth: /^application\/json/,
  problem: /^application\/problem\+json/,
  page: /^text\/html/,
}
