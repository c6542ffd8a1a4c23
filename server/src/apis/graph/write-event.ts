// An item of the calendar → JSON of a Graph event.

import { previewOf } from '../../calendar/meeting/body-text.ts'
import type { Body, Item, Mailbox, WallTime } from '../../calendar/meeting/meeting.ts'
import { encodeOutlookId } from '../../calendar/outlook-id.ts'
import { wallTime } from '../../calendar/time-zone.ts'
import { escapeHtml } from '../../core/html-text.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Preferences } from './preferences.ts'

const NO_TIME = '0001-01-01T00:00:00Z'

export function itemId(item: Pick<Item, 'mailboxId' | 'id' | 'generation'>): string {
  return encodeOutlookId({
    type: 'item',
    mailboxId: item.mailboxId,
    id: item.id,
    generation: item.generation,
  })
}

export function calendarId(mailbox: Mailbox, id: string): string {
  return encodeOutlookId({ type: 'calendar', mailboxId: mailbox.id, id, generation: 0 })
}

/** `root`: public URL and version. */
export function writeEvent(
  item: Item,
  mailbox: Mailbox,
  { root, prefer }: { root: string; prefer: Preferences },
) {
  const { data } = item
  const id = itemId(item)
  const changeKey = changeKeyOf(item)
  const mailboxUrl = `${root}/${mailbox.kind === 'user' ? 'users' : 'groups'}('${mailbox.id}')`
  const calendar = `${mailboxUrl}/calendars('${calendarId(mailbox, item.calendarId)}')`
  return {
    '@odata.etag': etagOf(item),
    id,
    createdDateTime: dateTime(item.createdAt),
    lastModifiedDateTime: dateTime(item.modifiedAt),
    changeKey,
    categories: data.categories,
    transactionId: data.transactionId,
    originalStartTimeZone: data.start.zone,
    originalEndTimeZone: data.end.zone,
    iCalUId: item.iCalUid,
    uid: item.iCalUid,
    reminderMinutesBeforeStart: data.reminderMinutesBeforeStart,
    isReminderOn: data.isReminderOn,
    hasAttachments: false,
    subject: data.subject,
    bodyPreview: previewOf(item.bodyText),
    importance: data.importance,
    sensitivity: data.sensitivity,
    isAllDay: data.isAllDay,
    isCancelled: item.isCancelled,
    isOrganizer: item.role === 'organizer',
    responseRequested: data.responseRequested,
    seriesMasterId: null,
    showAs: data.showAs,
    type: 'singleInstance',
    webLink: `https://outlook.office365.com/owa/?itemid=${encodeURIComponent(id)}&exvsurl=1&path=/calendar/item`,
    onlineMeetingUrl: null,
    isOnlineMeeting: false,
    onlineMeetingProvider: 'unknown',
    allowNewTimeProposals: data.allowNewTimeProposals,
    occurrenceId: null,
    isDraft: false,
    hideAttendees: data.hideAttendees,
    responseStatus: {
      response: data.response,
      time: NO_TIME,
    },
    body: writeBody(data.body, item.bodyText, prefer),
    start: timeIn(item.startAt, data.start, { isAllDay: data.isAllDay, prefer }),
    end: timeIn(item.endAt, data.end, { isAllDay: data.isAllDay, prefer }),
    location: data.locations[0] ? writeLocation(data.locations[0]) : NO_LOCATION,
    locations: data.locations.map(writeLocation),
    recurrence: null,
    attendees: data.attendees.map(({ type, response, name, address }) => ({
      type,
      status: { response, time: NO_TIME },
      emailAddress: { name, address },
    })),
    organizer: { emailAddress: data.organizer },
    onlineMeeting: null,
    'calendar@odata.associationLink': `${calendar}/$ref`,
    'calendar@odata.navigationLink': calendar,
  }
}

/** Times are written in the preferred zone; the dates of an all-day event are the same in every zone. */
export function timeIn(
  at: Date,
  { ticks }: WallTime,
  { isAllDay, prefer }: { readonly isAllDay: boolean; readonly prefer: Preferences },
) {
  return { dateTime: wallTime(at, isAllDay ? 'UTC' : prefer.iana, ticks), timeZone: prefer.zone }
}

/** HTML comes as a document, as Exchange gives it; no body is "". `text` is what it says in plain text. */
export function writeBody(
  body: Body,
  text: string,
  prefer: Preferences,
): { contentType: 'html' | 'text'; content: string } {
  if (prefer.bodies === 'text') return { contentType: 'text', content: text }
  if (body.content === '') return { contentType: 'html', content: '' }
  if (body.contentType === 'html' && /<html[\s>]/i.test(body.content))
    return { contentType: 'html', content: body.content }
  const inner =
    body.contentType === 'html'
      ? body.content
      : `<div class="PlainText" style="white-space: pre-wrap">${escapeHtml(body.content)}</div>`
  const head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
  return {
    contentType: 'html',
    content: `<html><head>\r\n${head}\r\n</head>\r\n<body>\r\n${inner}\r\n</body></html>`,
  }
}

export function dateTime(at: Date): string {
  return `${at.toISOString().slice(0, -1)}0000Z`
}

export function etagOf(item: Item): string {
  return `W/"${changeKeyOf(item)}"`
}

function changeKeyOf(item: Item): string {
  return Buffer.from(`${item.id}:${item.version}`).toString('base64')
}

const NO_LOCATION: JsonObject = {
  displayName: '',
  locationType: 'default',
  uniqueIdType: 'unknown',
  address: {},
  coordinates: {},
}

function writeLocation(location: JsonObject): JsonObject {
  return {
    locationType: 'default',
    uniqueId: location.displayName ?? '',
    uniqueIdType: 'private',
    ...location,
  }
}
