// This folder makes the mail of a meeting. This file has the two iTIP messages that an organizer's server
// sends (RFC 5546 3.2.2 and 3.2.5): REQUEST invites, CANCEL calls off. It also adds what mail programs need
// beyond the RFC (DTSTART in a CANCEL, STATUS:CANCELLED, SEQUENCE + 1). The folder must not touch the
// database: it makes text from what it is given.

import ICAL from 'ical.js'
import { readAddress } from '../../core/mail-address.ts'
import type { Address, Attendee } from '../meeting/meeting.ts'
import { calendarObject, calendarText, property } from './calendar-object.ts'

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
}

/** Writes one message for a list of attendees. What is the same for all of them was escaped and folded once. */
export type WriteItip = (attendees: readonly Attendee[]) => string

export function itipRequest(
  meeting: ItipMeeting & { readonly description: string; readonly transparent: boolean },
): WriteItip {
  const { subject, description, location, transparent } = meeting
  const lines = [
    ...common(meeting),
    calendarText('summary', subject),
    ...(description === '' ? [] : [calendarText('description', description)]),
    ...(location === '' ? [] : [calendarText('location', location)]),
    property('status', 'CONFIRMED'),
    property('transp', transparent ? 'TRANSPARENT' : 'OPAQUE'),
  ]
  const attendeeLine = once((attendee: Attendee) =>
    property('attendee', mailto(attendee), { ...named(attendee), partstat: 'NEEDS-ACTION', rsvp: 'TRUE' }),
  )
  return attendees => calendarObject('REQUEST', [...lines, ...attendees.map(attendeeLine)])
}

/** `comment` is the organizer's own words; null leaves COMMENT out. No VALARM: RFC 5546 forbids it here. */
export function itipCancel(meeting: ItipMeeting & { readonly comment: string | null }): WriteItip {
  const { subject, comment, location } = meeting
  const lines = [
    ...common(meeting),
    calendarText('summary', `Canceled: ${subject}`),
    ...(location === '' ? [] : [calendarText('location', location)]),
    ...(comment === null || comment === '' ? [] : [calendarText('comment', comment)]),
    property('status', 'CANCELLED'),
    property('transp', 'TRANSPARENT'),
  ]
  const attendeeLine = once((attendee: Attendee) => property('attendee', mailto(attendee), named(attendee)))
  return attendees => calendarObject('CANCEL', [...lines, ...attendees.map(attendeeLine)])
}

/** Each mail of a meeting lists all attendees: the line of each is written once. */
function once(write: (attendee: Attendee) => string): (attendee: Attendee) => string {
  const written = new Map<Attendee, string>()
  return attendee => {
    const known = written.get(attendee) ?? write(attendee)
    written.set(attendee, known)
    return known
  }
}

function common(meeting: ItipMeeting): readonly string[] {
  const time = (at: Date) => (meeting.isAllDay ? utcDate(at) : utcTime(at))
  return [
    property('uid', meeting.uid),
    property('sequence', meeting.sequence),
    property('dtstamp', utcTime(meeting.stamp)),
    property('dtstart', time(meeting.startAt)),
    property('dtend', time(meeting.endAt)),
    property('organizer', mailto(meeting.organizer), { cn: meeting.organizer.name }),
  ]
}

/** As the address stands in the mail itself: mail programs compare the two. It was checked, so it holds no line break. */
function mailto({ address }: Address): string {
  return `mailto:${readAddress(address) ?? address.replace(/[\x00-\x1f\x7f]/g, '')}`
}

/** The name, kind and role of an attendee, in the order in which mail programs write them. */
function named(attendee: Attendee): { readonly [parameter: string]: string } {
  return {
    cn: attendee.name,
    ...(attendee.type === 'resource' && { cutype: 'RESOURCE' }),
    role: role(attendee),
  }
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

function utcTime(at: Date): ICAL.Time {
  return ICAL.Time.fromJSDate(at, true)
}

function utcDate(at: Date): ICAL.Time {
  return ICAL.Time.fromDateString(at.toISOString().slice(0, 10))
}
