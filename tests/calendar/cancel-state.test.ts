// What a cancel leaves behind on both sides, and what it does not: nobody is told of what never reached them.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { StartedEffect } from '../../server/src/core/effects/effect.ts'
import { shardOfId } from '../../server/src/core/ids.ts'
import { ALICE, BOB, type CalendarServer, calendarServer, type Json, TENANT } from './calendar-server.ts'
import { find, idOf, Meetings, meetingBody, values } from './meetings.ts'

test("the organizer's event moves to Deleted Items with another id; the attendee's copy stays, marked", async () => {
  await using server = await calendarServer()
  const alice = server.as(ALICE)
  const bob = server.as(BOB)
  const { id, subject } = await new Meetings(server).make()
  const copy = await find(server, { who: BOB, path: '/v1.0/me/events', subject })
  assert.equal(copy.isCancelled, false)
  assert.equal(copy.isOrganizer, false)
  assert.equal(copy.showAs, 'tentative')
  assert.deepEqual(copy.responseStatus, { response: 'notResponded', time: '0001-01-01T00:00:00Z' })
  const request = await find(server, { who: BOB, path: '/v1.0/me/mailFolders/inbox/messages', subject })
  assert.equal(request['@odata.type'], '#microsoft.graph.eventMessageRequest')
  assert.equal(request.meetingMessageType, 'meetingRequest')

  assert.equal((await alice(`POST /v1.0/me/events/${id}/cancel`, { body: { comment: 'No' } })).status, 202)
  assert.equal((await alice(`GET /v1.0/me/events/${id}`)).status, 404)
  assert.deepEqual(values((await alice('GET /v1.0/me/events')).json), [])
  const [deleted, ...others] = values((await alice('GET /v1.0/me/mailFolders/deleteditems/messages')).json)
  assert.equal(others.length, 0)
  assert.notEqual(deleted?.id, id)
  assert.equal(deleted?.isCancelled, true)
  assert.equal(deleted?.iCalUId, copy.iCalUId)
  assert.equal((await alice(`GET /v1.0/me/events/${deleted?.id}`)).json.isCancelled, true)
  assert.equal((await alice(`GET /v1.0/me/calendar/events/${deleted?.id}`)).status, 404)
  assert.equal((await alice(`POST /v1.0/me/events/${deleted?.id}/cancel`)).status, 404)
  assert.equal((await alice('GET /v1.0/me/mailFolders/deleteditems')).json.totalItemCount, 1)

  await server.ran('calendar.deliver-cancel', 1)
  const marked = (await bob(`GET /v1.0/me/events/${idOf(copy)}`)).json
  assert.equal(marked.isCancelled, true)
  assert.equal(marked.subject, `Canceled: ${subject}`)
  assert.equal(marked.showAs, 'free')
  assert.notEqual(marked.changeKey, copy.changeKey)
  const path = '/v1.0/me/mailFolders/inbox/messages'
  const told = await find(server, { who: BOB, path, subject: `Canceled: ${subject}` })
  assert.equal(told.meetingMessageType, 'meetingCancelled')
  const event = await bob(`GET /v1.0/me/messages/${idOf(told)}/event`)
  assert.equal(event.json.id, marked.id)
  const sent = values((await alice('GET /v1.0/me/mailFolders/sentitems/messages')).json)
  assert.deepEqual(
    sent.map(message => message.meetingMessageType),
    ['meetingCancelled', 'meetingRequest'],
  )
})

test('an invitation that was prevented: nobody is sent a cancellation', async () => {
  await using server = await calendarServer({ idle: true })
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody() })
  const cancelled = await alice(`POST /v1.0/me/events/${idOf(made.json)}/cancel`)
  const receipt = await receiptOf(server, cancelled.headers)
  assert.equal(receipt.counts.prevented, 2)
  assert.deepEqual(receipt.notices, [])
  const sent = values((await alice('GET /v1.0/me/mailFolders/sentitems/messages')).json)
  assert.deepEqual(
    sent.map(message => message.meetingMessageType),
    ['meetingRequest'],
  )
})

test('an appointment without attendees is cancelled in silence', async () => {
  await using server = await calendarServer()
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody({ attendees: [] }) })
  const cancelled = await alice(`POST /v1.0/me/events/${idOf(made.json)}/cancel`, { body: { comment: 'x' } })
  assert.equal(cancelled.status, 202)
  const receipt = await receiptOf(server, cancelled.headers)
  assert.deepEqual([receipt.counts.total, receipt.notices], [0, []])
  assert.deepEqual(values((await alice('GET /v1.0/me/messages')).json), [])
})

test('a delivery that comes after the cancel leaves no copy', async () => {
  await using server = await calendarServer({ idle: true })
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody() })
  const effect = await delivery(server)
  await alice(`POST /v1.0/me/events/${idOf(made.json)}/cancel`)
  // As if it had been started before the cancel's commit, and had reached the mailbox after it.
  const verdict = await server.calendar.carriers[0]?.run(effect, new AbortController().signal)
  assert.equal(verdict?.is, 'stopped')
  assert.deepEqual(values((await server.as(BOB)('GET /v1.0/me/events')).json), [])
  assert.deepEqual(values((await server.as(BOB)('GET /v1.0/me/messages')).json), [])
})

test('a delivery that commits while the cancel waits is called off by a notice', async () => {
  await using server = await calendarServer({ idle: true })
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody() })
  const effect = await delivery(server)
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const { promise: delivered, resolve: isDelivered } = Promise.withResolvers<void>()
  // The delivery's own transaction, held open at its end.
  const transaction = server.db.transaction.bind(server.db)
  server.db.transaction = async (name, work) =>
    await transaction(name, async tx => {
      const value = await work(tx)
      if (name !== 'calendar.deliver') return value
      isDelivered()
      await mayCommit
      return value
    })
  const verdict = server.calendar.carriers[0]?.run(effect, new AbortController().signal)
  await delivered
  const cancelling = alice(`POST /v1.0/me/events/${idOf(made.json)}/cancel`)
  try {
    await blocked(server, cancelling)
  } finally {
    commit()
  }
  assert.equal((await verdict)?.is, 'done')
  const receipt = await receiptOf(server, (await cancelling).headers)
  assert.deepEqual(
    receipt.notices.map(notice => notice.kind),
    ['calendar.deliver-cancel'],
  )
})

test('a delivery and a cancellation that are repeated after a crash happen once', async () => {
  await using server = await calendarServer({ idle: true })
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody() })
  const effect = await delivery(server)
  const { signal } = new AbortController()
  for (let i = 0; i < 2; i++)
    assert.equal((await server.calendar.carriers[0]?.run(effect, signal))?.is, 'done')
  await alice(`POST /v1.0/me/events/${idOf(made.json)}/cancel`)
  const notice = await effectOfKind(server, 'calendar.deliver-cancel')
  for (let i = 0; i < 2; i++)
    assert.equal((await server.calendar.carriers[1]?.run(notice, signal))?.is, 'done')
  const bob = server.as(BOB)
  assert.equal(values((await bob('GET /v1.0/me/events')).json).length, 1)
  const kinds = values((await bob('GET /v1.0/me/messages')).json).map(message => message.meetingMessageType)
  assert.deepEqual(kinds, ['meetingCancelled', 'meetingRequest'])
})

test('delete by an attendee removes the own copy only; by the organizer it cancels without a comment', async () => {
  await using server = await calendarServer()
  const alice = server.as(ALICE)
  const bob = server.as(BOB)
  const { id, subject } = await new Meetings(server).make()
  const copy = idOf(await find(server, { who: BOB, path: '/v1.0/me/events', subject }))
  const removed = await bob(`DELETE /v1.0/me/events/${copy}`)
  assert.deepEqual([removed.status, removed.text, removed.headers.get('standdown-receipt')], [204, '', null])
  assert.equal((await bob(`DELETE /v1.0/me/events/${copy}`)).status, 404)
  assert.equal((await bob(`POST /v1.0/me/events/${copy}/cancel`)).status, 404)
  assert.equal((await alice(`GET /v1.0/me/events/${id}`)).json.isCancelled, false)

  const deleted = await alice(`DELETE /v1.0/me/events/${id}`)
  assert.equal(deleted.status, 204)
  assert.match(deleted.headers.get('standdown-receipt') ?? '', /^\/api\/v1\/receipts\//)
  const mails = await server.mailed(`Canceled: ${subject}`, 1)
  assert.doesNotMatch(mails[0]?.raw.toString() ?? '', /COMMENT/)
  await server.ran('calendar.deliver-cancel', 1)
  assert.deepEqual(values((await bob('GET /v1.0/me/events')).json), [])
  assert.equal((await alice(`DELETE /v1.0/me/events/${id}`)).status, 404)
})

test("delete with an If-Match that is not the event's changes nothing: 412", async () => {
  await using server = await calendarServer()
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody({ attendees: [] }) })
  const call = `DELETE /v1.0/me/events/${idOf(made.json)}`
  assert.equal((await alice(call, { headers: { 'if-match': 'W/"other"' } })).status, 412)
  assert.equal((await alice(call, { headers: { 'if-match': String(made.json['@odata.etag']) } })).status, 204)
})

test('a meeting that is cancelled from elsewhere is called off in the mailboxes too', async () => {
  await using server = await calendarServer()
  const { engine, db } = server
  const by = { principal: 'user:x', api: 'native', name: 'somebody' } as const
  const direct = await new Meetings(server).make()
  const [meeting] = await db.query<{ id: string }>({ text: 'select id from calendar.meeting' })
  const outcome = await engine.cancel({
    tenant: TENANT,
    target: { eventId: meeting?.id ?? '' },
    by,
    reason: 'From elsewhere',
  })
  assert.ok('receiptId' in outcome)
  const [mail] = await server.mailed(`Canceled: ${direct.subject}`, 1)
  assert.match(mail?.raw.toString() ?? '', /COMMENT:From elsewhere/)
  assert.equal((await server.as(ALICE)(`GET /v1.0/me/events/${direct.id}`)).status, 404)
  const again = await server.as(ALICE)(`POST /v1.0/me/events/${direct.id}/cancel`)
  assert.equal(again.status, 404)
  assert.equal(again.headers.get('standdown-receipt'), `/api/v1/receipts/${outcome.receiptId}`)
})

type Receipt = {
  readonly counts: { readonly total: number; readonly prevented: number }
  readonly notices: readonly { readonly kind: string }[]
}

async function receiptOf(server: CalendarServer, headers: Headers): Promise<Receipt> {
  const id = headers.get('standdown-receipt')?.split('/').at(-1) ?? ''
  const receipt = await server.engine.receipt(TENANT, id)
  assert.ok(receipt, `no receipt ${id}`)
  return receipt
}

async function delivery(server: CalendarServer): Promise<StartedEffect> {
  return await effectOfKind(server, 'calendar.deliver')
}

/** An effect as its carrier gets it, read from the table: here nobody runs what is due. */
async function effectOfKind(server: CalendarServer, kind: string): Promise<StartedEffect> {
  const text =
    'select id, event_id, notice_of, title, data, due_shown as due_at from engine.effect where kind = $1'
  type Row = {
    id: string
    event_id: string | null
    notice_of: string | null
    title: string
    data: Json
    due_at: Date
  }
  const rows = await server.db.query<Row>({ text }, [kind])
  assert.equal(rows.length, 1)
  const row = rows[0] as Row
  assert.ok(shardOfId(row.id) >= 0)
  const data = row.data as StartedEffect['data']
  return {
    id: row.id,
    tenant: TENANT,
    eventId: row.event_id,
    noticeOf: row.notice_of,
    startId: row.id,
    kind,
    title: row.title,
    data,
    dueAt: row.due_at,
    attempt: 1,
  }
}

/** Resolves once somebody waits for a lock in this database; fails when `work`, which has to wait, is done before. */
async function blocked(server: CalendarServer, work: Promise<unknown>): Promise<void> {
  const text = `select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and state = 'active'`
  let done = false
  work.finally(() => {
    done = true
  })
  while ((await server.db.query({ text })).length === 0) assert.equal(done, false, 'it did not wait')
}
