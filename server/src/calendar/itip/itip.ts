// The two iTIP messages that an organizer's server sends (RFC 5546 3.2.2 and 3.2.5): REQUEST invites, CANCEL calls off.
// What mail programs need beyond the RFC (DTSTART in a CANCEL, STATUS:CANCELLED, SEQUENCE + 1) is in it.

import { readAddress } from '../../core/mail-address.ts'
import type { Address, Attendee } from '../meeting/meeting.ts'
import { plainLine, textLine } from './content-line.ts'

export type ItipMeeting = {
  readonly uid: string
  /** 0 for the first REQUEST; a CANCEL's is higher than that of all before it. */
  readonly sequence: number
  /** When this message was made. */
  readonly stamp: Date
  readonly subject: string
  readonly startAt: Date
  readonly endAt: Date
  /** Then the dates count, read in UTC; the end is the day after the last. */
  readonly isAllDay: boolean
  readonly location: string
  readonly organizer: Address
  readonly attendees: readonly Attendee[]
}

export function itipRequest(
  meeting: ItipMeeting & { readonly description: string; readonly transparent: boolean },
): string {
  return calendar('REQUEST', [
    ...common(meeting),
    textLine('SUMMARY', meeting.subject),
    ...(meeting.description === '' ? [] : [textLine('DESCRIPTION', meeting.description)]),
    ...(meeting.location === '' ? [] : [textLine('LOCATION', meeting.location)]),
    plainLine('STATUS', 'CONFIRMED'),
    plainLine('TRANSP', meeting.transparent ? 'TRANSPARENT' : 'OPAQUE'),
    ...meeting.attendees.map(attendee =>
      plainLine('ATTENDEE', mailto(attendee), [
        ['CN', attendee.name],
        ...cuType(attendee),
        ['ROLE', role(attendee)],
        ['PARTSTAT', 'NEEDS-ACTION'],
        ['RSVP', 'TRUE'],
      ]),
    ),
  ])
}

/** `comment` is the organizer's own words; null leaves COMMENT out. No VALARM: RFC 5546 forbids it here. */
export function itipCancel(meeting: ItipMeeting & { readonly comment: string | null }): string {
  return calendar('CANCEL', [
    ...common(meeting),
    textLine('SUMMARY', `Canceled: ${meeting.subject}`),
    ...(meeting.location === '' ? [] : [textLine('LOCATION', meeting.location)]),
    ...(meeting.comment === null || meeting.comment === '' ? [] : [textLine('COMMENT', meeting.comment)]),
    plainLine('STATUS', 'CANCELLED'),
    plainLine('TRANSP', 'TRANSPARENT'),
    ...meeting.attendees.map(attendee =>
      plainLine('ATTENDEE', mailto(attendee), [
        ['CN', attendee.name],
        ...cuType(attendee),
        ['ROLE', role(attendee)],
      ]),
    ),
  ])
}

function calendar(method: 'REQUEST' | 'CANCEL', event: readonly string[]): string {
  return [
    plainLine('BEGIN', 'VCALENDAR'),
    plainLine('PRODID', '-//Standdown//Calendar//EN'),
    plainLine('VERSION', '2.0'),
    plainLine('CALSCALE', 'GREGORIAN'),
    plainLine('METHOD', method),
    plainLine('BEGIN', 'VEVENT'),
    ...event,
    plainLine('END', 'VEVENT'),
    plainLine('END', 'VCALENDAR'),
  ].join('')
}

function common(meeting: ItipMeeting): readonly string[] {
  const time = meeting.isAllDay
    ? [
        plainLine('DTSTART', utcDate(meeting.startAt), [['VALUE', 'DATE']]),
        plainLine('DTEND', utcDate(meeting.endAt), [['VALUE', 'DATE']]),
      ]
    : [plainLine('DTSTART', utcTime(meeting.startAt)), plainLine('DTEND', utcTime(meeting.endAt))]
  return [
    plainLine('UID', meeting.uid),
    plainLine('SEQUENCE', String(meeting.sequence)),
    plainLine('DTSTAMP', utcTime(meeting.stamp)),
    ...time,
    plainLine('ORGANIZER', mailto(meeting.organizer), [['CN', meeting.organizer.name]]),
  ]
}

/** As the address stands in the mail itself: mail programs compare the two. */
function mailto({ address }: Address): string {
  return `mailto:${readAddress(address) ?? address}`
}

function role(attendee: Attendee): string {
  switch (attendee.type) {
    case 'required':
      return 'REQ-PARTICIPANT'
    case 'optional':
      return 'OPT-PARTICIPANT'
    case 'resource':
      return 'NON-PARTICIPANT'
  }
  return attendee.type satisfies never
}

function cuType(attendee: Attendee): readonly (readonly [string, string])[] {
  return attendee.type === 'resource' ? [['CUTYPE', 'RESOURCE']] : []
}

function utcTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

function utcDate(at: Date): string {
  return at.toISOString().slice(0, 10).replaceAll('-', '')
}
