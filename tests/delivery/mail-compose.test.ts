// What a composed mail looks like to those who read it: postal-mime parses it, and its octets are looked at.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import PostalMime from 'postal-mime'
import type { JsonObject } from '../../server/src/core/json.ts'
import { readMailbox } from '../../server/src/core/mail-address.ts'
import { composeMail } from '../../server/src/delivery/mail/compose-mail.ts'
import { MAX_SUBJECT, readMailOrder } from '../../server/src/delivery/mail/mail-order.ts'

const EFFECT = '0195f0c4-6d00-8a07-9c11-2b5f4d3e7a10'
const DATE = new Date('2026-03-01T09:00:00.000Z')

async function compose(data: JsonObject, domains: readonly string[] = []) {
  const order = readMailOrder(data)
  assert.ok(typeof order !== 'string', String(order))
  const mailFrom = readMailbox('Standdown <standdown@mail.example>')!
  return await composeMail({ effectId: EFFECT, order, mailFrom, domains, date: DATE })
}

const plain = { to: 'bob@contoso.example', subject: 'Hello', text: 'Bob' }

const ICS = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'METHOD:CANCEL',
  'BEGIN:VEVENT',
  'UID:1@contoso.example',
  'SUMMARY:Canceled: Café 🚀',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n')

/** The header block, unfolded: a list of `[lower-case name, value]`. */
function headersOf(raw: Buffer): [string, string][] {
  const [block = ''] = raw.toString('latin1').split('\r\n\r\n', 1)
  return block
    .replace(/\r\n[ \t]/g, ' ')
    .split('\r\n')
    .map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
}

/** A part's octets as text, line ends as they came. */
function contentOf(part: { readonly content: unknown } | undefined): string {
  return Buffer.from(part?.content as ArrayBuffer).toString('utf8')
}

const lf = (text: string | undefined) => text?.replaceAll('\r\n', '\n').trimEnd()

/** What must hold of every message on the wire. */
function assertWireForm(raw: Buffer): void {
  const text = raw.toString('latin1')
  assert.doesNotMatch(text, /[^\r]\n|\r[^\n]/, 'a bare CR or LF')
  assert.doesNotMatch(text, /[^\r\n\t\x20-\x7e]/, 'an octet that is not printable ASCII')
  const longest = Math.max(...text.split('\r\n').map(line => line.length))
  assert.ok(longest <= 998, `a line of ${longest} octets`)
}

suite('a composed mail', () => {
  test('has the headers that a machine-made mail must have, and no others', async () => {
    const { raw, messageId, envelope } = await compose(plain)
    assert.equal(messageId, `<${EFFECT}@mail.example>`)
    assert.deepEqual(envelope, { from: 'standdown@mail.example', to: 'bob@contoso.example' })
    assert.deepEqual(Object.fromEntries(headersOf(raw)), {
      'auto-submitted': 'auto-generated',
      from: 'Standdown <standdown@mail.example>',
      to: 'bob@contoso.example',
      subject: 'Hello',
      'message-id': messageId,
      date: 'Sun, 01 Mar 2026 09:00:00 +0000',
      'mime-version': '1.0',
      'content-type': 'text/plain; charset=utf-8',
      'content-transfer-encoding': 'quoted-printable',
    })
  })

  test('is the same octet for octet when it is composed again', async () => {
    const data = { ...plain, html: '<p>Bob</p>', ical: { method: 'CANCEL', content: ICS } }
    assert.deepEqual((await compose(data)).raw, (await compose(data)).raw)
  })

  test('carries a calendar object in the structure that mail programs act upon', async () => {
    const { raw } = await compose({ ...plain, html: '<p>Bob</p>', ical: { method: 'CANCEL', content: ICS } })
    const shape = [...raw.toString('latin1').matchAll(/^Content-Type: ([^\r]+)/gm)].map(([, type]) =>
      type!.replace(/;( boundary=.*)?$/, ''),
    )
    assert.deepEqual(shape, [
      'multipart/mixed',
      'multipart/alternative',
      'text/plain; charset=utf-8',
      'text/html; charset=utf-8',
      'text/calendar; charset=utf-8; method=CANCEL',
      'application/ics; name=invite.ics',
    ])
    const mail = await PostalMime.parse(raw)
    const [calendar, attachment] = mail.attachments
    assert.equal(calendar?.mimeType, 'text/calendar')
    assert.equal(calendar?.method, 'CANCEL')
    assert.equal(lf(contentOf(calendar)), lf(ICS))
    assert.equal(attachment?.filename, 'invite.ics')
    assert.equal(lf(contentOf(attachment)), lf(ICS))
    assertWireForm(raw)
  })

  test('is From the organizer where the domain is the tenant’s, with us as Sender', async () => {
    const from = { name: 'Alice Ångström', address: 'alice@contoso.example' }
    const ours = await PostalMime.parse((await compose({ ...plain, from }, ['contoso.example'])).raw)
    assert.deepEqual([ours.from?.name, ours.from?.address], [from.name, from.address])
    assert.equal(ours.sender?.address, 'standdown@mail.example')
    assert.equal(ours.replyTo, undefined)
  })

  test('is From us under the organizer’s name where it is not, with the organizer in Reply-To', async () => {
    const from = { name: 'Alice', address: 'alice@elsewhere.example' }
    const { raw, envelope } = await compose({ ...plain, from }, ['contoso.example'])
    const mail = await PostalMime.parse(raw)
    assert.deepEqual([mail.from?.name, mail.from?.address], ['Alice', 'standdown@mail.example'])
    assert.equal(mail.replyTo?.[0]?.address, 'alice@elsewhere.example')
    assert.equal(envelope.from, 'standdown@mail.example')
  })

  test('brings a comment of 10,000 characters with emoji through every part', async () => {
    const comment = 'Leider müssen wir absagen 🙈👩‍👩‍👧‍👦. '.repeat(400).slice(0, 10_000).toWellFormed()
    assert.equal(comment.length, 10_000)
    const content = ICS.replace('UID:', `COMMENT:${comment}\r\nUID:`)
    const { raw } = await compose({
      ...plain,
      text: comment,
      html: `<p>${comment}</p>`,
      ical: { method: 'CANCEL', content },
    })
    const mail = await PostalMime.parse(raw)
    assert.equal(lf(mail.text), lf(comment))
    assert.equal(mail.html?.trimEnd(), `<p>${comment}</p>`)
    assert.equal(lf(contentOf(mail.attachments[0])), lf(content))
    assertWireForm(raw)
  })

  test('may be empty', async () => {
    const { raw } = await compose({ ...plain, subject: '', text: '', html: '' })
    assert.equal((await PostalMime.parse(raw)).text?.trim(), '')
    assertWireForm(raw)
  })

  test('breaks lines of any length, and keeps dots at the beginning of lines', async () => {
    const text = `${'x'.repeat(5000)}\r\n.\r\n..\r\nend`
    const { raw } = await compose({ ...plain, text })
    assertWireForm(raw)
    assert.equal(lf((await PostalMime.parse(raw)).text), lf(text))
  })

  test('never lets a text become a header, an address or a line of its own', async () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc
        .array(
          fc.constantFrom(
            '\r\n',
            '\n',
            '\r',
            '\u0085',
            '\u2028',
            'Bcc: eve@evil.example',
            '"',
            '<',
            '>',
            ',',
            ';',
            ':',
            '=?utf-8?Q?=0D=0ABcc:_x?=',
            '\\',
            'ü',
            'x'.repeat(200),
            ' ',
          ),
          { maxLength: 30 },
        )
        .map(parts => parts.join('')),
    )
    const expected = (
      await compose({ ...plain, from: { address: 'a@b.example', name: 'n' }, headers: { 'X-Test': 'v' } }, [
        'b.example',
      ])
    ).raw
    const names = headersOf(expected).map(([name]) => name)
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, nasty, async (subject, fromName, toName, header) => {
        const { raw, envelope } = await compose(
          {
            to: { name: toName, address: 'bob@contoso.example' },
            from: { name: fromName, address: 'a@b.example' },
            subject,
            text: 'Bob',
            headers: { 'X-Test': header },
          },
          ['b.example'],
        )
        assertWireForm(raw)
        assert.deepEqual(envelope, { from: 'standdown@mail.example', to: 'bob@contoso.example' })
        const found = headersOf(raw).map(([name]) => name)
        // What is empty is left out.
        assert.deepEqual(new Set([...found, 'subject', 'x-test']), new Set(names))
        assert.equal(new Set(found).size, found.length)
        const mail = await PostalMime.parse(raw)
        assert.deepEqual(
          [mail.from?.address, mail.to?.map(to => to.address), mail.bcc],
          ['a@b.example', ['bob@contoso.example'], undefined],
        )
      }),
      { numRuns: 300 },
    )
  })

  test('shows a subject as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), async written => {
        const subject = written.replace(/\s+/gu, ' ').trim()
        const order = readMailOrder({ ...plain, subject })
        fc.pre(typeof order !== 'string' && order.subject === subject)
        const mail = await PostalMime.parse((await compose({ ...plain, subject })).raw)
        assert.equal(mail.subject ?? '', subject)
      }),
      { numRuns: 200 },
    )
  })
})

suite('an order for a mail', () => {
  for (const [what, data] of [
    ['no recipient', { ...plain, to: null }],
    ['two recipients', { ...plain, to: 'a@x.example, b@x.example' }],
    ['a list', { ...plain, to: ['a@x.example'] }],
    ['a line end in the address', { ...plain, to: 'a@x.example\r\nRCPT TO:<b@x.example>' }],
    ['angle brackets in the address', { ...plain, to: 'a@x.example><b@x.example' }],
    ['a quoted local part', { ...plain, to: '"a b"@x.example' }],
    ['a local part beyond ASCII', { ...plain, to: 'bü@x.example' }],
    ['a source route', { ...plain, to: '@a.example:b@x.example' }],
    ['no domain', { ...plain, to: 'bob@' }],
    ['a percent hack is fine, a space is not', { ...plain, to: 'a b@x.example' }],
    ['a wrong sender', { ...plain, from: { address: 'nobody' } }],
    ['a number as subject', { ...plain, subject: 1 }],
    ['no text', { to: plain.to, subject: '' }],
    ['an unknown method', { ...plain, ical: { method: 'PUBLISH', content: 'METHOD:PUBLISH' } }],
    ['a method that the object does not say', { ...plain, ical: { method: 'REQUEST', content: ICS } }],
    ['a header that is ours', { ...plain, headers: { 'Message-ID': '<x@y>' } }],
    ['a header name with a line end', { ...plain, headers: { 'X-A\r\nBcc': 'x' } }],
  ] as const satisfies readonly (readonly [string, JsonObject])[]) {
    test(`with ${what} is refused in words`, () => {
      assert.equal(typeof readMailOrder(data), 'string')
    })
  }

  test('writes an international domain in ASCII', () => {
    const order = readMailOrder({ ...plain, to: 'bob@bücher.example' })
    assert.ok(typeof order !== 'string')
    assert.equal(order.to.address, 'bob@xn--bcher-kva.example')
  })

  test('keeps its one-line texts on one line, and what would reorder a display out of them', () => {
    const order = readMailOrder({ ...plain, subject: ' a\r\n\tb\u0000c\u0085d\u2028e\u202ef\u2066g\ud800 ' })
    assert.ok(typeof order !== 'string')
    assert.equal(order.subject, 'a b c d e f g\ufffd')
  })

  test('cuts a long subject at a whole character', () => {
    const order = readMailOrder({ ...plain, subject: '🙈'.repeat(1000) })
    assert.ok(typeof order !== 'string')
    assert.ok(
      order.subject.length <= MAX_SUBJECT && order.subject.isWellFormed() && order.subject.endsWith('…'),
    )
  })
})
