// Schemas of what read-event.ts and read-cancel.ts accept, with their limits.

import { EVENT_ID } from '../../../../wire/src/event-id.ts'
import { MAX_ADDRESS } from '../../core/mail-address.ts'
import { MAX_COMMENT_CHARACTERS } from './read-cancel.ts'
import {
  ADDRESS_TEXTS,
  COORDINATES,
  IMPORTANCES,
  LOCATION_TEXTS,
  LOCATION_TYPES,
  MAX_ATTENDEES,
  MAX_BODY,
  MAX_CATEGORIES,
  MAX_LOCATIONS,
  MAX_NAME,
  MAX_REMINDER_MINUTES,
  MAX_SUBJECT,
  SENSITIVITIES,
  SHOW_AS,
  UNIQUE_ID_TYPES,
} from './read-event.ts'

const flag = { type: ['boolean', 'null'] } as const
const text = (maxLength: number) => ({ type: ['string', 'null'], maxLength }) as const
const choice = (of: readonly string[]) => ({ enum: [...of, null] }) as const
// OData annotations are ignored everywhere.
const open = { additionalProperties: false, patternProperties: { '@odata\\.': {} } } as const

const time = {
  type: 'object',
  required: ['dateTime'],
  ...open,
  properties: {
    dateTime: {
      type: 'string',
      maxLength: 40,
      description: 'A date and time like 2026-03-01T09:00:00, in the years 1601 to 4500.',
    },
    timeZone: { ...text(100), description: 'IANA or Windows name. Default UTC.' },
  },
} as const

const location = {
  type: 'object',
  ...open,
  properties: {
    displayName: text(255),
    locationType: choice(LOCATION_TYPES),
    uniqueIdType: choice(UNIQUE_ID_TYPES),
    ...Object.fromEntries(LOCATION_TEXTS.map(name => [name, text(500)])),
    address: {
      type: ['object', 'null'],
      ...open,
      properties: Object.fromEntries(ADDRESS_TEXTS.map(name => [name, text(255)])),
    },
    coordinates: {
      type: ['object', 'null'],
      ...open,
      properties: Object.fromEntries(COORDINATES.map(name => [name, { type: 'number' }])),
    },
  },
} as const

const attendee = {
  type: 'object',
  required: ['emailAddress'],
  ...open,
  properties: {
    emailAddress: {
      type: 'object',
      required: ['address'],
      ...open,
      properties: {
        address: { type: 'string', maxLength: MAX_ADDRESS, format: 'email' },
        name: text(MAX_NAME),
      },
    },
    type: choice(['required', 'optional', 'resource']),
  },
} as const

/** Names are case-insensitive, and properties that are read-only in Graph are ignored. */
export const newEventSchema = {
  $id: 'NewEvent',
  type: 'object',
  required: ['start', 'end'],
  properties: {
    subject: text(MAX_SUBJECT),
    body: {
      type: ['object', 'null'],
      ...open,
      properties: { contentType: choice(['text', 'html']), content: text(MAX_BODY) },
    },
    start: time,
    end: time,
    isAllDay: flag,
    location: { ...location, type: ['object', 'null'] },
    locations: { type: ['array', 'null'], maxItems: MAX_LOCATIONS, items: location },
    attendees: { type: ['array', 'null'], maxItems: MAX_ATTENDEES, items: attendee },
    categories: {
      type: ['array', 'null'],
      maxItems: MAX_CATEGORIES,
      items: { type: 'string', maxLength: MAX_NAME },
    },
    importance: choice(IMPORTANCES),
    sensitivity: choice(SENSITIVITIES),
    showAs: choice(SHOW_AS),
    isReminderOn: flag,
    reminderMinutesBeforeStart: { type: ['integer', 'null'], minimum: 0, maximum: MAX_REMINDER_MINUTES },
    responseRequested: flag,
    allowNewTimeProposals: flag,
    hideAttendees: flag,
    isOnlineMeeting: flag,
    transactionId: text(MAX_NAME),
  },
} as const

export const cancelSchema = {
  anyOf: [
    { type: 'object', ...open, properties: { Comment: text(MAX_COMMENT_CHARACTERS) } },
    { type: 'null' },
  ],
} as const

/** Any resource of Graph, with its id. */
export const thingSchema = {
  $id: 'Thing',
  type: 'object',
  required: ['id'],
  properties: { '@odata.context': { type: 'string' }, id: { type: 'string' } },
} as const

export const thingListSchema = {
  $id: 'ThingList',
  type: 'object',
  required: ['value'],
  properties: {
    '@odata.context': { type: 'string' },
    value: { type: 'array', items: { $ref: 'Thing#' } },
    '@odata.nextLink': { type: 'string', description: 'Address of the next page; left out on the last one.' },
  },
} as const

export const graphErrorSchema = {
  $id: 'Error',
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'innerError'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        innerError: {
          type: 'object',
          required: ['date', 'request-id', 'client-request-id'],
          properties: {
            date: { type: 'string' },
            'request-id': { type: 'string' },
            'client-request-id': { type: 'string' },
          },
        },
      },
    },
  },
} as const

export const parentHeader = {
  type: 'string',
  pattern: `^${EVENT_ID}(?:[ \\t]*;[ \\t]*link[ \\t]*=[ \\t]*(cancel|keep))?$`,
  description:
    'The event that it hangs from, by its id in the form of one of the APIs; `; link=keep` to outlive it.',
} as const
