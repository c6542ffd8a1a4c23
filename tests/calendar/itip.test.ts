import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { itipCancel, itipRequest } from '../../server/src/calendar/itip/itip.ts'
import { line, readICalendar, readText } from './icalendar-reader.ts'

/** Any text, rich in what has a meaning in iCalendar. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\\',
      ';',
      ',',
      ':',
      '"',
      '^',
      '\n',
      '\r\n',
      '\r',
      '\t',
      'ä',
      '漢',
      '👩‍🚀',
      'BEGIN:VEVENT',
      '\\n',
      "^'",
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 200,
})

/** What a TEXT can carry: line ends become one kind, other control characters are not allowed in a content line. */
function carried(given: string): string {
  return given.replace(/\r\n|\r|\n/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
}

const MEETING = {
  uid: '040000008200E000',
  sequence: 3,
  stamp: new Date('2026-03-01T08:00:00.500Z'),
  subject: 'Fair',
  startAt: new Date('2026-03-02T09:00:00Z'),
  endAt: new Date('2026-03-02T10:00:00Z'),
  isAllDay: false,
  location: '',
  organizer: { name: 'Alice', address: 'alice@contoso.example' },
} as const

test('any text comes back from a comment, in lines of at most 75 octets', () => {
  fc.assert(
    fc.property(text, given => {
      const [event] = readICalendar(itipCancel({ ...MEETING, comment: given })([])).children
      assert.equal(readText(line(event, 'COMMENT')?.value ?? ''), carried(given))
    }),
    { numRuns: 500 },
  )
})

test('any name comes back from an attendee, and cannot end the line or its quotes', () => {
  fc.assert(
    fc.property(text, given => {
      const bob = { name: given, address: 'bob@contoso.example', type: 'required', response: 'none' } as const
      const [event] = readICalendar(itipCancel({ ...MEETING, comment: null })([bob])).children
      const found = line(event, 'ATTENDEE')
      assert.equal(found?.parameters.get('CN'), carried(given))
      assert.equal(found?.parameters.get('ROLE'), 'REQ-PARTICIPANT')
      assert.equal(found?.value, 'mailto:bob@contoso.example')
      assert.equal(event?.lines.filter(({ name }) => name === 'ATTENDEE').length, 1)
    }),
    { numRuns: 500 },
  )
})

test('whatever people write, a whole message stays one event with its own properties', () => {
  fc.assert(
    fc.property(text, text, text, (subject, words, name) => {
      const meeting = {
        uid: '040000008200E000',
        sequence: 3,
        stamp: new Date('2026-03-01T08:00:00.500Z'),
        subject,
        startAt: new Date('2026-03-02T09:00:00Z'),
        endAt: new Date('2026-03-02T10:00:00Z'),
        isAllDay: false,
        location: words,
        organizer: { name, address: 'alice@contoso.example' },
        attendees: [{ name, address: 'bob@contoso.example', type: 'required', response: 'none' }],
      } as const
      const cancel = readICalendar(itipCancel({ ...meeting, comment: words })(meeting.attendees))
      const [event, ...others] = cancel.children
      assert.equal(others.length, 0)
      assert.equal(line(cancel, 'METHOD')?.value, 'CANCEL')
      assert.equal(event?.name, 'VEVENT')
      assert.deepEqual(event?.children, [])
      assert.equal(readText(line(event, 'SUMMARY')?.value ?? ''), `Canceled: ${carried(subject)}`)
      assert.equal(readText(line(event, 'COMMENT')?.value ?? ''), carried(words))
      assert.equal(line(event, 'STATUS')?.value, 'CANCELLED')
      assert.equal(line(event, 'SEQUENCE')?.value, '3')
      assert.equal(line(event, 'DTSTART')?.value, '20260302T090000Z')
      assert.equal(line(event, 'DTSTAMP')?.value, '20260301T080000Z')
      const request = readICalendar(
        itipRequest({ ...meeting, description: words, transparent: false })(meeting.attendees),
      )
      assert.equal(readText(line(request.children[0], 'DESCRIPTION')?.value ?? ''), carried(words))
    }),
    { numRuns: 200 },
  )
})

test('an all-day meeting has dates, and kinds of attendees have their roles', () => {
  const written = itipRequest({
    uid: 'U',
    sequence: 0,
    stamp: new Date('2026-03-01T08:00:00Z'),
    subject: 'Fair',
    startAt: new Date('2026-03-02T00:00:00Z'),
    endAt: new Date('2026-03-04T00:00:00Z'),
    isAllDay: true,
    location: '',
    organizer: { name: 'Alice', address: 'alice@contoso.example' },
    description: '',
    transparent: true,
  })([
    { name: 'Bob', address: 'bob@contoso.example', type: 'required', response: 'none' },
    { name: 'Carol', address: 'carol@contoso.example', type: 'optional', response: 'none' },
    { name: 'Room', address: 'room@contoso.example', type: 'resource', response: 'none' },
  ])
  const event = readICalendar(written).children[0]
  assert.equal(line(event, 'DTSTART')?.value, '20260302')
  assert.equal(line(event, 'DTSTART')?.parameters.get('VALUE'), 'DATE')
  assert.equal(line(event, 'DTEND')?.value, '20260304')
  assert.equal(line(event, 'TRANSP')?.value, 'TRANSPARENT')
  const attendees = event?.lines.filter(one => one.name === 'ATTENDEE') ?? []
  assert.deepEqual(
    attendees.map(one => [one.parameters.get('ROLE'), one.parameters.get('CUTYPE')]),
    [
      ['REQ-PARTICIPANT', undefined],
      ['OPT-PARTICIPANT', undefined],
      ['NON-PARTICIPANT', 'RESOURCE'],
    ],
  )
})
