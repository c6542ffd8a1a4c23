// Ledger 4.18: the comment goes verbatim to all the attendees: message body, text and HTML of the mail, iCalendar COMMENT.

import assert from 'node:assert/strict'
import test from 'node:test'
import PostalMime from 'postal-mime'
import { ALICE, BOB } from './calendar-server.ts'
import { line, readICalendar, readText } from './icalendar-reader.ts'
import { calendarForFile, errorOf, find } from './meetings.ts'

const { server, meetings } = await calendarForFile()

const attendees = [
  { emailAddress: { address: 'bob@contoso.example', name: 'Bob; "the" \\Builder, Jr.' }, type: 'required' },
  { emailAddress: { address: 'someone@elsewhere.example', name: 'Ünïcode 漢字 👩‍🚀' }, type: 'optional' },
]

const comments: readonly (readonly [string, string])[] = [
  ['the sentence of the documentation', 'Cancelling for this week due to all hands'],
  ['Unicode', 'Grüße, 漢字, שלום, 👩‍🚀 – “so”'],
  ['10,000 characters', 'All hands! '.repeat(910).slice(0, 10_000)],
  ['10,000 characters of four octets', '🚀'.repeat(10_000)],
  ['CR LF', 'first\r\nsecond\r\n\r\nfourth'],
  ['markup', '<script>alert("x")</script> & <b>bold</b> \'quoted\''],
  ['iCalendar of its own', 'END:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:forged; a\\,b'],
  ['lines like headers and boundaries', 'Subject: forged\r\n\r\n--boundary\r\n.\r\nQUIT'],
  ['blanks at both ends', '  indented  '],
]

for (const [name, comment] of comments) {
  test(`a comment with ${name} reaches everybody verbatim`, async () => {
    const { id, subject } = await meetings.make({ attendees })
    const reply = await server.as(ALICE)(`POST /v1.0/me/events/${id}/cancel`, { body: { Comment: comment } })
    assert.equal(reply.status, 202, reply.text)
    const mails = await server.mailed(`Canceled: ${subject}`, 2)
    assert.deepEqual(mails.map(mail => mail.envelopeTo).sort(), [
      'bob@contoso.example',
      'someone@elsewhere.example',
    ])
    for (const mail of mails) {
      const parsed = await PostalMime.parse(mail.raw)
      assert.equal(parsed.subject, `Canceled: ${subject}`)
      assert.equal(parsed.from?.address, 'alice@contoso.example')
      assert.ok(lines(parsed.text ?? '').startsWith(`${lines(comment)}\n\n`), parsed.text?.slice(0, 200))
      assert.ok(lines(fromHtml(parsed.html ?? '')).includes(lines(comment)))
      assert.ok(!(parsed.html ?? '').includes('<script'))
      const calendars = parsed.attachments.filter(part => /calendar|ics/.test(part.mimeType))
      assert.ok(calendars.length > 0)
      assert.match(mail.raw.toString('latin1'), /Content-Type: text\/calendar; charset=utf-8; method=CANCEL/i)
      for (const part of calendars) {
        const calendar = readICalendar(calendarText(part.content))
        const [event] = calendar.children
        assert.equal(calendar.children.length, 1)
        assert.equal(line(calendar, 'METHOD')?.value, 'CANCEL')
        assert.equal(readText(line(event, 'COMMENT')?.value ?? ''), lines(comment))
        assert.equal(line(event, 'STATUS')?.value, 'CANCELLED')
        assert.equal(line(event, 'SEQUENCE')?.value, '1')
        assert.equal(line(event, 'ORGANIZER')?.value, 'mailto:alice@contoso.example')
        const names = event?.lines.filter(one => one.name === 'ATTENDEE').map(one => one.parameters.get('CN'))
        assert.deepEqual(
          names,
          attendees.map(attendee => attendee.emailAddress.name),
        )
      }
    }
    const inbox = '/v1.0/me/mailFolders/inbox/messages'
    await server.ran('calendar.deliver-cancel', ++delivered)
    const message = await find(server, { who: BOB, path: inbox, subject: `Canceled: ${subject}` })
    assert.deepEqual(message.body, { contentType: 'text', content: comment })
    assert.equal(message.meetingMessageType, 'meetingCancelled')
    const sent = await find(server, {
      who: ALICE,
      path: '/v1.0/me/mailFolders/sentitems/messages',
      subject: `Canceled: ${subject}`,
    })
    assert.deepEqual(sent.body, { contentType: 'text', content: comment })
  })
}
let delivered = 0

/** Mail and TEXT have one kind of line end. */
function lines(text: string): string {
  return text.replace(/\r\n|\r/g, '\n')
}

/** PostalMime gives calendar parts with bare line feeds; that they leave with CRLF is tested where they are written. */
function calendarText(content: unknown): string {
  assert.ok(content instanceof ArrayBuffer || content instanceof Uint8Array)
  return new TextDecoder().decode(content).replaceAll('\n', '\r\n')
}

function fromHtml(html: string): string {
  const body = html.replace(/<[^>]*>/g, '')
  const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return body.replace(/&(#?\w+);/g, (_, name: string) => entities[name] ?? `?${name}?`)
}

const silent: readonly (readonly [string, { readonly body?: unknown; readonly raw?: string }])[] = [
  ['no body', {}],
  ['an empty body', { raw: '' }],
  ['null', { raw: 'null' }],
  ['{}', { body: {} }],
  ['an empty comment', { body: { comment: '' } }],
  ['a comment that is null', { body: { Comment: null } }],
]
for (const [name, ask] of silent) {
  test(`cancel with ${name} sends no COMMENT`, async () => {
    const { id, subject } = await meetings.make()
    const reply = await server.as(ALICE)(`POST /v1.0/me/events/${id}/cancel`, ask)
    assert.equal(reply.status, 202, reply.text)
    const [mail] = await server.mailed(`Canceled: ${subject}`, 1)
    await server.ran('calendar.deliver-cancel', ++delivered)
    const parsed = await PostalMime.parse(mail?.raw ?? '')
    const [part] = parsed.attachments
    const calendar = readICalendar(calendarText(part?.content))
    assert.equal(line(calendar.children[0], 'COMMENT'), undefined)
  })
}

for (const name of ['comment', 'Comment', 'COMMENT', 'cOmMeNt']) {
  test(`the parameter may be called ${name}`, async () => {
    const { id, subject } = await meetings.make()
    const body = { [name]: `by ${name}`, '@odata.type': '#microsoft.graph.whatever' }
    assert.equal((await server.as(ALICE)(`POST /v1.0/me/events/${id}/cancel`, { body })).status, 202)
    const [mail] = await server.mailed(`Canceled: ${subject}`, 1)
    await server.ran('calendar.deliver-cancel', ++delivered)
    assert.match((await PostalMime.parse(mail?.raw ?? '')).text ?? '', new RegExp(`^by ${name}`))
  })
}

const refused: readonly (readonly [string, unknown, string])[] = [
  ['10,001 characters', { comment: 'x'.repeat(10_001) }, 'ErrorInvalidParameter'],
  ['10,001 characters of four octets', { comment: '🚀'.repeat(10_001) }, 'ErrorInvalidParameter'],
  ['a number', { comment: 7 }, 'ErrorInvalidParameter'],
  ['an array for a body', ['x'], 'ErrorPropertyValidationFailure'],
  ['a text for a body', 'x', 'ErrorPropertyValidationFailure'],
  ['a parameter that cancel does not have', { coment: 'x' }, 'RequestBodyRead'],
  ['two comments', { comment: 'x', Comment: 'y' }, 'ErrorPropertyValidationFailure'],
]
for (const [name, body, code] of refused) {
  test(`cancel refuses ${name} and changes nothing`, async () => {
    const { id } = await meetings.make()
    const reply = await server.as(ALICE)(`POST /v1.0/me/events/${id}/cancel`, { body })
    assert.equal(reply.status, 400, reply.text)
    assert.equal(errorOf(reply.json).code, code)
    assert.equal((await server.as(ALICE)(`GET /v1.0/me/events/${id}`)).json.isCancelled, false)
  })
}
