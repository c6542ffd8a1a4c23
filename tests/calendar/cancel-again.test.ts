// The same request again: with a client-request-id the same receipt (I5), without one what Exchange says (404).

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { ALICE, BOB, PROJECT_X } from './calendar-server.ts'
import { calendarForFile, errorOf, idOf, meetingBody } from './meetings.ts'

const { server, meetings } = await calendarForFile()

test('the same client-request-id gets 202 and the same receipt again, and nothing is sent twice', async () => {
  const { id, subject } = await meetings.make()
  const headers = { 'client-request-id': randomUUID() }
  const call = `POST /v1.0/me/events/${id}/cancel`
  const first = await server.as(ALICE)(call, { body: { Comment: 'Bye' }, headers })
  await server.mailed(`Canceled: ${subject}`, 1)
  for (let i = 0; i < 3; i++) {
    const again = await server.as(ALICE)(call, { body: { Comment: 'Bye' }, headers })
    assert.equal(again.status, 202, again.text)
    assert.equal(again.headers.get('standdown-receipt'), first.headers.get('standdown-receipt'))
    assert.equal(again.headers.get('client-request-id'), headers['client-request-id'])
  }
  const receipts = await server.engine.findReceipts('contoso', {
    correlationId: headers['client-request-id'],
  })
  assert.equal(receipts.length, 1)
  // A mail that was sent twice would stand in line before this one.
  const next = await meetings.make()
  await server.mailed(next.subject, 1)
  assert.equal(server.mails.all.filter(mail => mail.subject === `Canceled: ${subject}`).length, 1)
})

test('sixteen at once with one client-request-id: one cancellation', async () => {
  const { id } = await meetings.make()
  const headers = { 'client-request-id': randomUUID() }
  const replies = await Promise.all(
    Array.from({ length: 16 }, () => server.as(ALICE)(`POST /v1.0/me/events/${id}/cancel`, { headers })),
  )
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [202])
  assert.equal(new Set(replies.map(reply => reply.headers.get('standdown-receipt'))).size, 1)
})

test('sixteen at once without a client-request-id: one cancellation, which everybody is told of', async () => {
  const { id, subject } = await meetings.make()
  const replies = await Promise.all(
    Array.from({ length: 16 }, () => server.as(ALICE)(`POST /v1.0/me/events/${id}/cancel`)),
  )
  // Whoever comes after the first one's commit finds the event gone.
  for (const { status } of replies) assert.ok(status === 202 || status === 404)
  assert.equal(new Set(replies.map(reply => reply.headers.get('standdown-receipt'))).size, 1)
  await server.mailed(`Canceled: ${subject}`, 1)
})

test('without a client-request-id, or with another one, the event is gone: 404, naming the receipt', async () => {
  const { id } = await meetings.make()
  const call = `POST /v1.0/me/events/${id}/cancel`
  const first = await server.as(ALICE)(call, { headers: { 'client-request-id': randomUUID() } })
  for (const headers of [undefined, { 'client-request-id': randomUUID() }]) {
    const again = await server.as(ALICE)(call, headers ? { headers } : {})
    assert.equal(again.status, 404)
    assert.equal(errorOf(again.json).code, 'ErrorItemNotFound')
    assert.equal(errorOf(again.json).message, 'The specified object was not found in the store.')
    assert.equal(again.headers.get('standdown-receipt'), first.headers.get('standdown-receipt'))
  }
})

test('a client-request-id counts per meeting and per verb: some clients send one with everything', async () => {
  const one = await meetings.make()
  const two = await meetings.make()
  const headers = { 'client-request-id': randomUUID() }
  const alice = server.as(ALICE)
  const first = await alice(`POST /v1.0/me/events/${one.id}/cancel`, { headers })
  const second = await alice(`POST /v1.0/me/events/${two.id}/cancel`, { headers })
  assert.deepEqual([first.status, second.status], [202, 202])
  assert.notEqual(first.headers.get('standdown-receipt'), second.headers.get('standdown-receipt'))
  assert.equal((await alice(`DELETE /v1.0/me/events/${one.id}`, { headers })).status, 404)
})

test('a repeated delete answers likewise', async () => {
  const { id } = await meetings.make()
  const headers = { 'client-request-id': randomUUID() }
  const alice = server.as(ALICE)
  const first = await alice(`DELETE /v1.0/me/events/${id}`, { headers })
  const again = await alice(`DELETE /v1.0/me/events/${id}`, { headers })
  assert.deepEqual([first.status, again.status], [204, 204])
  assert.equal(again.headers.get('standdown-receipt'), first.headers.get('standdown-receipt'))
  assert.equal((await alice(`DELETE /v1.0/me/events/${id}`)).status, 404)
})

test("another caller's client-request-id is another request", async () => {
  const made = await server.as(ALICE)(`POST /v1.0/groups/${PROJECT_X}/events`, {
    body: meetingBody({ attendees: [] }),
  })
  const call = `POST /v1.0/groups/${PROJECT_X}/events/${idOf(made.json)}/cancel`
  const headers = { 'client-request-id': randomUUID() }
  assert.equal((await server.as(ALICE)(call, { headers })).status, 202)
  assert.equal((await server.as(BOB)(call, { headers })).status, 404)
  assert.equal((await server.as(ALICE)(call, { headers })).status, 202)
})

test('the message form is repeatable too', async () => {
  const { subject } = await meetings.make()
  const alice = server.as(ALICE)
  const sent = await alice('GET /v1.0/me/mailFolders/sentitems/messages?$top=1')
  const [message] = sent.json.value as readonly { id: string; subject: string }[]
  assert.equal(message?.subject, subject)
  const headers = { 'client-request-id': randomUUID() }
  const call = `POST /v1.0/me/messages/${message?.id}/event/cancel`
  const first = await alice(call, { headers })
  const again = await alice(call, { headers })
  assert.deepEqual([first.status, again.status], [204, 204])
  assert.equal(again.headers.get('standdown-receipt'), first.headers.get('standdown-receipt'))
  assert.equal((await alice(call)).status, 404)
})
