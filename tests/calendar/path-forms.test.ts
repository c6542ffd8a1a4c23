// Cancel in all twenty path forms of the two documents, under each prefix, by the attendee (400) and the organizer.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ALICE, BOB, CAROL, PROJECT_X } from './calendar-server.ts'
import { calendarForFile, errorOf, find, idOf, meetingBody, ORGANIZER_SENTENCE, values } from './meetings.ts'

type Ids = {
  readonly event: string
  readonly user: string
  readonly upn: string
  readonly calendar: string
  readonly calendarGroup: string
  readonly message: string
}

const documented: readonly (readonly [string, (ids: Ids) => string])[] = [
  ['4.7 me/events', ({ event }) => `me/events/${event}`],
  ['4.8 users/{id}/events', ({ event, user }) => `users/${user}/events/${event}`],
  ['4.8 users/{upn}/events', ({ event, upn }) => `users/${upn}/events/${event}`],
  ['4.10 me/calendar/events', ({ event }) => `me/calendar/events/${event}`],
  ['4.11 users/{id}/calendar/events', ({ event, user }) => `users/${user}/calendar/events/${event}`],
  ['4.11 users/{upn}/calendar/events', ({ event, upn }) => `users/${upn}/calendar/events/${event}`],
  ['4.13 me/calendars/{id}/events', ({ event, calendar }) => `me/calendars/${calendar}/events/${event}`],
  [
    '4.14 users/{upn}/calendars/{id}/events',
    ({ event, calendar, upn }) => `users/${upn}/calendars/${calendar}/events/${event}`,
  ],
  [
    '4.15 me/calendarGroups/{id}/calendars/{id}/events',
    ({ event, calendar, calendarGroup }) =>
      `me/calendarGroups/${calendarGroup}/calendars/${calendar}/events/${event}`,
  ],
  [
    '4.16 users/{id}/calendarGroups/{id}/calendars/{id}/events',
    ({ event, calendar, calendarGroup, user }) =>
      `users/${user}/calendarGroups/${calendarGroup}/calendars/${calendar}/events/${event}`,
  ],
]

const draftOnly: readonly (readonly [string, (ids: Ids) => string])[] = [
  ['3.4 me/calendarView', ({ event }) => `me/calendarView/${event}`],
  ['3.4 users/{id}/calendarView', ({ event, user }) => `users/${user}/calendarView/${event}`],
  ['3.6 me/messages/{id}/event', ({ message }) => `me/messages/${message}/event`],
  [
    '3.6 me/messages/{id}/event/instances/{id}',
    ({ message, event }) => `me/messages/${message}/event/instances/${event}`,
  ],
  [
    '3.6 me/messages/{id}/event/calendar/events/{id}',
    ({ message, event }) => `me/messages/${message}/event/calendar/events/${event}`,
  ],
  [
    '3.6 me/messages/{id}/microsoft.graph.eventMessage/event',
    ({ message }) => `me/messages/${message}/microsoft.graph.eventMessage/event`,
  ],
  [
    '3.6 me/messages/{id}/event/calendar/calendarView/{id}',
    ({ message, event }) => `me/messages/${message}/event/calendar/calendarView/${event}`,
  ],
]

const { server, meetings } = await calendarForFile()

async function idsOf(who: string, upn: string, subject: string): Promise<Ids> {
  const event = await find(server, { who, path: '/v1.0/me/events', subject })
  const calendars = values((await server.as(who)('GET /v1.0/me/calendars')).json)
  const groups = values((await server.as(who)('GET /v1.0/me/calendarGroups')).json)
  const folder = who === ALICE ? 'sentitems' : 'inbox'
  const message = await find(server, { who, path: `/v1.0/me/mailFolders/${folder}/messages`, subject })
  return {
    event: idOf(event),
    user: who,
    upn,
    calendar: idOf(calendars.find(calendar => calendar.isDefaultCalendar === true) ?? {}),
    calendarGroup: idOf(groups.find(group => group.name === 'My Calendars') ?? {}),
    message: idOf(message),
  }
}

const statuses = [
  { prefix: '/v1.0', documented: 202, draftOnly: 204 },
  { prefix: '/beta', documented: 202, draftOnly: 204 },
  // Where the draft was published its forms answer as it says; 004's further ones as 004 says.
  { prefix: '/docs/api', documented: 0, draftOnly: 204 },
] as const

function expected(status: (typeof statuses)[number], name: string): number {
  if (draftOnly.some(([form]) => form === name)) return status.draftOnly
  if (status.prefix !== '/docs/api') return status.documented
  return /^4\.(7|8) /.test(name) ? 204 : 202
}

for (const status of statuses) {
  for (const [name, form] of [...documented, ...draftOnly]) {
    test(`${status.prefix} ${name}`, async () => {
      const { subject } = await meetings.make()
      const bob = await idsOf(BOB, 'bob@contoso.example', subject)
      const refused = await server.as(BOB)(`POST ${status.prefix}/${form(bob)}/cancel`, { body: {} })
      assert.equal(refused.status, 400, refused.text)
      assert.equal(errorOf(refused.json).code, 'ErrorInvalidRequest')
      assert.equal(errorOf(refused.json).message, ORGANIZER_SENTENCE)

      const alice = await idsOf(ALICE, 'alice@contoso.example', subject)
      const path = `${status.prefix}/${form(alice)}/cancel`
      const reply = await server.as(ALICE)(`POST ${path}`, { body: { Comment: 'Bye' } })
      assert.equal(reply.status, expected(status, name), reply.text)
      assert.equal(reply.text, '')
      assert.equal(reply.headers.get('content-type'), null)
      assert.match(reply.headers.get('standdown-receipt') ?? '', /^\/api\/v1\/receipts\/[0-9a-f-]{36}$/)

      const again = await server.as(ALICE)(`POST ${path}`, { body: { Comment: 'Bye' } })
      assert.equal(again.status, 404, again.text)
      assert.equal(errorOf(again.json).code, 'ErrorItemNotFound')
      assert.equal(again.headers.get('standdown-receipt'), reply.headers.get('standdown-receipt'))
    })
  }
}

const groupForms: readonly (readonly [string, string, number, number])[] = [
  ['4.9 groups/{id}/events', `groups/${PROJECT_X}/events`, 202, 204],
  ['4.12 groups/{id}/calendar/events', `groups/${PROJECT_X}/calendar/events`, 202, 202],
  ['3.4 groups/{id}/calendarView', `groups/${PROJECT_X}/calendarView`, 204, 204],
  ['3.5 me/joinedGroups/{id}/events', `me/joinedGroups/${PROJECT_X}/events`, 204, 204],
  ['3.5 me/joinedGroups/{id}/calendarView', `me/joinedGroups/${PROJECT_X}/calendarView`, 204, 204],
]

for (const [name, path, current, published] of groupForms) {
  for (const [prefix, status] of [
    ['/v1.0', current],
    ['/beta', current],
    ['/docs/api', published],
  ] as const) {
    test(`${prefix} ${name}: a member cancels, a stranger does not`, async () => {
      const made = await server.as(ALICE)(`POST /v1.0/groups/${PROJECT_X}/events`, {
        body: meetingBody({ attendees: [], subject: `${prefix} ${name}` }),
      })
      assert.equal(made.status, 201, made.text)
      const call = `POST ${prefix}/${path}/${idOf(made.json)}/cancel`
      const stranger = await server.as(CAROL)(call)
      assert.equal(stranger.status, 403, stranger.text)
      assert.equal(errorOf(stranger.json).code, 'ErrorAccessDenied')
      const member = await server.as(BOB)(call, { body: { comment: 'Not today' } })
      assert.equal(member.status, status, member.text)
      assert.equal(member.headers.get('content-type'), null)
      const deleted = await find(server, {
        who: ALICE,
        path: `/v1.0/groups/${PROJECT_X}/mailFolders/deleteditems/messages`,
        subject: `${prefix} ${name}`,
      })
      assert.equal(deleted.isCancelled, true)
      assert.notEqual(deleted.id, made.json.id)
    })
  }
}

test('a calendar in a calendar group of its own', async () => {
  const alice = server.as(ALICE)
  const groups = values((await alice('GET /v1.0/me/calendarGroups')).json)
  const projects = idOf(groups.find(group => group.name === 'Projects') ?? {})
  const [plans] = values((await alice(`GET /v1.0/me/calendarGroups/${projects}/calendars`)).json)
  const path = `/v1.0/me/calendarGroups/${projects}/calendars/${idOf(plans ?? {})}/events`
  const { id } = await meetings.make({}, path)
  // It is not in the default calendar, nor in the other calendar group.
  assert.equal((await alice(`POST /v1.0/me/calendar/events/${id}/cancel`)).status, 404)
  const other = idOf(groups.find(group => group.name === 'My Calendars') ?? {})
  assert.equal((await alice(`POST ${path.replace(projects, other)}/${id}/cancel`)).status, 404)
  assert.equal((await alice(`POST ${path}/${id}/cancel`)).status, 202)
})

const spellings: readonly (readonly [string, (id: string) => string])[] = [
  ['the qualified action name', id => `/v1.0/me/events/${id}/microsoft.graph.cancel`],
  ['segments in any case', id => `/v1.0/ME/Events/${id}/Cancel`],
  ['a percent-encoded id', id => `/v1.0/me/events/${encodeURIComponent(id)}/cancel`],
  ['a percent-encoded name', id => `/v1.0/users/alice%40contoso.example/events/${id}/cancel`],
  ['keys in brackets', id => `/v1.0/users('alice@contoso.example')/events('${id}')/cancel`],
  [
    'a key in brackets, encoded',
    id => `/v1.0/users('${ALICE}')/events('${encodeURIComponent(id)}')/microsoft.graph.cancel`,
  ],
  ['a slash at the end', id => `/v1.0/me/events/${id}/cancel/`],
  ['a user principal name in capitals', id => `/v1.0/users/ALICE@CONTOSO.EXAMPLE/events/${id}/cancel`],
]
for (const [name, path] of spellings) {
  test(`cancel understands ${name}`, async () => {
    const { id } = await meetings.make()
    const reply = await server.as(ALICE)(`POST ${path(id)}`, { body: {} })
    assert.equal(reply.status, 202, reply.text)
  })
}

test('ids are case-sensitive', async () => {
  const { id } = await meetings.make()
  const swapped = id.replace(/[a-z](?=[^a-z]*$)/, letter => letter.toUpperCase())
  assert.notEqual(swapped, id)
  const reply = await server.as(ALICE)(`POST /v1.0/me/events/${swapped}/cancel`)
  assert.equal(reply.status, 404)
  assert.equal((await server.as(ALICE)(`GET /v1.0/me/events/${id}`)).status, 200)
})

test("an id of another meeting is not resolved inside a message's event", async () => {
  const one = await meetings.make()
  const two = await meetings.make()
  const ids = await idsOf(ALICE, 'alice@contoso.example', one.subject)
  const foreign = await server.as(ALICE)(
    `POST /v1.0/me/messages/${ids.message}/event/instances/${two.id}/cancel`,
  )
  assert.equal(foreign.status, 404, foreign.text)
  assert.equal((await server.as(ALICE)(`GET /v1.0/me/events/${two.id}`)).status, 200)
})

test("unknown segments, methods and ids are refused in Graph's shape", async () => {
  const { id } = await meetings.make()
  const alice = server.as(ALICE)
  const cases: readonly (readonly [string, number, string])[] = [
    [`POST /v1.0/me/events/${id}/nonsense`, 400, 'BadRequest'],
    [`POST /v1.0/me/events/${id}/accept`, 501, 'NotImplemented'],
    [`POST /v1.0/me/events/${id}/microsoft.graph.decline`, 501, 'NotImplemented'],
    [`PATCH /v1.0/me/events/${id}`, 501, 'NotImplemented'],
    [`GET /v1.0/me/events/${id}/cancel`, 405, 'MethodNotAllowed'],
    ['GET /v1.0/me/events/$count', 501, 'NotImplemented'],
    ['POST /v1.0/$batch', 501, 'NotImplemented'],
    ['GET /v1.0', 400, 'BadRequest'],
    ['GET /v1.0/me/%00', 400, 'BadRequest'],
    ['POST /v1.0/me/events/not-an-id/cancel', 400, 'ErrorInvalidIdMalformed'],
    ['POST /v1.0/me/events/AAMkAGI2THVSAAA=/cancel', 404, 'ErrorItemNotFound'],
    ['GET /v1.0/users/nobody@contoso.example/events', 404, 'ErrorInvalidUser'],
    ['GET /v1.0/groups/00000000-0000-4000-8000-000000000000/events', 404, 'Request_ResourceNotFound'],
  ]
  for (const [call, status, code] of cases) {
    const reply = await alice(call)
    assert.equal(reply.status, status, `${call}: ${reply.text}`)
    assert.equal(errorOf(reply.json).code, code, call)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json/)
  }
})
