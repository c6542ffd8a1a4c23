// Receipts are found by the names that callers of the other APIs know, on a whole server, and shown to nobody else.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'

const CHANNEL = 'demo_softphone'

let server: TestServer
let alice: string
let bob: string
let dana: string
let app: string

before(async () => {
  server = await testServer()
  ;[alice, bob, dana] = (await Promise.all(
    ['alice', 'bob', 'dana'].map(name => server.personToken(name)),
  )) as [string, string, string]
  app = await server.appToken()
})
after(() => server?.[Symbol.asyncDispose]())

async function call(token: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(`${server.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  assert.ok(response.status < 500, `${path}: ${response.status}`)
  return response
}

async function found(token: string, query: string): Promise<string[]> {
  const response = await call(token, `/api/v1/receipts?${query}`)
  const { value } = (await response.json()) as { value: { link: string }[] }
  return value.map(receipt => receipt.link)
}

function receiptOf(response: Response): string {
  const link = response.headers.get('standdown-receipt')
  assert.ok(link, `a cancel names its receipt (${response.status})`)
  return link
}

test('a triggered event’s cancel is found by its trigger and entity, by the app and an operator only', async () => {
  const externalEntityId = randomUUID()
  const pair = { triggerKey: 'invoice_due', externalEntityId }
  await call(app, '/automations/v1/events/report', { ...pair, payload: { number: '1', amount: '2' } })
  const link = receiptOf(await call(app, '/automations/v1/events/cancel', pair))
  const query = new URLSearchParams(pair).toString()
  assert.deepEqual(await found(app, query), [link])
  assert.deepEqual(await found(alice, query), [link])
  assert.deepEqual(await found(bob, query), [])
  assert.deepEqual(await found(app, query.replace('invoice_due', 'my_trigger')), [])
  assert.equal((await call(bob, link)).status, 404)
  const receipt = (await (await call(app, `${link}?wait=30`)).json()) as {
    target: { key: string }
    state: string
  }
  assert.equal(receipt.target.key, 'invoice_due', 'the name that the app gave')
  assert.equal(receipt.state, 'final')
})

test('a meeting’s cancel is found by the id that Graph gave, before and after it moved', async () => {
  const made = await call(bob, '/v1.0/me/events', {
    subject: 'Standup',
    start: { dateTime: '2031-03-03T09:00:00', timeZone: 'UTC' },
    end: { dateTime: '2031-03-03T09:15:00', timeZone: 'UTC' },
    attendees: [{ emailAddress: { address: 'carol@contoso.example' } }],
  })
  const { id } = (await made.json()) as { id: string }
  const link = receiptOf(await call(bob, `/v1.0/me/events/${id}/cancel`, { comment: 'x' }))
  const query = `eventId=${encodeURIComponent(id)}`
  assert.deepEqual(await found(bob, query), [link], 'the credentials that cancelled')
  assert.deepEqual(await found(alice, query), [link], 'an operator')
  assert.deepEqual(await found(dana, query), [])
  assert.deepEqual(await found(alice, 'eventId=AAMkNotAnId'), [])
})

test('a notification’s cancel is found by its token and by its correlation id, by the agent and an operator only', async () => {
  const cancellationToken = `chat-${randomUUID()}`
  const correlationId = 'not a GUID'
  const raised = await call(dana, '/api/v1/notifications/offers', {
    channel: CHANNEL,
    templateName: 'msdyn_chat_incoming_unauthenticated',
    cancellationTokens: [cancellationToken],
    correlationId,
  })
  assert.equal(raised.status, 201)
  const link = receiptOf(
    await call(dana, '/api/v1/notifications/cancel', { channel: CHANNEL, cancellationToken, correlationId }),
  )
  for (const query of [
    `cancellationToken=${cancellationToken}`,
    `correlationId=${encodeURIComponent(correlationId)}`,
  ]) {
    assert.deepEqual(await found(dana, query), [link], query)
    assert.deepEqual(await found(alice, query), [link], query)
    assert.deepEqual(await found(bob, query), [], query)
  }
})
