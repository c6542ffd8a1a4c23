import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { ALICE, BOB, type CalendarServer, calendarServer, PROJECT_X } from './calendar-server.ts'
import { errorOf, idOf, meetingBody, values } from './meetings.ts'

let server: CalendarServer
before(async () => {
  server = await calendarServer()
  for (let day = 1; day <= 12; day++) {
    const date = `2026-10-${String(day).padStart(2, '0')}`
    const body = meetingBody({
      subject: `Day ${day}`,
      attendees: [],
      start: { dateTime: `${date}T09:00:00`, timeZone: 'UTC' },
      end: { dateTime: `${date}T10:00:00`, timeZone: 'UTC' },
    })
    assert.equal((await server.as(ALICE)('POST /v1.0/me/events', { body })).status, 201)
  }
})
after(async () => await server[Symbol.asyncDispose]())

test('lists come in pages of ten; nextLink leads to the rest', async () => {
  const alice = server.as(ALICE)
  const first = await alice('GET /v1.0/me/events?$select=subject,start')
  assert.equal(values(first.json).length, 10)
  assert.deepEqual(Object.keys(values(first.json)[0] ?? {}), ['@odata.etag', 'id', 'subject', 'start'])
  const next = String(first.json['@odata.nextLink'])
  assert.ok(next.startsWith(`${server.url}/v1.0/me/events?`))
  const second = await alice(`GET ${next.slice(server.url.length)}`)
  assert.deepEqual(
    values(second.json).map(({ subject }) => subject),
    ['Day 11', 'Day 12'],
  )
  assert.equal(second.json['@odata.nextLink'], undefined)
  assert.equal(values((await alice('GET /v1.0/me/events?$top=100')).json).length, 12)
})

test('a page has up to 1000, and a view up to 1825 days: more is refused by name', async () => {
  const alice = server.as(ALICE)
  assert.equal((await alice('GET /v1.0/me/events?$top=1000')).status, 200)
  const tooMany = await alice('GET /v1.0/me/events?$top=1001')
  assert.equal(tooMany.status, 400)
  assert.match(errorOf(tooMany.json).message, /1000/)
  const view = (until: string) =>
    alice(`GET /v1.0/me/calendarView?startDateTime=2026-01-01T00:00:00&endDateTime=${until}`)
  assert.equal((await view('2030-12-31T00:00:00')).status, 200)
  const tooLong = await view('2030-12-31T00:00:01')
  assert.equal(tooLong.status, 400)
  assert.match(errorOf(tooLong.json).message, /1825 days/)
})

test('a calendar view has what overlaps its window', async () => {
  const alice = server.as(ALICE)
  const view = async (window: string) => {
    const reply = await alice(`GET /v1.0/me/calendarView?${window}`)
    assert.equal(reply.status, 200, reply.text)
    return values(reply.json).map(({ subject }) => subject)
  }
  assert.deepEqual(await view('startDateTime=2026-10-03T00:00:00&endDateTime=2026-10-05T00:00:00'), [
    'Day 3',
    'Day 4',
  ])
  assert.deepEqual(await view('startdatetime=2026-10-03T09:30:00Z&enddatetime=2026-10-03T09:45:00Z'), [
    'Day 3',
  ])
  assert.deepEqual(
    await view('startDateTime=2026-10-03T12:00:00%2B02:00&endDateTime=2026-10-04T09:00:00'),
    [],
  )
  for (const window of [
    '',
    'startDateTime=soon&endDateTime=later',
    'startDateTime=2026-10-05&endDateTime=2026-10-03',
  ])
    assert.equal((await alice(`GET /v1.0/me/calendarView?${window}`)).status, 400, window)
})

test('people, groups, calendars and folders', async () => {
  const alice = server.as(ALICE)
  assert.equal((await alice('GET /v1.0/me')).json.userPrincipalName, 'alice@contoso.example')
  const users = values((await alice('GET /v1.0/users')).json)
  assert.deepEqual(
    users.map(({ displayName }) => displayName),
    ['Alice', 'Bob', 'Carol'],
  )
  assert.equal((await alice('GET /v1.0/users/bob@contoso.example')).json.id, BOB)
  assert.equal((await alice(`GET /v1.0/groups/${PROJECT_X}`)).json.displayName, 'project-x')
  assert.deepEqual(values((await alice('GET /v1.0/me/joinedGroups')).json).map(idOf), [PROJECT_X])
  const calendars = values((await alice('GET /v1.0/me/calendars')).json)
  assert.deepEqual(
    calendars.map(({ name }) => name),
    ['Calendar', 'Project plans'],
  )
  assert.equal((await alice(`GET /v1.0/me/calendars/${idOf(calendars[1] ?? {})}`)).json.name, 'Project plans')
  assert.equal((await alice('GET /v1.0/me/calendar')).json.isDefaultCalendar, true)
  const folders = values((await alice('GET /v1.0/me/mailFolders')).json)
  assert.deepEqual(
    folders.map(({ displayName }) => displayName),
    ['Inbox', 'Sent Items', 'Deleted Items'],
  )
  const inbox = await alice(`GET /v1.0/me/mailFolders/${idOf(folders[0] ?? {})}`)
  assert.equal(inbox.json.displayName, 'Inbox')
})

test('a query option that would change the answer and is not understood is refused by name', async () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['me/events?$filter=isAllDay eq true', 'UnsupportedQueryOption', '$filter'],
    ['me/events?$orderby=start/dateTime', 'UnsupportedQueryOption', '$orderby'],
    ['me/events?filter=x', 'UnsupportedQueryOption', '$filter'],
    ['me/events?$count=true', 'UnsupportedQueryOption', '$count'],
    ['me/events?$search="x"', 'SearchEvents', '$search'],
    ['me/calendars?$expand=events', 'UnsupportedQueryOption', '$expand'],
    ['me/calendar?$top=3', 'UnsupportedQueryOption', '$top'],
    ['me/events?$top=0', 'ErrorInvalidParameter', '$top'],
    ['me/events?$top=ten', 'ErrorInvalidParameter', '$top'],
    ['me/events?$skip=-1', 'ErrorInvalidParameter', '$skip'],
  ]
  for (const [path, code, named] of cases) {
    const reply = await server.as(ALICE)(`GET /v1.0/${encodeURI(path)}`)
    assert.equal(reply.status, 400, path)
    assert.equal(errorOf(reply.json).code, code, path)
    assert.ok(errorOf(reply.json).message.includes(named), path)
  }
})
