// Who may do what: own mailbox, groups as a member, apps with application permissions, and nobody across tenants.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ALICE, BOB, CAROL, DEMO_APP, MALLORY, PAT, POOR_APP, PROJECT_X } from './calendar-server.ts'
import { calendarForFile, errorOf, find, idOf, meetingBody, values } from './meetings.ts'

const { server, meetings } = await calendarForFile()

test("no token, a bad token: 401 in Graph's shape, before the body is looked at", async () => {
  for (const authorization of ['', 'Bearer', 'Bearer nonsense', 'Basic YTpi']) {
    const reply = await fetch(`${server.url}/v1.0/me/events`, {
      method: 'POST',
      headers: { ...(authorization && { authorization }), 'content-type': 'application/json' },
      body: '{malformed',
    })
    assert.equal(reply.status, 401, authorization)
    const json = (await reply.json()) as { error: { code: string } }
    assert.equal(json.error.code, 'InvalidAuthenticationToken')
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/)
  }
})

const everything = (event: string) => [
  'GET /v1.0/me',
  `GET /v1.0/users/${ALICE}`,
  `GET /v1.0/users/${ALICE}/events`,
  `GET /v1.0/users/${ALICE}/events/${event}`,
  `DELETE /v1.0/users/${ALICE}/events/${event}`,
  `POST /v1.0/users/${ALICE}/events/${event}/cancel`,
  `POST /v1.0/me/events/${event}/cancel`,
  `POST /v1.0/users/${ALICE}/calendarView/${event}/cancel`,
  `POST /v1.0/users/${ALICE}/events`,
  `GET /v1.0/users/${ALICE}/calendar`,
  `GET /v1.0/users/${ALICE}/calendars`,
  `GET /v1.0/users/${ALICE}/calendarGroups`,
  `GET /v1.0/users/${ALICE}/messages`,
  `GET /v1.0/users/${ALICE}/mailFolders/inbox/messages`,
  `GET /v1.0/groups/${PROJECT_X}`,
  `GET /v1.0/groups/${PROJECT_X}/events`,
  `POST /v1.0/groups/${PROJECT_X}/events`,
  `GET /v1.0/me/joinedGroups/${PROJECT_X}/events`,
]

test("another tenant's token reaches nothing", async () => {
  const { id } = await meetings.make()
  for (const call of everything(id)) {
    if (call === 'GET /v1.0/me') continue
    const body = call.startsWith('POST') && call.endsWith('events') ? { body: meetingBody() } : {}
    const reply = await server.as(MALLORY)(call, body)
    assert.ok(reply.status === 404 || reply.status === 403, `${call}: ${reply.status} ${reply.text}`)
    assert.doesNotMatch(reply.text, /Alice|Planning|project-x/)
  }
  assert.deepEqual(
    values((await server.as(MALLORY)('GET /v1.0/users')).json).map(user => user.displayName),
    ['Mallory'],
  )
  assert.deepEqual(values((await server.as(MALLORY)('GET /v1.0/groups')).json), [])
  assert.equal((await server.as(ALICE)(`GET /v1.0/me/events/${id}`)).json.isCancelled, false)
})

test("a person does not reach another person's mailbox: 403; a foreign id under /me is unknown: 404", async () => {
  const { id } = await meetings.make()
  const bob = server.as(BOB)
  for (const call of everything(id).filter(path => path.includes(`users/${ALICE}/`))) {
    const reply = await bob(
      call,
      call.endsWith('events') && call.startsWith('POST') ? { body: meetingBody() } : {},
    )
    assert.equal(reply.status, 403, `${call}: ${reply.text}`)
    assert.equal(errorOf(reply.json).code, 'ErrorAccessDenied')
  }
  for (const call of [
    `GET /v1.0/me/events/${id}`,
    `POST /v1.0/me/events/${id}/cancel`,
    `DELETE /v1.0/me/events/${id}`,
  ]) {
    const reply = await bob(call)
    assert.equal(reply.status, 404, call)
    assert.equal(errorOf(reply.json).code, 'ErrorItemNotFound')
  }
})

test('a message of another mailbox leads nowhere', async () => {
  const { subject } = await meetings.make()
  const message = await find(server, { who: ALICE, path: '/v1.0/me/mailFolders/sentitems/messages', subject })
  const reply = await server.as(BOB)(`POST /v1.0/me/messages/${idOf(message)}/event/cancel`)
  assert.equal(reply.status, 404)
})

test("a group's calendar is for its members", async () => {
  for (const call of everything('x').filter(
    path => path.includes('roups/') && path !== `GET /v1.0/groups/${PROJECT_X}`,
  )) {
    const reply = await server.as(CAROL)(call, call.startsWith('POST') ? { body: meetingBody() } : {})
    assert.equal(reply.status, 403, `${call}: ${reply.text}`)
    const app = await server.as(DEMO_APP)(call.replace('me/joinedGroups', 'groups'))
    assert.equal(app.status, 403, `${call}: ${app.text}`)
  }
})

test('an app acts in every mailbox of its tenant with application permissions, and has none of its own', async () => {
  const app = server.as(DEMO_APP)
  const me = await app('GET /v1.0/me/events')
  assert.deepEqual([me.status, errorOf(me.json).code], [400, 'BadRequest'])
  const made = await app(`POST /v1.0/users/carol@contoso.example/events`, {
    body: meetingBody({ attendees: [] }),
  })
  assert.equal(made.status, 201, made.text)
  const cancelled = await app(`POST /v1.0/users/${CAROL}/events/${idOf(made.json)}/cancel`)
  assert.equal(cancelled.status, 202)
})

test('a scope that is missing: 403', async () => {
  const { id } = await meetings.make()
  const cases: readonly (readonly [string, readonly string[] | undefined, string, number])[] = [
    [ALICE, ['Calendars.Read'], `POST /v1.0/me/events/${id}/cancel`, 403],
    [ALICE, ['Calendars.Read'], `DELETE /v1.0/me/events/${id}`, 403],
    [ALICE, ['Calendars.Read'], `GET /v1.0/me/events/${id}`, 200],
    [ALICE, ['Mail.Read'], `GET /v1.0/me/events/${id}`, 403],
    [ALICE, ['Calendars.ReadWrite'], 'GET /v1.0/me/mailFolders/inbox/messages', 403],
    [ALICE, ['Mail.Read'], 'GET /v1.0/me/mailFolders/inbox/messages', 200],
    [ALICE, ['Mail.Read'], 'GET /v1.0/users', 403],
    [ALICE, ['User.Read'], 'GET /v1.0/me', 200],
    [ALICE, ['Group.ReadWrite.All'], `GET /v1.0/groups/${PROJECT_X}/events`, 200],
    [ALICE, ['Group.ReadWrite.All'], 'GET /v1.0/me/events', 403],
    [POOR_APP, undefined, `GET /v1.0/users/${ALICE}/events`, 403],
    [POOR_APP, undefined, `POST /v1.0/users/${ALICE}/events/${id}/cancel`, 403],
    [ALICE, ['Calendars.ReadWrite'], `POST /v1.0/me/events/${id}/cancel`, 202],
  ]
  for (const [who, scopes, call, status] of cases) {
    const reply = await server.as(who, scopes)(call)
    assert.equal(reply.status, status, `${scopes} ${call}: ${reply.text}`)
    if (status === 403) assert.equal(errorOf(reply.json).code, 'ErrorAccessDenied')
  }
})

test('a personal account is served under /v1.0, and refused where the draft says "Not supported"', async () => {
  const pat = server.as(PAT)
  const made = await pat('POST /v1.0/me/events', { body: meetingBody({ attendees: [] }) })
  assert.equal(made.status, 201, made.text)
  const refused = await pat(`POST /docs/api/me/events/${idOf(made.json)}/cancel`)
  assert.deepEqual([refused.status, errorOf(refused.json).code], [403, 'ErrorAccessDenied'])
  assert.equal((await pat(`POST /v1.0/me/events/${idOf(made.json)}/cancel`)).status, 202)
})
