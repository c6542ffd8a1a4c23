// Input that nobody means well with: a 4xx in Graph's shape, nothing half done, no secret logged.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { ALICE, calendarServer } from './calendar-server.ts'
import { calendarForFile, errorOf, idOf, meetingBody, values } from './meetings.ts'

const { server } = await calendarForFile()

const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
const bodies: readonly (readonly [string, string, number])[] = [
  ['malformed JSON', '{"subject": ', 400],
  ['JSON 10,000 deep', `{"comment": ${deep}, "subject": ${deep}}`, 400],
  ['a NUL', '{"comment": "a\\u0000b", "subject": "a\\u0000b"}', 400],
  ['a lone surrogate', '{"comment": "\\ud800", "subject": "\\udc00"}', 400],
  ['a key that changes prototypes', '{"__proto__": {"comment": "x"}}', 400],
  ['octets that are no UTF-8', '\xff\xfe', 400],
  ['two megabytes', JSON.stringify({ comment: 'x'.repeat(2_097_152) }), 413],
  ['a number', '7', 400],
  ['a list', '[]', 400],
]

for (const [name, raw, status] of bodies) {
  test(`${name} is refused by create and cancel`, async () => {
    const alice = server.as(ALICE)
    const made = await alice('POST /v1.0/me/events', { body: meetingBody({ attendees: [] }) })
    const before = values((await alice('GET /v1.0/me/events?$top=1000')).json).length
    for (const call of ['POST /v1.0/me/events', `POST /v1.0/me/events/${idOf(made.json)}/cancel`]) {
      const asked = await send(call, raw)
      assert.equal(asked.status, status, asked.text)
      assert.match(asked.type, /^application\/json/)
      const error = errorOf(JSON.parse(asked.text))
      assert.ok(error.code && error.message)
      assert.match(error.innerError.date ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
      assert.equal(error.innerError['request-id'], asked.requestId)
    }
    assert.equal(values((await alice('GET /v1.0/me/events?$top=1000')).json).length, before)
    assert.equal((await alice(`GET /v1.0/me/events/${idOf(made.json)}`)).json.isCancelled, false)
  })
}

async function send(call: string, raw: string) {
  const [method = '', path = ''] = call.split(' ')
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${await server.token(ALICE)}`, 'content-type': 'application/json' },
    body: Buffer.from(raw, 'latin1'),
  })
  const { headers, status } = response
  return {
    status,
    type: headers.get('content-type') ?? '',
    requestId: headers.get('request-id'),
    text: await response.text(),
  }
}

test('another content type with a body is refused with 415; without a body none is needed', async () => {
  const alice = server.as(ALICE)
  const made = await alice('POST /v1.0/me/events', { body: meetingBody({ attendees: [] }) })
  const call = `POST /v1.0/me/events/${idOf(made.json)}/cancel`
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
    const reply = await alice(call, { raw: '{"comment":"x"}', headers: { 'content-type': type } })
    assert.equal(reply.status, 415, type)
    assert.equal(errorOf(reply.json).code, 'UnsupportedMediaType')
  }
  const reply = await alice(call, { raw: '', headers: { 'content-type': 'text/plain' } })
  assert.equal(reply.status, 202, reply.text)
})

test('parameters of the content type do not matter', async () => {
  const alice = server.as(ALICE)
  for (const type of ['application/json;charset=UTF-8', 'Application/JSON; odata.metadata=minimal']) {
    const made = await alice('POST /v1.0/me/events', { body: meetingBody({ attendees: [] }) })
    const headers = { 'content-type': type }
    const reply = await alice(`POST /v1.0/me/events/${idOf(made.json)}/cancel`, {
      raw: '{"Comment":"x"}',
      headers,
    })
    assert.equal(reply.status, 202, reply.text)
  }
})

test('500 attendees are taken; with 501 nothing is made, and nobody is told', async () => {
  await using own = await calendarServer()
  const create = async (count: number) => {
    const attendees = Array.from({ length: count }, (_, i) => ({
      emailAddress: { address: `guest-${i}@elsewhere.example` },
    }))
    return await own.as(ALICE)('POST /v1.0/me/events', { body: meetingBody({ subject: 'All', attendees }) })
  }
  const refused = await create(501)
  assert.equal(refused.status, 400, refused.text)
  const { code, message, innerError } = errorOf(refused.json)
  assert.equal(code, 'ErrorPropertyValidationFailure')
  assert.match(message, /'attendees'.* 500 /i)
  assert.equal(innerError['request-id'], refused.headers.get('request-id'))
  for (const table of [
    'engine.event',
    'engine.effect',
    'calendar.meeting',
    'calendar.item',
    'calendar.message',
  ])
    assert.deepEqual(await own.db.query({ text: `select * from ${table}` }), [], table)
  const taken = await create(500)
  assert.equal(taken.status, 201, taken.text.slice(0, 500))
  assert.equal((taken.json.attendees as readonly unknown[]).length, 500)
  assert.equal(new Set((await own.mailed('All', 500)).map(mail => mail.envelopeTo)).size, 500)
  assert.equal(own.mails.all.length, 500)
})

test("request ids: ours is a GUID, the client's is echoed in header and error, and nonsense is not", async () => {
  const alice = server.as(ALICE)
  const own = randomUUID()
  const reply = await alice('GET /v1.0/me/events/AAMkAA==', { headers: { 'client-request-id': own } })
  assert.match(reply.headers.get('request-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(reply.headers.get('client-request-id'), own)
  assert.equal(errorOf(reply.json).innerError['client-request-id'], own)
  const long = await alice('GET /v1.0/me/events', { headers: { 'client-request-id': 'x'.repeat(200) } })
  assert.equal(long.headers.get('client-request-id'), long.headers.get('request-id'))
})

test('paths that are made to hurt', async () => {
  const alice = server.as(ALICE)
  const paths = [
    `/v1.0/me${"/events('x')".repeat(400)}`,
    `/v1.0/me/messages/${'A'.repeat(3000)}`,
    '/v1.0/me/events/..%2f..%2fusers',
    '/v1.0/users/%27%20or%201=1--/events',
    '/v1.0/constructor',
    '/v1.0/me/__proto__',
    '/v1.0/me/toString',
    "/v1.0/users('a'';drop')/events",
    '/v1.0//me/events',
  ]
  for (const path of paths) {
    const reply = await alice(`GET ${path}`)
    assert.ok(reply.status >= 400 && reply.status < 500, `${path.slice(0, 60)}: ${reply.status}`)
    assert.ok(errorOf(reply.json).code, path)
  }
})

test('a member that Graph does not have, or of another type, is refused by name wherever it stands', async () => {
  const alice = server.as(ALICE)
  const start = { dateTime: '2031-03-03T09:00:00', timeZone: 'UTC' }
  const emailAddress = { address: 'bob@contoso.example' }
  for (const [property, part] of Object.entries({
    'start.timeZon': { start: { ...start, timeZon: 'Europe/Berlin' } },
    'body.contenttyp': { body: { contentTyp: 'html', content: 'x' } },
    'attendees[0].typ': { attendees: [{ emailAddress, typ: 'optional' }] },
    'attendees[0].emailAddress.nam': { attendees: [{ emailAddress: { ...emailAddress, nam: 'Bob' } }] },
    'location.coordinates.latitude': { location: { displayName: 'x', coordinates: { latitude: '46.9' } } },
    location: { location: 'Room 1', locations: [{ displayName: 'Room 1' }] },
    isOnlineMeeting: { isOnlineMeeting: 'yes' },
  })) {
    const reply = await alice('POST /v1.0/me/events', { body: meetingBody(part) })
    assert.equal(reply.status, 400, property)
    const { code, message } = errorOf(reply.json)
    assert.equal(code, 'ErrorPropertyValidationFailure')
    assert.ok(message?.toLowerCase().includes(`'${property.toLowerCase()}'`), message)
  }
})
