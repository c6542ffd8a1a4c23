// Events, and calling them off.

import type { Item } from '../../../calendar/meeting/meeting.ts'
import { cancelOne, createOne, deleteOne } from '../event-operations.ts'
import { cancelSchema, parentHeader } from '../event-schema.ts'
import { graphFault } from '../faults.ts'
import type { GraphRequest, GraphResponse } from '../graph-request.ts'
import { preferHeader } from '../preferences.ts'
import type { Query } from '../query.ts'
import type { FoundItem, Scope } from '../resolve.ts'
import { list, type Operation, one, ownerContext, pageOf, type Resources, scopeOf } from '../resource.ts'
import { writeEvent } from '../write-event.ts'

const requestId = {
  'client-request-id': {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,128}$',
    description: 'The same for the same request: a cancel or delete that comes again does nothing again.',
  },
} as const
const ifMatch = {
  'If-Match': { type: 'string', description: 'The `@odata.etag` of what is meant, or *.' },
} as const
const nothing = { type: 'null' } as const

const listEvents: Operation = {
  summary: 'Events, each once.',
  need: 'calendar.read',
  query: 'events',
  run: async (request, query) => await eventList(request, query, await scopeOf(request)),
}

export const events: Resources = {
  events: {
    GET: listEvents,
    POST: {
      summary: 'Create an event; its attendees are invited.',
      need: 'calendar.write',
      query: 'one',
      described: {
        headers: { properties: { ...requestId, ...preferHeader, 'Standdown-Parent': parentHeader } },
        body: { $ref: 'NewEvent#' },
        response: { 201: { $ref: 'Thing#' } },
      },
      run: async request => await createOne(request, await scopeOf(request)),
    },
  },
  calendarView: { GET: { ...listEvents, summary: 'Events between two times.', query: 'calendarView' } },
  event: {
    GET: { summary: 'An event.', need: 'calendar.read', query: 'one', run: event },
    DELETE: {
      summary: 'Delete an event. An organizer calls it off by that.',
      need: 'calendar.write',
      query: 'none',
      described: { headers: { properties: { ...requestId, ...ifMatch } }, response: { 204: nothing } },
      run: async request => await deleteOne(request, await scopeOf(request)),
    },
  },
  cancel: {
    POST: {
      summary: 'Call a meeting off, as its organizer.',
      need: 'calendar.write',
      query: 'none',
      described: {
        headers: { properties: requestId },
        body: cancelSchema,
        // 204: for the forms that only the draft of 2016-17 lists.
        response: { 202: nothing, 204: nothing },
      },
      run: async request => await cancelOne(request, await scopeOf(request)),
    },
  },
}

async function eventList(
  request: GraphRequest,
  query: Query,
  { mailbox, calendar }: Scope,
): Promise<GraphResponse> {
  const items = await request.needs.calendar.listItems(mailbox, {
    folder: 'calendar',
    calendarId: calendar?.id ?? null,
    window: query.window,
    ...pageOf(query),
  })
  const values = items.map(item => writeEvent(item, mailbox, request))
  return list(request, query, { context: `${ownerContext(mailbox)}/events`, values })
}

async function event(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const scope = await scopeOf(request)
  const value = writeEvent(presentItem(scope), scope.mailbox, request)
  return one(request, query, { context: `${ownerContext(scope.mailbox)}/events`, value })
}

/** @throws Fault ErrorItemNotFound for a former id, and, if the address names a calendar, for an item that is in no calendar */
function presentItem({ found, calendar }: Scope): Item {
  const { item, current }: Partial<FoundItem> = found ?? {}
  if (!item || !current || (calendar && item.folder !== 'calendar')) throw graphFault.ErrorItemNotFound()
  return item
}
