// Calendars and groups of calendars.

import { graphFault } from '../faults.ts'
import type { GraphRequest, GraphResponse } from '../graph-request.ts'
import type { Query } from '../query.ts'
import { list, one, ownerContext, paged, type Resources, scopeOf } from '../resource.ts'
import { writeCalendar, writeCalendarGroup } from '../write-calendar.ts'

const NEED = 'calendar.read'

export const calendarsAndGroups: Resources = {
  calendar: { GET: { summary: 'A calendar.', need: NEED, query: 'one', run: calendar } },
  calendars: { GET: { summary: 'Calendars.', need: NEED, query: 'list', run: calendars } },
  calendarGroups: {
    GET: { summary: 'Groups of calendars.', need: NEED, query: 'list', run: calendarGroups },
  },
  calendarGroup: { GET: { summary: 'A group of calendars.', need: NEED, query: 'one', run: calendarGroup } },
}

async function calendar(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const scope = await scopeOf(request)
  if (!scope.calendar) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/calendars`
  return one(request, query, { context, value: writeCalendar(scope.calendar, scope.mailbox) })
}

async function calendars(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox, calendarGroup } = await scopeOf(request)
  const all = await request.needs.calendar.listCalendars(mailbox)
  const within = calendarGroup ? all.filter(found => found.calendarGroupId === calendarGroup.id) : all
  const values = paged(within, query).map(found => writeCalendar(found, mailbox))
  return list(request, query, { context: `${ownerContext(mailbox)}/calendars`, values })
}

async function calendarGroups(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  const all = await request.needs.calendar.listCalendarGroups(mailbox)
  const values = paged(all, query).map(found => writeCalendarGroup(found, mailbox))
  return list(request, query, { context: `${ownerContext(mailbox)}/calendarGroups`, values })
}

async function calendarGroup(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const scope = await scopeOf(request)
  if (!scope.calendarGroup) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/calendarGroups`
  return one(request, query, { context, value: writeCalendarGroup(scope.calendarGroup, scope.mailbox) })
}
