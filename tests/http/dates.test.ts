// The same dates at every door of a whole server: what does not exist is refused, each API in its own shape, and what is taken is
// told back as it was written.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { jsonRequest } from '../support/json-request.ts'
import { type TestServer, testServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await testServer()
})
after(() => server[Symbol.asyncDispose]())

/** None of them is a time, with or without an offset behind it. */
const NO_TIMES = [
  '2031-02-29T09:00:00',
  '2100-02-29T09:00:00',
  '2031-04-31T09:00:00',
  '2031-13-01T09:00:00',
  '2031-00-01T09:00:00',
  '2031-01-00T09:00:00',
  '2031-01-32T09:00:00',
  '2031-01-01T24:00:00',
  '2031-01-01T25:00:00',
  '2031-01-01T09:60:00',
  '2031-01-01T09:00:60',
  '2031-01-01T09:00:00.12345678901',
  '2031-1-1T09:00:00',
  '20310101T090000',
  '0000-01-01T09:00:00',
  '-002031-01-01T09:00:00',
  '+012031-01-01T09:00:00',
  'tomorrow',
  '1924942800000',
  '',
]
const NO_OFFSETS = ['+14:01', '-14:30', '+24:00', '+02:60', '+2', '+0200', 'CET', '[Europe/Berlin]']

type Answer = { readonly status: number; readonly body: ReturnType<typeof JSON.parse> }

async function post(path: string, authorization: string, body: unknown): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST'
  const { status, json } = await jsonRequest(`${server.url}${path}`, { method, authorization, body })
  return { status, body: json }
}

async function announce(at: string): Promise<Answer> {
  const body = { title: 'K', effects: [{ kind: 'delay', at }] }
  return await post('/api/v1/events', `Bearer ${server.token}`, body)
}

async function report(startsAt: unknown): Promise<Answer> {
  const body = { triggerKey: 'appointment_starting', externalEntityId: randomUUID(), payload: { startsAt } }
  return await post('/automations/v1/events/report', await server.appToken(), body)
}

async function invite(dateTime: string, which: 'start' | 'end' = 'start'): Promise<Answer> {
  const times = {
    start: { dateTime: '2031-01-01T00:00:00', timeZone: 'UTC' },
    end: { dateTime: '4499-01-01T00:00:00', timeZone: 'UTC' },
    [which]: { dateTime, timeZone: 'UTC' },
  }
  return await post('/v1.0/me/events', `Bearer ${await server.personToken('alice')}`, {
    subject: 'S',
    ...times,
  })
}

async function look(from: string): Promise<Answer> {
  const query = new URLSearchParams({ startDateTime: from, endDateTime: '2031-06-01T00:00:00' })
  return await post(
    `/v1.0/me/calendarView?${query}`,
    `Bearer ${await server.personToken('alice')}`,
    undefined,
  )
}

test('the native API refuses what is no instant, as a problem that names the place', async () => {
  const bad = [
    ...NO_TIMES.map(text => `${text}Z`),
    ...NO_OFFSETS.map(offset => `2031-01-01T09:00:00${offset}`),
    '2031-01-01T09:00:00',
    '2031-01-01',
    '2031-01-01T09:00:00.0001Z',
  ]
  for (const at of bad) {
    const { status, body } = await announce(at)
    assert.deepEqual([status, body.code], [400, 'INVALID_REQUEST'], at)
    assert.deepEqual(body.errors, [
      {
        at: '/effects/0/at',
        message:
          'must be an instant that exists, like 2031-03-03T09:00:00Z: RFC 3339 with an offset, to the millisecond',
      },
    ])
  }
  const early = await announce('1969-12-31T23:59:59Z')
  assert.deepEqual([early.status, early.body.code], [400, 'BAD_INSTANT'])
})

test('Wix’s API refuses what is no date-time, as a violation of its field', async () => {
  const bad = [
    ...NO_TIMES.map(text => `${text}Z`).filter(text => text !== 'Z'),
    ...NO_OFFSETS.map(offset => `2031-01-01T09:00:00${offset}`),
    '2031-01-01T09:00:00',
    1_924_942_800_000,
    true,
  ]
  for (const startsAt of bad) {
    const { status, body } = await report(startsAt)
    assert.equal(status, 400, String(startsAt))
    const [violation] = body.details.validationError.fieldViolations
    assert.deepEqual(
      [violation.field, violation.violatedRule, violation.data],
      ['payload.startsAt', 'FORMAT', { expected: 'DATE_TIME' }],
      String(startsAt),
    )
  }
})

test('Graph’s API refuses what is no time, in its own words, in a body and in a query', async () => {
  const bad = [
    ...NO_TIMES,
    ...NO_OFFSETS.map(offset => `2031-01-01T09:00:00${offset}`),
    '2031-01-01T09:00:00.12345678',
  ]
  for (const text of bad) {
    for (const which of ['start', 'end'] as const) {
      const { status, body } = await invite(text, which)
      assert.deepEqual([status, body.error.code], [400, 'ErrorPropertyValidationFailure'], text)
      assert.match(body.error.message, new RegExp(`${which}\\.dateTime`))
    }
    const { status, body } = await look(text)
    assert.deepEqual([status, body.error.code], [400, 'ErrorInvalidParameter'], text)
  }
})

test('what is taken is told back as it was written', async () => {
  for (const [written, told] of [
    ['2032-02-29T23:59:59.999Z', '2032-02-29T23:59:59.999Z'],
    ['2031-01-01T09:00:00+14:00', '2030-12-31T19:00:00.000Z'],
    ['2031-01-01t09:00:00.120000-14:00', '2031-01-01T23:00:00.120Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ] as const) {
    const { status, body } = await announce(written)
    assert.equal(status, 201, written)
    const event = await post(`/api/v1/events/${body.id}`, `Bearer ${server.token}`, undefined)
    assert.equal(event.body.effects[0].dueAt, told)
    assert.equal((await report(written)).status, 200, written)
  }
  for (const [written, told] of [
    ['2032-02-29T09:00:00', '2032-02-29T09:00:00.0000000'],
    ['2031-03-03T09:00', '2031-03-03T09:00:00.0000000'],
    ['2031-03-03', '2031-03-03T00:00:00.0000000'],
    ['2031-03-03T09:00:00.1234567', '2031-03-03T09:00:00.1234567'],
    ['2031-03-03T09:00:00.0000001Z', '2031-03-03T09:00:00.0000001'],
    ['2031-03-03T09:00:00+14:00', '2031-03-02T19:00:00.0000000'],
  ] as const) {
    const { status, body } = await invite(written)
    assert.equal(status, 201, written)
    assert.deepEqual(body.start, { dateTime: told, timeZone: 'UTC' })
    const alice = `Bearer ${await server.personToken('alice')}`
    const again = await post(`/v1.0/me/events/${body.id}`, alice, undefined)
    assert.deepEqual(again.body.start, { dateTime: told, timeZone: 'UTC' })
    assert.equal((await look(written)).status, written > '2031-06' ? 400 : 200, written)
  }
})
