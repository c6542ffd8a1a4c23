// The REST side, over HTTP with a bearer token: shapes, refusals, tenants and agents apart, and the stream.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { OfferView, ScreenView } from '../../wire/src/agent-screen.ts'
import { type TestServer, testServer } from '../support/server.ts'

const TEMPLATE = 'msdyn_chat_incoming_unauthenticated'
const CHANNEL = 'demo_softphone'

let server: TestServer
let dana: string

before(async () => {
  server = await testServer()
  dana = await server.personToken('dana')
})
after(() => server?.[Symbol.asyncDispose]())

type Answer<T> = { readonly status: number; readonly body: T; readonly headers: Headers }

async function call<T = { readonly code: string }>(
  method: string,
  path: string,
  options: { readonly body?: unknown; readonly raw?: string; readonly token?: string | null } = {},
): Promise<Answer<T>> {
  const token = options.token === undefined ? dana : options.token
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  const response = await fetch(`${server.url}/api/v1/notifications${path}`, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  })
  return { status: response.status, body: (await response.json()) as T, headers: response.headers }
}

const raise = (body: object = {}) =>
  call<OfferView>('POST', '/offers', { body: { channel: CHANNEL, templateName: TEMPLATE, ...body } })

/** Events of the stream, one after another. */
async function* screens(
  signal: AbortSignal,
  lastEventId?: string,
): AsyncGenerator<ScreenView & { id: string }> {
  const response = await fetch(`${server.url}/api/v1/notifications/screen/events`, {
    headers: { authorization: `Bearer ${dana}`, ...(lastEventId && { 'last-event-id': lastEventId }) },
    signal,
  })
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (text + chunk).split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const data = /^data: (.*)$/m.exec(part)?.[1]
      if (data) yield { ...JSON.parse(data), id: /^id: (.*)$/m.exec(part)?.[1] ?? '' }
    }
  }
}

test('raise, see it on the stream, accept, cancel too late, read the receipt', async () => {
  const leave = new AbortController()
  const stream = screens(leave.signal)
  const raised = await raise({ cancellationTokens: ['over-http'], correlationId: 'trace me' })
  assert.equal(raised.status, 201)
  assert.equal(raised.body.correlationId, 'trace me')
  const joined = await raise({ cancellationTokens: ['over-http'] })
  assert.equal(joined.status, 200)
  assert.equal(joined.body.id, raised.body.id)

  let last = ''
  for await (const screen of stream) {
    last = screen.id
    if (screen.displayed?.id === raised.body.id) {
      assert.match(screen.card ?? '', /<h2 id="offer-title">/)
      break
    }
  }
  const accepted = await call<OfferView>('POST', `/offers/${raised.body.id}/accept`)
  assert.deepEqual(accepted.body.result, { actionName: 'Accept', responseReason: 'Accept' })
  for await (const screen of screens(leave.signal, last)) {
    assert.equal(screen.displayed, null, 'who comes back with the last id is told only what is new')
    assert.equal(screen.ended[0]?.id, raised.body.id)
    break
  }
  leave.abort()

  const gone = await call('POST', `/offers/${raised.body.id}/reject`)
  assert.equal(gone.status, 410)
  assert.equal(gone.body.code, 'OFFER_GONE')

  const cancelled = await call<{ cancellationToken: string; receiptId: string }>('POST', '/cancel', {
    body: { channel: CHANNEL, cancellationToken: 'over-http' },
  })
  assert.equal(cancelled.body.cancellationToken, 'over-http')
  assert.equal(cancelled.headers.get('standdown-receipt'), `/api/v1/receipts/${cancelled.body.receiptId}`)
  const query = new URLSearchParams({ channel: CHANNEL, cancellationToken: 'over-http' })
  const receipts = await call<{ value: { id: string; by: { name: string } }[] }>('GET', `/receipts?${query}`)
  // Who hung up is the page that is framed, and not the agent.
  assert.deepEqual(
    receipts.body.value.map(receipt => [receipt.id, receipt.by.name]),
    [[cancelled.body.receiptId, "Demo soft-phone, at Dana Dufour's desktop"]],
  )
})

test('refused: nobody, no agent, too narrow a token, an app', async () => {
  const body = { channel: CHANNEL, templateName: TEMPLATE }
  assert.equal((await call('POST', '/offers', { body, token: null })).status, 401)
  assert.equal((await call('POST', '/offers', { body, token: 'nonsense' })).status, 401)
  const bob = await call('POST', '/offers', { body, token: await server.personToken('bob') })
  assert.deepEqual([bob.status, bob.body.code], [403, 'AGENT_ONLY'])
  const narrow = await call('GET', '/screen', { token: await server.personToken('dana', ['Calendars.Read']) })
  assert.deepEqual([narrow.status, narrow.body.code], [403, 'SCOPE_MISSING'])
  assert.equal((await call('GET', '/screen', { token: await server.appToken() })).status, 403)
})

test('refused: requests that cannot be, in one shape, with nothing half done', async () => {
  const refusals: readonly [string, { body?: unknown; raw?: string }, number][] = [
    ['/offers', { raw: '{' }, 400],
    ['/offers', { body: {} }, 400],
    ['/offers', { body: [] }, 400],
    ['/offers', { body: { channel: CHANNEL, templateName: 7 } }, 400],
    ['/offers', { body: { channel: CHANNEL, templateName: TEMPLATE, more: 1 } }, 400],
    ['/offers', { body: { channel: CHANNEL, templateName: 'x'.repeat(129) } }, 400],
    [
      '/offers',
      { body: { channel: CHANNEL, templateName: TEMPLATE, cancellationTokens: ['a', 'b', 'c'] } },
      400,
    ],
    [
      '/offers',
      { body: { channel: CHANNEL, templateName: TEMPLATE, cancellationTokens: ['x'.repeat(501)] } },
      400,
    ],
    ['/offers', { body: { channel: CHANNEL, templateName: TEMPLATE, cancellationTokens: ['a\u0000'] } }, 400],
    [
      '/offers',
      { body: { channel: CHANNEL, templateName: TEMPLATE, templateParameters: { a: '\ud800' } } },
      400,
    ],
    ['/offers', { raw: `{"channel":${'['.repeat(10_000)}${']'.repeat(10_000)}}` }, 400],
    ['/offers', { raw: `{"channel":"${'x'.repeat(2_000_000)}"}` }, 413],
    ['/offers', { body: { channel: 'other', templateName: TEMPLATE } }, 404],
    ['/offers', { body: { channel: CHANNEL, templateName: 'contoso_none' } }, 404],
    ['/cancel', { body: { channel: CHANNEL } }, 400],
    ['/cancel', { body: { channel: CHANNEL, cancellationToken: '' } }, 400],
    ['/cancel', { body: { channel: 'other', cancellationToken: 'a' } }, 404],
    ['/offers/no-guid/accept', {}, 404],
    ['/offers/01234567-89ab-8def-8123-456789abcdef/accept', {}, 404],
  ]
  for (const [path, request, status] of refusals) {
    const answer = await call('POST', path, request)
    assert.equal(answer.status, status, `${path} ${JSON.stringify(request).slice(0, 120)}`)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.equal(typeof answer.body.code, 'string')
  }
  assert.deepEqual((await call<ScreenView>('GET', '/screen')).body.openIds, [])
})

test('an open stream does not hold up the stop of the server', async () => {
  await using other = await testServer()
  const token = await other.personToken('dana')
  const response = await fetch(`${other.url}/api/v1/notifications/screen/events`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const stopped = other.stop()
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk
  assert.match(text, /^retry: /, 'it ended of itself, not by a broken connection')
  await stopped
})
