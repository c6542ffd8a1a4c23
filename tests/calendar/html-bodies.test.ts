// What becomes of a body that is HTML: its text and what of it may stand in a mail are made once, when it is written.

import assert from 'node:assert/strict'
import test from 'node:test'
import PostalMime from 'postal-mime'
import { withText } from '../../server/src/calendar/meeting/stored-body-text.ts'
import { ALICE, BOB, calendarServer, type Json } from './calendar-server.ts'
import { line, readICalendar, readText } from './icalendar-reader.ts'
import { calendarForFile, errorOf, find, idOf, meetingBody, values } from './meetings.ts'

const { server } = await calendarForFile()

const HTML = `<html><head><style>p { color: red }</style></head><body>
<p onclick="x()">Caf&eacute; &#8211; it&#x27;s <b>on</b></p>
<p><a href="https://teams.example/l/19%3ameeting?a=1&amp;b=2">Join</a> or <a href="javascript:steal()">not</a></p>
<script>alert(1)</script></body></html>`
const TEXT = "Café – it's on\nJoin <https://teams.example/l/19%3ameeting?a=1&b=2> or not"
const html = (content: string): Json => ({ body: { contentType: 'html', content } })
const asText = { headers: { prefer: 'outlook.body-content-type="text"' } }

const create = async (more: Json) =>
  await server.as(ALICE)('POST /v1.0/me/events', { body: meetingBody(more) })

async function kept(subject: string) {
  const rows = await server.db.query<{ body_text: string | null; safe_html: string | null }>(
    {
      text: `select m.body_text, m.safe_html from calendar.meeting m join calendar.item i on i.meeting_id = m.id
        where i.data->>'subject' = $1 and i.role = 'organizer'`,
    },
    [subject],
  )
  assert.equal(rows.length, 1)
  return rows[0]
}

test('the invitation says it in text, in HTML without anything that acts, and in iCalendar', async () => {
  const made = await create({ subject: 'Café', ...html(HTML) })
  assert.equal(made.status, 201, made.text)
  const [mail] = await server.mailed('Café', 1)
  const parsed = await PostalMime.parse(mail?.raw ?? '')
  assert.ok((parsed.text ?? '').replaceAll('\r\n', '\n').includes(TEXT), parsed.text)
  const shown = parsed.html ?? ''
  assert.ok(shown.includes("<p>Café – it's <b>on</b></p>"), shown)
  assert.ok(shown.includes('<a href="https://teams.example/l/19%3ameeting?a=1&amp;b=2">Join</a>'), shown)
  assert.doesNotMatch(shown, /script|onclick|style|color/)
  assert.match(shown, /When: 2026-12-01 09:00/)
  assert.match(mail?.raw.toString('latin1') ?? '', /multipart\/alternative/)
  const [part] = parsed.attachments
  const calendar = readICalendar(
    new TextDecoder().decode(part?.content as ArrayBuffer).replaceAll('\n', '\r\n'),
  )
  assert.equal(readText(line(calendar.children[0], 'DESCRIPTION')?.value ?? ''), TEXT)
})

test('it is read once: lists, copies, messages, text and preview take what was kept', async () => {
  const before = server.read.all.length
  const made = await create({ subject: 'Once read', ...html(HTML) })
  await server.ran('calendar.deliver', 2)
  assert.equal(made.json.bodyPreview, TEXT)
  for (const who of [ALICE, BOB]) {
    const event = await find(server, { who, path: '/v1.0/me/events', subject: 'Once read' })
    assert.equal(event.bodyPreview, TEXT)
    const one = await server.as(who)(`GET /v1.0/me/events/${idOf(event)}`, asText)
    assert.deepEqual(one.json.body, { contentType: 'text', content: TEXT })
    const message = await find(server, { who, path: '/v1.0/me/messages', subject: 'Once read' })
    assert.equal(message.bodyPreview, TEXT)
    assert.deepEqual(message.body, { contentType: 'html', content: HTML })
    const read = await server.as(who)(`GET /v1.0/me/messages/${idOf(message)}`, asText)
    assert.deepEqual(read.json.body, { contentType: 'text', content: TEXT })
  }
  assert.equal(server.read.all.length, before + 1)
  assert.equal((await kept('Once read'))?.body_text, TEXT)
})

test("a cancellation's text is the comment, whatever the meeting's body was", async () => {
  const made = await create({ subject: 'Comment', attendees: [], ...html(HTML) })
  const alone = await create({ subject: 'Told', ...html(HTML) })
  await server.ran('calendar.deliver', 3)
  for (const { json } of [made, alone]) {
    const cancel = `POST /v1.0/me/events/${idOf(json)}/cancel`
    assert.equal((await server.as(ALICE)(cancel, { body: { comment: '<b>ill</b>' } })).status, 202)
  }
  const path = '/v1.0/me/mailFolders/sentitems/messages'
  const sent = await find(server, { who: ALICE, path, subject: 'Canceled: Told' })
  assert.deepEqual(
    [sent.bodyPreview, sent.body],
    ['<b>ill</b>', { contentType: 'text', content: '<b>ill</b>' }],
  )
})

test('a plain body is its own text: nothing reads it, nothing more is kept', async () => {
  const before = server.read.all.length
  const body = { contentType: 'text', content: 'a <b> &amp; b' }
  const made = await create({ subject: 'Plain', attendees: [], body })
  assert.equal(made.json.bodyPreview, 'a <b> &amp; b')
  assert.equal(server.read.all.length, before)
  assert.deepEqual({ ...(await kept('Plain')) }, { body_text: null, safe_html: null })
})

test('a body from before its text was kept is read at the first need, and kept then', async () => {
  await create({ subject: 'Old', attendees: [], ...html(HTML) })
  await forget('Old')
  const before = server.read.all.length
  for (let i = 0; i < 3; i++) {
    const event = await find(server, { who: ALICE, path: '/v1.0/me/events', subject: 'Old' })
    assert.equal(event.bodyPreview, TEXT)
  }
  assert.equal(server.read.all.length, before + 1)
  const now = await kept('Old')
  assert.equal(now?.body_text, TEXT)
  assert.match(now?.safe_html ?? '', />Join<\/a>/)
})

test('one from before that nobody can read does not make a mailbox unreadable', async () => {
  await create({ subject: 'Old and deep', attendees: [], ...html('x') })
  await forget('Old and deep', '<b>'.repeat(1000))
  const before = server.read.all.length
  for (let i = 0; i < 2; i++) {
    const event = await find(server, { who: ALICE, path: '/v1.0/me/events', subject: 'Old and deep' })
    assert.equal(event.bodyPreview, '(The HTML of this body cannot be read as text.)')
  }
  assert.equal(server.read.all.length, before + 1)
})

test('one request catches up for five seconds at most; what it has read is kept', async () => {
  await create({ subject: 'Much', attendees: [], ...html(HTML) })
  await forget('Much')
  const [row] = await server.db.query<Parameters<typeof withText>[1][number]>({
    text: `select i.tenant, i.mailbox_id, i.meeting_id, m.body_text, i.data from calendar.item i
      join calendar.meeting m on m.id = i.meeting_id where i.data->>'subject' = 'Much'`,
  })
  assert.ok(row)
  // Each look at the clock is three seconds later.
  let looks = 0
  const needs = {
    db: server.db,
    now: () => new Date(3000 * looks++),
    reader: { read: async (_job: 'html', said: string) => ({ text: said, html: said }) },
  }
  const old = (content: string, meeting_id = row.meeting_id) => ({
    ...row,
    meeting_id,
    body_text: null,
    data: { body: { contentType: 'html' as const, content } },
  })
  const others = ['00000000-0000-8000-8000-000000000001', '00000000-0000-8000-8000-000000000002']
  const rows = [old('first'), ...others.map(id => old('later', id))]
  await assert.rejects(
    withText(needs, rows, (_row, text) => text),
    { name: 'Overloaded' },
  )
  assert.equal((await kept('Much'))?.body_text, 'first')
})

/** As a row from before the migration; `content`: with another body. */
async function forget(subject: string, content?: string): Promise<void> {
  await server.db.query(
    {
      text: `update calendar.meeting m set body_text = null, safe_html = null from calendar.item i
        where i.meeting_id = m.id and i.data->>'subject' = $1`,
    },
    [subject],
  )
  if (content === undefined) return
  await server.db.query(
    {
      text: `update calendar.item set data = jsonb_set(data, '{body,content}', to_jsonb($2::text))
        where data->>'subject' = $1`,
    },
    [subject, content],
  )
}

const refused: readonly (readonly [what: string, content: string, detail: RegExp])[] = [
  ['is nested too deep', '<div>'.repeat(257), /'body\.content' is not valid: .* 256 elements/],
  ['takes too long to read', '<a>'.repeat(333_000), /'body\.content' is not valid: .* 2000 ms/],
  ['is longer than a body may be', 'x'.repeat(1_000_001), /1,?000,?000/],
]
for (const [what, content, detail] of refused) {
  test(`a body that ${what} is refused with 500 attendees as with none, and nothing is left of it`, async () => {
    const attendees = Array.from({ length: 500 }, (_, i) => ({
      emailAddress: { address: `guest-${i}@elsewhere.example` },
    }))
    for (const invited of [[], attendees]) {
      const reply = await create({ subject: 'Refused', attendees: invited, ...html(content) })
      assert.equal(reply.status, 400, reply.text)
      const { code, message } = errorOf(reply.json)
      assert.equal(code, 'ErrorPropertyValidationFailure')
      assert.match(message, detail)
    }
    for (const table of ['item', 'message']) {
      const text = `select 1 from calendar.${table} where data->>'subject' = 'Refused'`
      assert.deepEqual(await server.db.query({ text }), [])
    }
    assert.ok(!server.mails.all.some(({ subject }) => subject === 'Refused'))
  })
}

test('a body of the greatest length is taken', async () => {
  // However slow this machine is: what takes too long is tested above.
  await using patient = await calendarServer({ idle: true, reader: { timeMs: 120_000 } })
  const paragraph = "<p class='MsoNormal' style='margin: 0cm'><span lang='EN-GB'>Some words</span></p> "
  const content = paragraph.repeat(20_000).slice(0, 999_999).padEnd(1_000_000, '.')
  assert.ok(JSON.stringify(content).length < 1_048_000, 'fits into a request')
  const body = meetingBody({ attendees: [], ...html(content) })
  const reply = await patient.as(ALICE)('POST /v1.0/me/events', { body })
  assert.equal(reply.status, 201, reply.text.slice(0, 500))
  assert.match(String(reply.json.bodyPreview), /^Some words\nSome words\n/)
})

test('while a body is read that takes long, everything else is answered, and the next body is read', async () => {
  // So much time that a busy machine answers the others within it.
  await using patient = await calendarServer({
    idle: true,
    reader: { timeMs: 8000, waitMs: 600_000, patienceOfOthers: 1000 },
  })
  const post = (body: Parameters<typeof meetingBody>[0]) =>
    patient.as(ALICE)('POST /v1.0/me/events', { body: meetingBody({ attendees: [], ...body }) })
  const order: string[] = []
  const note = (what: string) => (reply: { readonly status: number }) => {
    order.push(what)
    return reply.status
  }
  const slow = post({ subject: 'Slow', ...html('<a>'.repeat(333_000)) }).then(note('refused'))
  await patient.read.arrived(1)
  const next = post({ subject: 'Next', ...html('<p>Next</p>') }).then(note('read'))
  const list = await patient.as(BOB)('GET /v1.0/me/events')
  const plain = await post({ subject: 'Meanwhile' })
  assert.deepEqual([list.status, plain.status, order], [200, 201, []])
  assert.deepEqual([await slow, await next, order], [400, 201, ['refused', 'read']])
})

test('there is no room to wait in: 503 with Retry-After in the shape of Graph', async () => {
  await using small = await calendarServer({ idle: true, reader: { waiting: { all: 1, each: 1 } } })
  const send = (content: string) =>
    small.as(ALICE)('POST /v1.0/me/events', { body: meetingBody({ attendees: [], ...html(content) }) })
  const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => send(`<p>${i}</p>`)))
  const full = replies.filter(({ status }) => status === 503)
  assert.ok(full.length > 0)
  for (const reply of full) {
    assert.equal(errorOf(reply.json).code, 'ServiceUnavailable')
    assert.ok(Number(reply.headers.get('retry-after')) > 0)
  }
  const made = replies.filter(({ status }) => status === 201)
  assert.equal(made.length + full.length, 12)
  assert.equal(values((await small.as(ALICE)('GET /v1.0/me/events?$top=100')).json).length, made.length)
})

test('500 attendees: the body is read once, and its HTML goes to all of them only while that is not too much', async () => {
  await using idle = await calendarServer({ idle: true })
  const attendees = Array.from({ length: 500 }, (_, i) => ({
    emailAddress: { address: `guest-${i}@elsewhere.example` },
  }))
  for (const [subject, paragraphs] of [
    ['Short', 500],
    ['Long', 800],
  ] as const) {
    const content = '<p>Hi <i>you</i></p>'.repeat(paragraphs)
    const body = meetingBody({ subject, attendees, ...html(content) })
    const reply = await idle.as(ALICE)('POST /v1.0/me/events', { body })
    assert.equal(reply.status, 201, reply.text.slice(0, 500))
    const mails = await idle.db.query<{ marked: number; total: number }>(
      {
        text: `select count(*) filter (where data->>'html' like '%<i>you</i>%') as marked, count(*) as total
          from engine.effect where kind = 'mail.send' and data->>'subject' = $1 and data->>'text' like '%Hi you%'`,
      },
      [subject],
    )
    assert.deepEqual({ ...mails[0] }, { marked: subject === 'Short' ? 500 : 0, total: 500 })
  }
  assert.equal(idle.read.all.length, 2)
})
