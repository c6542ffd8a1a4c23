// Reads the JSON of a new event. A property that cannot be kept is refused by its name, and never dropped silently. Properties that are
// read-only in Graph are ignored, as Graph does.

import type { Attendee, Body, MeetingDraft, WallTime } from '../../calendar/meeting/meeting.ts'
import { ianaZone, readWallTime, wallTime } from '../../calendar/time-zone.ts'
import { ownInstant } from '../../core/instant.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { ADDRESS_FORM, isAddress, MAX_ADDRESS } from '../../core/mail-address.ts'
import { graphFault } from './faults.ts'
import { invalid, JsonFields } from './json-fields.ts'

export const MAX_SUBJECT = 255
export const MAX_ATTENDEES = 500
export const MAX_NAME = 255
export const MAX_BODY = 1_000_000
export const MAX_CATEGORIES = 100
export const MAX_LOCATIONS = 20
export const MAX_REMINDER_MINUTES = 2_629_800
export const IMPORTANCES = ['low', 'normal', 'high'] as const
export const SENSITIVITIES = ['normal', 'personal', 'private', 'confidential'] as const
export const SHOW_AS = ['free', 'tentative', 'busy', 'oof', 'workingElsewhere', 'unknown'] as const
// Exchange's own bounds for a calendar item.
const YEARS = { min: 1601, max: 4500 }

const WRITABLE = new Set(
  `subject body start end isAllDay location locations attendees categories importance sensitivity showAs isReminderOn
  reminderMinutesBeforeStart responseRequested allowNewTimeProposals hideAttendees transactionId`
    .toLowerCase()
    .split(/\s+/),
)
/** Graph ignores these too when the calendar has no provider of online meetings. */
const ONLINE = new Set(['isonlinemeeting', 'onlinemeetingprovider', 'onlinemeetingurl', 'onlinemeeting'])
const READ_ONLY = new Set(
  `id changeKey createdDateTime lastModifiedDateTime iCalUId uid organizer isOrganizer isCancelled isDraft hasAttachments
  bodyPreview responseStatus seriesMasterId type webLink originalStart originalStartTimeZone originalEndTimeZone occurrenceId
  cancelledOccurrences`
    .toLowerCase()
    .split(/\s+/),
)
const LATER = new Set(
  `recurrence attachments extensions singleValueExtendedProperties multiValueExtendedProperties`
    .toLowerCase()
    .split(/\s+/),
)

/** @throws Fault ErrorPropertyValidationFailure, RequestBodyRead, TimeZoneNotSupportedException, NotImplemented */
export function readEvent(body: unknown): MeetingDraft {
  if (body === undefined || body === null)
    throw graphFault.RequestBodyRead({ detail: 'The request has no body.' })
  const fields = new JsonFields(body)
  for (const name of fields.names()) checkName(fields, name)
  // Ignored, but its type is checked.
  fields.flag('isOnlineMeeting', false)
  const isAllDay = fields.flag('isAllDay', false)
  const start = readTime(fields, 'start')
  const end = readTime(fields, 'end')
  if (isAllDay) checkAllDay(start, end)
  const [startAt, endAt] = isAllDay ? [utcMidnight(start), utcMidnight(end)] : [start.at, end.at]
  if (endAt < startAt || (isAllDay && endAt.getTime() === startAt.getTime()))
    throw invalid('end', 'it must be after the start.')
  return {
    subject: fields.text('subject', '', MAX_SUBJECT).replace(/[\r\n]+/g, ' '),
    body: readBody(fields),
    start: start.wall,
    end: end.wall,
    startAt,
    endAt,
    isAllDay,
    locations: readLocations(fields),
    attendees: fields
      .list('attendees', MAX_ATTENDEES)
      .map((value, i) => readAttendee(value, `attendees[${i}]`)),
    categories: fields.list('categories', MAX_CATEGORIES).map(value => {
      if (typeof value !== 'string' || value.length > MAX_NAME)
        throw invalid('categories', 'short strings are expected.')
      return value
    }),
    importance: fields.choice('importance', IMPORTANCES, 'normal'),
    sensitivity: fields.choice('sensitivity', SENSITIVITIES, 'normal'),
    showAs: fields.choice('showAs', SHOW_AS, 'busy'),
    isReminderOn: fields.flag('isReminderOn', true),
    reminderMinutesBeforeStart: fields.integer('reminderMinutesBeforeStart', 15, {
      min: 0,
      max: MAX_REMINDER_MINUTES,
    }),
    responseRequested: fields.flag('responseRequested', true),
    allowNewTimeProposals: fields.flag('allowNewTimeProposals', true),
    hideAttendees: fields.flag('hideAttendees', false),
    transactionId: fields.text('transactionId', '', MAX_NAME) || null,
  }
}

function checkName(fields: JsonFields, name: string): void {
  if (WRITABLE.has(name) || READ_ONLY.has(name) || ONLINE.has(name) || name.includes('@odata.')) return
  if (!LATER.has(name))
    throw graphFault.RequestBodyRead({
      detail: `The property '${name.slice(0, 100)}' does not exist on type 'microsoft.graph.event'.`,
    })
  const value = fields.get(name)
  if (value !== undefined && !(Array.isArray(value) && value.length === 0))
    throw graphFault.NotImplemented({ what: name })
}

type ReadTime = { readonly wall: WallTime; readonly at: Date }

function readTime(fields: JsonFields, name: 'start' | 'end'): ReadTime {
  const time = fields.object(name)
  if (!time) throw invalid(name, 'it is required.')
  known(time, ['dateTime', 'timeZone'])
  const zone = time.text('timeZone', 'UTC', 100) || 'UTC'
  const iana = ianaZone(zone)
  if (iana === null) throw graphFault.TimeZoneNotSupportedException({ zone })
  const read = readWallTime(time.text('dateTime', '', 40), iana)
  const year = read?.at.getUTCFullYear()
  if (!read || year === undefined || year < YEARS.min || year > YEARS.max)
    throw invalid(time.path('dateTime'), 'a date and time like 2026-03-01T09:00:00 is expected.')
  const { at, ticks } = read
  const local = wallTime(at, iana).slice(0, 19)
  return { wall: { local, zone, ...(ticks === '0000' ? {} : { ticks }) }, at }
}

function checkAllDay(start: ReadTime, end: ReadTime): void {
  if (!isMidnight(start) || !isMidnight(end))
    throw invalid('isAllDay', 'start and end of an all-day event must be midnight.')
  if (start.wall.zone !== end.wall.zone)
    throw invalid('isAllDay', 'start and end must be in the same time zone.')
}

function isMidnight({ wall, at }: ReadTime): boolean {
  return wall.local.endsWith('T00:00:00') && at.getUTCMilliseconds() === 0 && wall.ticks === undefined
}

/** The start and end of an all-day event are dates without a zone. They are kept as midnights of UTC. */
function utcMidnight({ wall }: ReadTime): Date {
  return ownInstant(`${wall.local}Z`)
}

function readBody(fields: JsonFields): Body {
  const body = fields.object('body')
  if (!body) return { contentType: 'text', content: '' }
  known(body, ['contentType', 'content'])
  const contentType = body.choice('contentType', ['text', 'html'], 'text')
  return { contentType, content: body.text('content', '', MAX_BODY) }
}

function readAttendee(value: unknown, at: string): Attendee {
  const attendee = new JsonFields(value, at)
  known(attendee, ['emailAddress', 'type', 'status', 'proposedNewTime'])
  const email = attendee.object('emailAddress')
  if (!email) throw invalid(attendee.path('emailAddress'), 'it is required.')
  known(email, ['address', 'name'])
  const address = email.text('address', '', MAX_ADDRESS)
  if (!isAddress(address)) throw invalid(email.path('address'), `${ADDRESS_FORM} is expected.`)
  const name = email
    .text('name', '', MAX_NAME)
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .trim()
  const type = attendee.choice('type', ['required', 'optional', 'resource'], 'required')
  return { name: name || address, address, type, response: 'none' }
}

export const LOCATION_TEXTS = ['locationUri', 'locationEmailAddress', 'uniqueId']
export const ADDRESS_TEXTS = [
  'street',
  'city',
  'state',
  'countryOrRegion',
  'postalCode',
  'type',
  'postOfficeBox',
]
export const COORDINATES = ['latitude', 'longitude', 'altitude', 'accuracy', 'altitudeAccuracy']
export const LOCATION_TYPES =
  `default conferenceRoom homeAddress businessAddress geoCoordinates streetAddress hotel restaurant
  localBusiness postalAddress`.split(/\s+/)
export const UNIQUE_ID_TYPES = ['unknown', 'locationStore', 'directory', 'private', 'bing']

function readLocations(fields: JsonFields): readonly JsonObject[] {
  const location = fields.object('location')
  const one = location ? [readLocation(location)] : []
  const many = fields
    .list('locations', MAX_LOCATIONS)
    .map((value, i) => readLocation(new JsonFields(value, `locations[${i}]`)))
  return (many.length > 0 ? many : one).filter(isNamed)
}

function isNamed({ displayName }: JsonObject): boolean {
  return displayName !== ''
}

function readLocation(location: JsonFields): JsonObject {
  known(location, [
    'displayName',
    'locationType',
    'uniqueIdType',
    'address',
    'coordinates',
    ...LOCATION_TEXTS,
  ])
  const read: { [name: string]: Json } = {
    displayName: location.text('displayName', '', 255).replace(/[\r\n]+/g, ' '),
    locationType: location.choice('locationType', LOCATION_TYPES, 'default'),
  }
  for (const name of LOCATION_TEXTS)
    if (location.get(name) !== undefined) read[name] = location.text(name, '', 500)
  if (location.get('uniqueIdType') !== undefined)
    read.uniqueIdType = location.choice('uniqueIdType', UNIQUE_ID_TYPES, 'unknown')
  const address = location.object('address')
  if (address) {
    known(address, ADDRESS_TEXTS)
    const texts = ADDRESS_TEXTS.filter(name => address.get(name) !== undefined)
    read.address = Object.fromEntries(texts.map(name => [name, address.text(name, '', 255)]))
  }
  const coordinates = location.object('coordinates')
  if (coordinates) {
    known(coordinates, COORDINATES)
    const given = COORDINATES.filter(name => coordinates.get(name) !== undefined)
    read.coordinates = Object.fromEntries(given.map(name => [name, coordinates.number(name)]))
  }
  return read
}

function known(fields: JsonFields, names: readonly string[]): void {
  const lower = names.map(name => name.toLowerCase())
  for (const name of fields.names())
    if (!lower.includes(name) && !name.includes('@odata.'))
      throw invalid(fields.path(name).slice(0, 100), 'there is no such property.')
}
