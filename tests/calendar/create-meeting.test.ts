import assert from 'node:assert/strict'
import test from 'node:test'
import { ALICE, BOB, type Json } from './calendar-server.ts'
import { calendarForFile, errorOf, find, idOf, meetingBody, values } from './meetings.ts'

const { server } = await calendarForFile()

const create = async (body: Json) => await server.as(ALICE)('POST /v1.0/me/events', { body })

test("the defaults and forms of an event are Graph's", async () => {
  const made = await create({
    subject: 'Defaults',
    start: { dateTime: '2026-07-01T09:00:00', timeZone: 'Pacific Standard Time' },
    end: { dateTime: '2026-07-01T10:30:00', timeZone: 'America/Los_Angeles' },
    location: { displayName: 'Room 7' },
    attendees: [{ emailAddress: { address: 'carol@contoso.example' }, type: 'Optional' }],
  })
  assert.equal(made.status, 201, made.text)
  const event = made.json
  const expected: Json = {
    showAs: 'busy',
    importance: 'normal',
    sensitivity: 'normal',
    isReminderOn: true,
    reminderMinutesBeforeStart: 15,
    responseRequested: true,
    allowNewTimeProposals: true,
    hideAttendees: false,
    isDraft: false,
    isCancelled: false,
    isOrganizer: true,
    isAllDay: false,
    type: 'singleInstance',
    seriesMasterId: null,
    recurrence: null,
    transactionId: null,
    body: { contentType: 'html', content: '' },
    start: { dateTime: '2026-07-01T16:00:00.0000000', timeZone: 'UTC' },
    end: { dateTime: '2026-07-01T17:30:00.0000000', timeZone: 'UTC' },
    originalStartTimeZone: 'Pacific Standard Time',
    originalEndTimeZone: 'America/Los_Angeles',
    responseStatus: { response: 'organizer', time: '0001-01-01T00:00:00Z' },
    organizer: { emailAddress: { name: 'Alice', address: 'alice@contoso.example' } },
    attendees: [
      {
        type: 'optional',
        status: { response: 'none', time: '0001-01-01T00:00:00Z' },
        emailAddress: { name: 'carol@contoso.example', address: 'carol@contoso.example' },
      },
    ],
    location: { locationType: 'default', uniqueId: 'Room 7', uniqueIdType: 'private', displayName: 'Room 7' },
  }
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(event[name], value, name)
  assert.match(idOf(event), /^AAMk[A-Za-z0-9_-]+=*$/)
  assert.match(
    String(event.iCalUId),
    /^040000008200E00074C5B7101A82E00800000000[0-9A-F]{16}0{16}10000000[0-9A-F]{32}$/,
  )
  assert.equal(event['@odata.etag'], `W/"${event.changeKey}"`)
  assert.ok(made.headers.get('location'))
  const { '@odata.context': _context, ...same } = (
    await server.as(ALICE)(`GET /v1.0/me/events/${idOf(event)}`)
  ).json
  const { '@odata.context': _created, ...first } = event
  assert.deepEqual(same, first)
})

test('times are written in the preferred zone, with Windows and IANA names; an unknown one is refused', async () => {
  const { json } = await create(meetingBody({ attendees: [] }))
  const get = async (zone: string) =>
    await server.as(ALICE)(`GET /v1.0/me/events/${idOf(json)}`, {
      headers: { prefer: `outlook.timezone="${zone}"` },
    })
  const tokyo = await get('Tokyo Standard Time')
  assert.deepEqual(tokyo.json.start, {
    dateTime: '2026-12-01T18:00:00.0000000',
    timeZone: 'Tokyo Standard Time',
  })
  assert.equal(tokyo.headers.get('preference-applied'), 'outlook.timezone="Tokyo Standard Time"')
  assert.deepEqual((await get('Asia/Kolkata')).json.start, {
    dateTime: '2026-12-01T14:30:00.0000000',
    timeZone: 'Asia/Kolkata',
  })
  const unknown = await get('Middle-earth Standard Time')
  assert.deepEqual([unknown.status, errorOf(unknown.json).code], [400, 'TimeZoneNotSupportedException'])
})

test('an all-day event has dates in every zone', async () => {
  const made = await create({
    subject: 'Fair',
    isAllDay: true,
    start: { dateTime: '2026-05-04T00:00:00', timeZone: 'Europe/Berlin' },
    end: { dateTime: '2026-05-06T00:00:00', timeZone: 'Europe/Berlin' },
  })
  assert.deepEqual(made.json.start, { dateTime: '2026-05-04T00:00:00.0000000', timeZone: 'UTC' })
  const headers = { prefer: 'outlook.timezone="America/New_York"' }
  const { json } = await server.as(ALICE)(`GET /v1.0/me/events/${idOf(made.json)}`, { headers })
  assert.deepEqual(json.end, { dateTime: '2026-05-06T00:00:00.0000000', timeZone: 'America/New_York' })
})

test('one transactionId is one event, also when sixteen ask at once', async () => {
  const body = meetingBody({ transactionId: 'a-client-made-this-up', subject: 'Once', attendees: [] })
  const replies = await Promise.all(Array.from({ length: 16 }, () => create(body)))
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [201])
  assert.equal(new Set(replies.map(({ json }) => json.id)).size, 1)
  const all = values((await server.as(ALICE)('GET /v1.0/me/events?$top=100')).json)
  assert.equal(all.filter(({ subject }) => subject === 'Once').length, 1)
  const other = await server.as(BOB)('POST /v1.0/me/events', { body })
  assert.notEqual(other.json.id, replies[0]?.json.id)
})

test('bodies come as HTML or as text, whatever they were', async () => {
  const html = '<p>Hello <b>you</b> &amp; me</p><script>alert(1)</script><p>Bye</p>'
  const { json } = await create(meetingBody({ attendees: [], body: { contentType: 'HTML', content: html } }))
  assert.equal(json.bodyPreview, 'Hello you & me\nBye')
  const headers = { prefer: 'outlook.body-content-type="text"' }
  const text = await server.as(ALICE)(`GET /v1.0/me/events/${idOf(json)}`, { headers })
  assert.deepEqual(text.json.body, { contentType: 'text', content: 'Hello you & me\nBye' })
  const plain = await create(
    meetingBody({ attendees: [], body: { contentType: 'text', content: '<b>not bold</b>' } }),
  )
  assert.match(String((plain.json.body as Json).content), /&lt;b&gt;not bold&lt;\/b&gt;/)
})

test('with hidden attendees nobody learns of the others', async () => {
  const made = await create(
    meetingBody({
      subject: 'Hidden',
      hideAttendees: true,
      attendees: ['bob', 'carol'].map(name => ({
        emailAddress: { address: `${name}@contoso.example`, name },
      })),
    }),
  )
  assert.equal(made.status, 201)
  await server.mailed('Hidden', 2)
  for (const mail of server.mails.all.filter(({ subject }) => subject === 'Hidden')) {
    const others = mail.envelopeTo.startsWith('bob') ? 'carol' : 'bob'
    assert.doesNotMatch(mail.raw.toString('latin1'), new RegExp(others))
  }
  // And one of the first test.
  await server.ran('calendar.deliver', 3)
  const copy = await find(server, { who: BOB, path: '/v1.0/me/events', subject: 'Hidden' })
  assert.deepEqual(
    (copy.attendees as readonly Json[]).map(one => (one.emailAddress as Json).address),
    ['bob@contoso.example'],
  )
})

const refused: readonly (readonly [string, Json, number, string])[] = [
  ['no start', { start: undefined }, 400, 'ErrorPropertyValidationFailure'],
  [
    'an end before the start',
    { end: { dateTime: '2026-11-30T00:00:00', timeZone: 'UTC' } },
    400,
    'ErrorPropertyValidationFailure',
  ],
  [
    'a date that is none',
    { start: { dateTime: '2026-02-30T00:00:00', timeZone: 'UTC' } },
    400,
    'ErrorPropertyValidationFailure',
  ],
  [
    'a year that nobody lives in',
    { start: { dateTime: '0001-01-01T00:00:00', timeZone: 'UTC' } },
    400,
    'ErrorPropertyValidationFailure',
  ],
  [
    'an unknown zone',
    { start: { dateTime: '2026-12-01T09:00:00', timeZone: 'Mars' } },
    400,
    'TimeZoneNotSupportedException',
  ],
  ['recurrence', { recurrence: { pattern: { type: 'daily', interval: 1 } } }, 501, 'NotImplemented'],
  ['attachments', { attachments: [{ name: 'x' }] }, 501, 'NotImplemented'],
  ['a property that events do not have', { subjekt: 'x' }, 400, 'RequestBodyRead'],
  ['a subject that is a number', { subject: 7 }, 400, 'ErrorPropertyValidationFailure'],
  ['a subject of 256 characters', { subject: 'x'.repeat(256) }, 400, 'ErrorPropertyValidationFailure'],
  ['an unknown showAs', { showAs: 'asleep' }, 400, 'ErrorPropertyValidationFailure'],
  [
    '501 attendees',
    { attendees: Array(501).fill({ emailAddress: { address: 'a@b.example' } }) },
    400,
    'ErrorPropertyValidationFailure',
  ],
  [
    'an address with a line end',
    { attendees: [{ emailAddress: { address: 'a@b.example\r\nBcc: c@d.example' } }] },
    400,
    'ErrorPropertyValidationFailure',
  ],
  [
    'a location that is nested without end',
    { location: { displayName: 'x', address: JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`) } },
    400,
    'ErrorPropertyValidationFailure',
  ],
  ['an attendee without an address', { attendees: [{}] }, 400, 'ErrorPropertyValidationFailure'],
  ['all day from nine to ten', { isAllDay: true }, 400, 'ErrorPropertyValidationFailure'],
]
for (const [name, more, status, code] of refused) {
  test(`create refuses ${name}`, async () => {
    const reply = await create(meetingBody(more))
    assert.equal(reply.status, status, reply.text)
    assert.equal(errorOf(reply.json).code, code)
  })
}

test('a location keeps its address and coordinates', async () => {
  const location = {
    displayName: 'Town hall',
    locationType: 'streetAddress',
    locationUri: 'https://example.com/hall',
    address: { street: 'Main 1', city: 'Bern', countryOrRegion: 'CH' },
    coordinates: { latitude: 46.9, longitude: 7.4 },
  }
  const made = await create(meetingBody({ attendees: [], location }))
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.location, { ...location, uniqueId: 'Town hall', uniqueIdType: 'private' })
  assert.deepEqual(made.json.locations, [made.json.location])
})

test('what is read-only is passed over, null is no value, and an online meeting needs a provider', async () => {
  const made = await create(
    meetingBody({
      attendees: null,
      id: 'mine',
      isCancelled: true,
      recurrence: null,
      isOnlineMeeting: true,
      '@odata.etag': 'x',
    }),
  )
  assert.equal(made.status, 201, made.text)
  assert.notEqual(made.json.id, 'mine')
  assert.deepEqual([made.json.isCancelled, made.json.isOnlineMeeting], [false, false])
})
