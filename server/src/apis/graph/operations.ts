// What a method does on a node, once its address is resolved: one entry per node, one function per method.

import type { Item, Mailbox } from '../../calendar/meeting/meeting.ts'
import { MAIL_FOLDERS } from '../../calendar/meeting/meeting.ts'
import { type Need, requireScope } from './access.ts'
import { cancelOne, createOne, deleteOne } from './event-operations.ts'
import { graphFault } from './faults.ts'
import type { Answer, Asked } from './graph-request.ts'
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
  run(asked: Asked, query: Query): Promise<Answer>
}
type Methods = { readonly GET?: Operation; readonly POST?: Operation; readonly DELETE?: Operation }

const listEvents: Operation = {
  need: 'calendar.read',
  query: 'events',
  run: async (asked, query) => await eventList(asked, query, await scopeOf(asked)),
}
const listView: Operation = { ...listEvents, query: 'calendarView' }
const create: Operation = {
  need: 'calendar.write',
  query: 'one',
  run: async asked => await createOne(asked, await scopeOf(asked)),
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
      run: async asked => await deleteOne(asked, await scopeOf(asked)),
    },
  },
  cancel: {
    POST: {
      need: 'calendar.write',
      query: 'none',
      run: async asked => await cancelOne(asked, await scopeOf(asked)),
    },
  },
  messages: { GET: { need: 'mail.read', query: 'list', run: messages } },
  message: { GET: { need: 'mail.read', query: 'one', run: message } },
  mailFolders: { GET: { need: 'mail.read', query: 'list', run: mailFolders } },
  mailFolder: { GET: { need: 'mail.read', query: 'one', run: mailFolder } },
}

/** Permissions first, then what is there. @throws Fault in Graph's words */
export async function operate(asked: Asked): Promise<Answer> {
  const { principal, steps, method } = asked
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
  return await operation.run(asked, readQuery(asked.search, operation.query))
}

async function scopeOf({ needs, principal, steps }: Asked): Promise<Scope> {
  return await resolve(needs, principal, steps)
}

type Written = { readonly [name: string]: unknown }

function one(
  asked: Asked,
  query: Query,
  what: { readonly context: string; readonly value: Written },
): Answer {
  const context = `${asked.root}/$metadata#${what.context}/$entity`
  return { status: 200, body: { '@odata.context': context, ...selected(what.value, query.select) } }
}

function list(
  asked: Asked,
  query: Query,
  what: { readonly context: string; readonly values: readonly Written[] },
): Answer {
  const { page, select } = query
  const more = what.values.length > page.top
  return {
    status: 200,
    body: {
      '@odata.context': `${asked.root}/$metadata#${what.context}`,
      value: what.values.slice(0, page.top).map(value => selected(value, select)),
      ...(more ? { '@odata.nextLink': `${asked.root}/${asked.path}?${nextQuery(query)}` } : {}),
    },
  }
}

/** One more than the page, to know whether there is a next one. */
function pageOf({ page }: Query) {
  return { skip: page.skip, top: page.top + 1 }
}

function paged<T>(values: readonly T[], query: Query): readonly T[] {
  return values.slice(query.page.skip, query.page.skip + query.page.top + 1)
}

function ownerContext(mailbox: Mailbox): string {
  return `${mailbox.kind === 'user' ? 'users' : 'groups'}('${mailbox.id}')`
}

async function me(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox } = await scopeOf(asked)
  return await userById(asked, query, mailbox.id)
}

async function user(asked: Asked, query: Query): Promise<Answer> {
  return await userById(asked, query, asked.steps.at(-1)?.key ?? '')
}

async function userById(asked: Asked, query: Query, id: string): Promise<Answer> {
  const found = await asked.needs.directory.user(asked.principal.tenant, id)
  if (!found) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  return one(asked, query, { context: 'users', value: writeUser(found) })
}

async function users(asked: Asked, query: Query): Promise<Answer> {
  const found = await asked.needs.directory.users(asked.principal.tenant)
  return list(asked, query, { context: 'users', values: paged(found, query).map(writeUser) })
}

async function groups(asked: Asked, query: Query): Promise<Answer> {
  const found = await asked.needs.directory.groups(asked.principal.tenant)
  return list(asked, query, { context: 'groups', values: paged(found, query).map(writeGroup) })
}

async function group(asked: Asked, query: Query): Promise<Answer> {
  const id = asked.steps.at(-1)?.key ?? ''
  const found = await asked.needs.directory.group(asked.principal.tenant, id)
  if (!found) throw graphFault.Request_ResourceNotFound({ id: id.slice(0, 200) })
  return one(asked, query, { context: 'groups', value: writeGroup(found) })
}

async function joinedGroups(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox } = await scopeOf(asked)
  const found = await asked.needs.directory.groupsOf(asked.principal.tenant, mailbox.id)
  return list(asked, query, { context: 'groups', values: paged(found, query).map(writeGroup) })
}

async function calendar(asked: Asked, query: Query): Promise<Answer> {
  const scope = await scopeOf(asked)
  if (!scope.calendar) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/calendars`
  return one(asked, query, { context, value: writeCalendar(scope.calendar, scope.mailbox) })
}

async function calendars(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox, calendarGroup } = await scopeOf(asked)
  const all = await asked.needs.calendar.listCalendars(mailbox)
  const within = calendarGroup ? all.filter(found => found.calendarGroupId === calendarGroup.id) : all
  const values = paged(within, query).map(found => writeCalendar(found, mailbox))
  return list(asked, query, { context: `${ownerContext(mailbox)}/calendars`, values })
}

async function calendarGroups(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox } = await scopeOf(asked)
  const all = await asked.needs.calendar.listCalendarGroups(mailbox)
  const values = paged(all, query).map(found => writeCalendarGroup(found, mailbox))
  return list(asked, query, { context: `${ownerContext(mailbox)}/calendarGroups`, values })
}

async function calendarGroup(asked: Asked, query: Query): Promise<Answer> {
  const scope = await scopeOf(asked)
  if (!scope.calendarGroup) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/calendarGroups`
  return one(asked, query, { context, value: writeCalendarGroup(scope.calendarGroup, scope.mailbox) })
}

async function eventList(asked: Asked, query: Query, { mailbox, calendar }: Scope): Promise<Answer> {
  const items = await asked.needs.calendar.listItems(mailbox, {
    place: 'calendar',
    calendarId: calendar?.id ?? null,
    window: query.window,
    ...pageOf(query),
  })
  const values = items.map(item => writeEvent(item, mailbox, asked))
  return list(asked, query, { context: `${ownerContext(mailbox)}/events`, values })
}

/** @throws Fault ErrorItemNotFound for a former id, and for what is in no calendar when one was named */
export function presentItem({ found, calendar }: Scope): Item {
  const { item, current }: Partial<FoundItem> = found ?? {}
  if (!item || !current || (calendar && item.place !== 'calendar')) throw graphFault.ErrorItemNotFound()
  return item
}

async function event(asked: Asked, query: Query): Promise<Answer> {
  const scope = await scopeOf(asked)
  const value = writeEvent(presentItem(scope), scope.mailbox, asked)
  return one(asked, query, { context: `${ownerContext(scope.mailbox)}/events`, value })
}

async function messages(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox, folder } = await scopeOf(asked)
  const context = `${ownerContext(mailbox)}/messages`
  const found = await asked.needs.calendar.listMessages(mailbox, { ...pageOf(query), folder })
  const values: Written[] = found.map(written => writeMessage(written, mailbox, asked.prefer))
  // What was deleted from a calendar lies in Deleted Items too, as what it is.
  if (folder === 'deleteditems') {
    const list = { place: folder, calendarId: null, window: null, ...pageOf(query) }
    const items = await asked.needs.calendar.listItems(mailbox, list)
    for (const item of items)
      values.push({ '@odata.type': '#microsoft.graph.event', ...writeEvent(item, mailbox, asked) })
  }
  return list(asked, query, { context, values })
}

async function message(asked: Asked, query: Query): Promise<Answer> {
  const scope = await scopeOf(asked)
  if (!scope.message) throw graphFault.ErrorItemNotFound()
  const context = `${ownerContext(scope.mailbox)}/messages`
  return one(asked, query, { context, value: writeMessage(scope.message, scope.mailbox, asked.prefer) })
}

async function mailFolders(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox } = await scopeOf(asked)
  const values: Written[] = []
  for (const folder of paged(MAIL_FOLDERS, query))
    values.push(writeFolder(folder, mailbox, await asked.needs.calendar.countFolder(mailbox, folder)))
  return list(asked, query, { context: `${ownerContext(mailbox)}/mailFolders`, values })
}

async function mailFolder(asked: Asked, query: Query): Promise<Answer> {
  const { mailbox, folder } = await scopeOf(asked)
  if (!folder) throw graphFault.ErrorItemNotFound()
  const value = writeFolder(folder, mailbox, await asked.needs.calendar.countFolder(mailbox, folder))
  return one(asked, query, { context: `${ownerContext(mailbox)}/mailFolders`, value })
}
