// The mail that an attendee gets about a meeting: iTIP for the calendar, text and HTML for people. One mail per attendee.

import type { NewEffect } from '../../core/effects/effect.ts'
import { mailSend } from '../../core/effects/effect-builders.ts'
import { escapeHtml } from '../../core/html-text.ts'
import { mailboxKey } from '../../core/mail-address.ts'
import type { BodyText } from '../meeting/body-text.ts'
import type { Address, Attendee, ItemData } from '../meeting/meeting.ts'
import { itipCancel, itipRequest } from './itip.ts'

/**
 * Above this many attendees each mail lists its own recipient only, and a body is cut at this many characters: every
 * attendee's mail is kept with its effect, and 500 mails of 500 lines would make one create heavy for everybody.
 */
const MAX_LISTED_ATTENDEES = 50
const MAX_DESCRIPTION = 10_000
/** The HTML of a body goes into the mails whole, or not at all: in all mails of a meeting together at most so many characters. */
const MAX_HTML_OF_ALL = 5_000_000

export type MailedMeeting = {
  readonly iCalUid: string
  readonly sequence: number
  readonly stamp: Date
  readonly startAt: Date
  readonly endAt: Date
  readonly data: ItemData
  /** mailedAttendees of `data`: found once for all of the mails. */
  readonly everybody: readonly Attendee[]
}

export function invitationMails(meeting: MailedMeeting, body: BodyText): readonly NewEffect[] {
  const { data, everybody } = meeting
  const description = short(body.text)
  const facts = [when(meeting), whereLine(data)].filter(textLine => textLine !== '')
  const text = [facts.join('\r\n'), description].filter(part => part !== '').join('\r\n\r\n')
  const fits = (body.safeHtml?.length ?? 0) * everybody.length <= MAX_HTML_OF_ALL
  const html = document(facts, fits && body.safeHtml !== null ? body.safeHtml : preformatted(description))
  const write = itipRequest({ ...itipOf(meeting), description, transparent: data.showAs === 'free' })
  return everybody.map(to =>
    mail(to, {
      title: `Invitation mail to ${to.address}`,
      subject: data.subject,
      from: data.organizer,
      text,
      html,
      ical: { method: 'REQUEST', content: write(listedFor(to, meeting)) },
    }),
  )
}

/** `comment`: the organizer's words, verbatim in every part; null for none. */
export function cancellationMails(
  meeting: MailedMeeting,
  recipients: readonly Address[],
  comment: string | null,
): readonly NewEffect[] {
  const { data } = meeting
  const write = itipCancel({ ...itipOf(meeting), comment })
  const facts = [`Canceled: ${data.subject}`, when(meeting), whereLine(data)].filter(
    textLine => textLine !== '',
  )
  const text =
    comment === null || comment === '' ? facts.join('\r\n') : `${comment}\r\n\r\n${facts.join('\r\n')}`
  const html = document(facts, preformatted(comment ?? ''))
  return recipients.map(to =>
    mail(to, {
      title: `Cancellation mail to ${to.address}`,
      subject: `Canceled: ${data.subject}`,
      from: data.organizer,
      text,
      html,
      ical: { method: 'CANCEL', content: write(listedFor(to, meeting)) },
    }),
  )
}

/** Who gets mail: every attendee once, by address, except the organizer. */
export function mailedAttendees(data: ItemData): readonly Attendee[] {
  const seen = new Set([mailboxKey(data.organizer.address)])
  return data.attendees.filter(({ address }) => {
    const key = mailboxKey(address)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

type MailParts = {
  readonly title: string
  readonly from: Address
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly ical: { readonly method: 'REQUEST' | 'CANCEL'; readonly content: string }
}

function mail(to: Address, { title, ...parts }: MailParts): NewEffect {
  return mailSend(
    { to: { name: to.name, address: to.address }, ...parts },
    { title: [...title].slice(0, 200).join(''), due: { afterMs: 0 } },
  )
}

/** The attendees that this recipient's calendar shows. */
function listedFor(to: Address, { data, everybody }: MailedMeeting): readonly Attendee[] {
  const only = everybody.filter(({ address }) => address === to.address)
  // Somebody who is not an attendee, but whom an invitation has reached.
  if (only.length === 0) only.push({ ...to, type: 'required', response: 'none' })
  return data.hideAttendees || everybody.length > MAX_LISTED_ATTENDEES
    ? only
    : [...new Set([...everybody, ...only])]
}

function itipOf({ iCalUid, sequence, stamp, startAt, endAt, data }: MailedMeeting) {
  return {
    uid: iCalUid,
    sequence,
    stamp,
    subject: data.subject,
    startAt,
    endAt,
    isAllDay: data.isAllDay,
    location: placeName(data),
    organizer: data.organizer,
  }
}

function short(text: string): string {
  if (text.length <= MAX_DESCRIPTION) return text
  return `${text.slice(0, MAX_DESCRIPTION).replace(/[\ud800-\udbff]$/, '')} …`
}

function when({ data }: MailedMeeting): string {
  const from = data.start.local.slice(0, 16).replace('T', ' ')
  const to = data.end.local.slice(0, 16).replace('T', ' ')
  if (data.isAllDay) return `When: ${from.slice(0, 10)} to ${to.slice(0, 10)}, all day`
  return data.start.zone === data.end.zone
    ? `When: ${from} to ${to} (${data.start.zone})`
    : `When: ${from} (${data.start.zone}) to ${to} (${data.end.zone})`
}

function whereLine(data: ItemData): string {
  const name = placeName(data)
  return name === '' ? '' : `Where: ${name}`
}

function placeName(data: ItemData): string {
  return data.locations
    .map(({ displayName }) => (typeof displayName === 'string' ? displayName : ''))
    .filter(name => name !== '')
    .join('; ')
}

/** `words`: HTML that is fit for a mail. */
function document(facts: readonly string[], words: string): string {
  const lines = facts.map(textLine => `<p>${escapeHtml(textLine)}</p>`)
  const wordsPart = words === '' ? '' : `<div>${words}</div>`
  return `<!DOCTYPE html><html><body>${wordsPart}${lines.join('')}</body></html>`
}

/** A text as HTML, so that nothing in it can become markup. */
function preformatted(text: string): string {
  return text === '' ? '' : `<div style="white-space: pre-wrap">${escapeHtml(text)}</div>`
}
