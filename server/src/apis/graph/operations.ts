// What a method does on a node of the grammar, after its address was resolved: one entry for each node, one function for each method.
// A new resource needs its node in path.ts and an entry here; openapi.ts describes it from both.

import type { Item, Mailbox } from '../../calendar/meeting/meeting.ts'
import { MAIL_FOLDERS } from '../../calendar/meeting/meeting.ts'
import { type Need, requireScope } from './access.ts'
import { cancelOne, createOne, deleteOne } from './event-operations.ts'
import { graphFault } from './faults.ts'
import type { GraphRequest, GraphResponse } from './graph-request.ts'
import type { Node } from './path.ts'
import { nextQuery, type Query, type QueryKind, readQuery, selected } from './query.ts'
import { type FoundItem, resolve, type Scope } from './resolve.ts'
import { writeEvent } from './write-event.ts'
import {
  writeCalendar,
  writeCalendarGroup,
  writeFolder,
  writeGroup,
  writeMessage,
  writeUser,
} from './write-message.ts'

type Operation = {
  readonly need: Need
  readonly query: QueryKind
  run(request: GraphRequest, query: Query): Promise<GraphResponse>
}
type Methods = { readonly GET?: Operation; readonly POST?: Operation; readonly DELETE?: Operation }

const listEvents: Operation = {
  need: 'calendar.read',
  query: 'events',
  run: async (request, query) => await eventList(request, query, await scopeOf(request)),
}
const listView: Operation = { ...listEvents, query: 'calendarView' }
const create: Operation = {
  need: 'calendar.write',
  query: 'one',
  run: async request => await createOne(request, await scopeOf(request)),
}

/** What can be done at each node. */
export const OPERATIONS: { readonly [node in Node]?: Methods } = {
  me: { GET: { need: 'directory.read', query: 'one', run: me } },
  users: { GET: { need: 'directory.read', query: 'list', run: users } },
  user: { GET: { need: 'directory.read', query: 'one', run: user } },
  groups: { GET: { need: 'directory.read', query: 'list', run: groups } },
  group: { GET: { need: 'directory.read', query: 'one', run: group } },
  joinedGroups: { GET: { need: 'directory.read', query: 'list', run: joinedGroups } },
  calendar: { GET: { need: 'calendar.read', query: 'one', run: calendar } },
  calendars: { GET: { need: 'calendar.read', query: 'list', run: calendars } },
  calendarGroups: { GET: { need: 'calendar.read', query: 'list', run: calendarGroups } },
  calendarGroup: { GET: { need: 'calendar.read', query: 'one', run: calendarGroup } },
  events: { GET: listEvents, POST: create },
  calendarView: { GET: listView },
  event: {
    GET: { need: 'calendar.read', query: 'one', run: event },
    DELETE: {
      need: 'calendar.write',
      query: 'none',
      run: async request => await deleteOne(request, await scopeOf(request)),
    },
  },
  cancel: {
    POST: {
      need: 'calendar.write',
      query: 'none',
      run: async request => await cancelOne(request, await scopeOf(request)),
    },
  },
  messages: { GET: { need: 'mail.read', query: 'list', run: messages } },
  message: { GET: { need: 'mail.read', query: 'one', run: message } },
  mailFolders: { GET: { need: 'mail.read', query: 'list', run: mailFolders } },
  mailFolder: { GET: { need: 'mail.read', query: 'one', run: mailFolder } },
}

/** Checks the permissions first, then whether the resource exists. @throws Fault in Graph's words */
export async function operate(request: GraphRequest): Promise<GraphResponse> {
  const { principal, steps, method } = request
  const node = steps.at(-1)?.node ?? 'root'
  const methods = OPERATIONS[node]
  if (!methods) throw graphFault.NotImplemented({ what: node })
  const operation = method === 'GET' || method === 'POST' || method === 'DELETE' ? methods[method] : undefined
  if (!operation) {
    if (node === 'event' && (method === 'PATCH' || method === 'PUT'))
      throw graphFault.NotImplemented({ what: 'Updating an event' })
    throw graphFault.MethodNotAllowed({ method, allow: Object.keys(methods).join(', ') })
  }
  const onGroup = steps.some(step => step.node === 'group') && steps.length > 2
  requireScope(principal, operation.need, onGroup ? 'group' : 'user')
  return await operation.run(request, readQuery(request.search, operation.query))
}

async function scopeOf({ needs, principal, steps }: GraphRequest): Promise<Scope> {
  return await resolve(needs, principal, steps)
}

type Written = { readonly [name: string]: unknown }

function one(
  request: GraphRequest,
  query: Query,
  what: { readonly context: string; readonly value: Written },
): GraphResponse {
  const context = `${request.root}/$metadata#${what.context}/$entity`
  return { status: 200, body: { '@odata.context': context, ...selected(what.value, query.select) } }
}

function list(
  request: GraphRequest,
  query: Query,
  what: { readonly context: string; readonly values: readonly Written[] },
): GraphResponse {
  const { page, select } = query
  const more = what.values.length > page.top
  return {
    status: 200,
    body: {
      '@odata.context': `${request.root}/$metadata#${what.context}`,
      value: what.values.slice(0, page.top).map(value => selected(value, select)),
      ...(more ? { '@odata.nextLink': `${request.root}/${request.path}?${nextQuery(query)}` } : {}),
    },
  }
}

/** One item more than the page, to know whether there is a next page. */
function pageOf({ page }: Query) {
  return { skip: page.skip, top: page.top + 1 }
}

function paged<T>(values: readonly T[], query: Query): readonly T[] {
  return values.slice(query.page.skip, query.page.skip + query.page.top + 1)
}

function ownerContext(mailbox: Mailbox): string {
  return `${mailbox.kind === 'user' ? 'users' : 'groups'}('${mailbox.id}')`
}

async function me(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  return await userById(request, query, mailbox.id)
}

async function user(request: GraphRequest, query: Query): Promise<GraphResponse> {
  return await userById(request, query, request.steps.at(-1)?.key ?? '')
}

async function userById(request: GraphRequest, query: Query, id: string): Promise<GraphResponse> {
  const found = await request.needs.directory.user(request.principal.tenant, id)
  if (!found) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  return one(request, query, { context: 'users', value: writeUser(found) })
}

async function users(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const found = await request.needs.directory.users(request.principal.tenant)
  return list(request, query, { context: 'users', values: paged(found, query).map(writeUser) })
}

async function groups(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const found = await request.needs.directory.groups(request.principal.tenant)
  return list(request, query, { context: 'groups', values: paged(found, query).map(writeGroup) })
}

async function group(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const id = request.steps.at(-1)?.key ?? ''
  const found = await request.needs.directory.group(request.principal.tenant, id)
  if (!found) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  return one(request, query, { context: 'groups', value: writeGroup(found) })
}

async function joinedGroups(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  const found = await request.needs.directory.groupsOf(request.principal.tenant, mailbox.id)
  return list(request, query, { context: 'groups', values: paged(found, query).map(writeGroup) })
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

/** @throws Fault ErrorItemNotFound for a former id, and, if the address names a calendar, for an item that is in no calendar */
export function presentItem({ found, calendar }: Scope): Item {
  const { item, current }: Partial<FoundItem> = found ?? {}
  if (!item || !current || (calendar && item.folder !== 'calendar')) throw graphFault.ErrorItemNotFound()
  return item
}

async function event(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const scope = await scopeOf(request)
  const value = writeEvent(presentItem(scope), scope.mailbox, request)
  return one(request, query, { context: `${ownerContext(scope.mailbox)}/events`, value })
}

async function messages(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox, folder } = await scopeOf(request)
  const context = `${ownerContext(mailbox)}/messages`
  const found = await request.needs.calendar.listMessages(mailbox, { ...pageOf(query), folder })
  const values: Written[] = found.map(written => writeMessage(written, mailbox, request.prefer))
  // Events that were deleted from a calendar are in Deleted Items too, as events.
  if (folder === 'deleteditems') {
    const list = { folder, calendarId: null, window: null, ...pageOf(query) }
    const items = await request.needs.calendar.listItems(mailbox, list)
    for (const item of items)
      values.push({ '@odata.type': '#microsoft.graph.event', ...writeEvent(item, mailbox, request) })
  }
  return list(request, query, { context, values })
}

async function message(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const scope = await scopeOf(request)
  if (!scope.message) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/messages`
  return one(request, query, { context, value: writeMessage(scope.message, scope.mailbox, request.prefer) })
}

async function mailFolders(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox } = await scopeOf(request)
  const values: Written[] = []
  for (const folder of paged(MAIL_FOLDERS, query))
    values.push(writeFolder(folder, mailbox, await request.needs.calendar.countFolder(mailbox, folder)))
  return list(request, query, { context: `${ownerContext(mailbox)}/mailFolders`, values })
}

async function mailFolder(request: GraphRequest, query: Query): Promise<GraphResponse> {
  const { mailbox, folder } = await scopeOf(request)
  if (!folder) throw graphFault.ErrorItemNotFound()
  const value = writeFolder(folder, mailbox, await request.needs.calendar.countFolder(mailbox, folder))
  return one(request, query, { context: `${ownerContext(mailbox)}/mailFolders`, value })
}
