// Resolves an address for a caller. Each step narrows the scope, and what is not inside the scope is not found. An id of another mailbox
// is answered as if it did not exist.

import type {
  CalendarFolder,
  CalendarGroup,
  Item,
  Mailbox,
  MailFolder,
  MeetingMessage,
} from '../../calendar/meeting/meeting.ts'
import { MAIL_FOLDERS } from '../../calendar/meeting/meeting.ts'
import {
  decodeOutlookId,
  encodeOutlookId,
  looksLikeOutlookId,
  type OutlookIdType,
} from '../../calendar/outlook-id.ts'
import type { Principal } from '../../core/principal.ts'
import { groupMailbox, ownMailbox, userMailbox } from './access.ts'
import { graphFault } from './faults.ts'
import type { GraphNeeds } from './needs.ts'
import type { Step } from './path.ts'

export type FoundItem = {
  readonly item: Item
  /** False for an id that it had before it was moved: only a repeated cancel or delete still understands it. */
  readonly current: boolean
}

export type Scope = {
  readonly mailbox: Mailbox
  readonly calendarGroup: CalendarGroup | null
  /** Null: all calendars of the mailbox. */
  readonly calendar: CalendarFolder | null
  readonly found: FoundItem | null
  /** The meeting whose instances are looked at. */
  readonly instancesOf: string | null
  readonly message: MeetingMessage | null
  readonly folder: MailFolder | null
}

/** Walks all steps. @throws Fault in Graph's words for the first step that does not exist, or that the caller may not take */
export async function resolve(
  needs: GraphNeeds,
  principal: Principal,
  steps: readonly Step[],
): Promise<Scope> {
  let scope: Scope | null = null
  for (const step of steps) scope = await enter(needs, principal, scope, step)
  if (!scope) throw graphFault.BadRequest({ detail: 'The request names no mailbox.' })
  return scope
}

async function enter(
  needs: GraphNeeds,
  principal: Principal,
  scope: Scope | null,
  step: Step,
): Promise<Scope | null> {
  switch (step.node) {
    case 'root':
    case 'users':
    case 'groups':
      return null
    case 'me':
      return whole(await ownMailbox(needs, principal))
    case 'user':
      return whole(await userMailbox(needs, principal, step.key ?? ''))
    case 'group':
      return whole(await groupMailbox(needs, principal, step.key ?? ''))
    default:
      if (!scope) throw graphFault.BadRequest({ detail: 'The request names no mailbox.' })
      return await within(needs, scope, step)
  }
}

async function within(needs: GraphNeeds, scope: Scope, step: Step): Promise<Scope> {
  const { node, key } = step
  switch (node) {
    case 'calendar':
      return { ...scope, calendar: await calendarAt(needs, scope, key), found: null }
    case 'calendarGroup':
      return { ...scope, calendarGroup: await calendarGroupAt(needs, scope, key ?? '') }
    case 'event':
      return {
        ...scope,
        found: key === null ? await eventOfMessage(needs, scope) : await eventAt(needs, scope, key),
      }
    case 'instances':
      return { ...scope, instancesOf: scope.found?.item.meetingId ?? null }
    case 'message':
      return key === null ? scope : { ...scope, message: await messageAt(needs, scope, key) }
    case 'mailFolder':
      return { ...scope, folder: folderAt(scope.mailbox, key ?? '') }
    default:
      return scope
  }
}

function whole(mailbox: Mailbox): Scope {
  return {
    mailbox,
    calendarGroup: null,
    calendar: null,
    found: null,
    instancesOf: null,
    message: null,
    folder: null,
  }
}

/** The GUID in an id of this mailbox. @throws Fault ErrorInvalidIdMalformed, ErrorItemNotFound */
function idIn(mailbox: Mailbox, type: OutlookIdType, text: string) {
  if (!looksLikeOutlookId(text)) throw graphFault.ErrorInvalidIdMalformed()
  const id = decodeOutlookId(type, text)
  if (!id || id.mailboxId !== mailbox.id.toLowerCase()) throw graphFault.ErrorItemNotFound()
  return id
}

async function calendarAt(needs: GraphNeeds, scope: Scope, key: string | null): Promise<CalendarFolder> {
  const { mailbox, found, calendarGroup } = scope
  if (key === null) {
    if (!found) return await needs.calendar.defaultCalendar(mailbox)
    const calendar = await needs.calendar.findCalendar(mailbox, found.item.calendarId)
    if (!calendar) throw graphFault.ErrorItemNotFound()
    return calendar
  }
  const calendar = await needs.calendar.findCalendar(mailbox, idIn(mailbox, 'calendar', key).id)
  if (!calendar || (calendarGroup && calendar.calendarGroupId !== calendarGroup.id))
    throw graphFault.ErrorItemNotFound()
  return calendar
}

async function calendarGroupAt(needs: GraphNeeds, { mailbox }: Scope, key: string): Promise<CalendarGroup> {
  const group = await needs.calendar.findCalendarGroup(mailbox, idIn(mailbox, 'calendarGroup', key).id)
  if (!group) throw graphFault.ErrorItemNotFound()
  return group
}

async function eventAt(needs: GraphNeeds, scope: Scope, key: string): Promise<FoundItem> {
  const { mailbox, calendar, instancesOf } = scope
  const { id, generation } = idIn(mailbox, 'item', key)
  const item = await needs.calendar.findItem(mailbox, id)
  if (!item || generation > item.generation) throw graphFault.ErrorItemNotFound()
  if (calendar && item.calendarId !== calendar.id) throw graphFault.ErrorItemNotFound()
  if (instancesOf !== null && item.meetingId !== instancesOf) throw graphFault.ErrorItemNotFound()
  return { item, current: generation === item.generation }
}

async function eventOfMessage(needs: GraphNeeds, { mailbox, message }: Scope): Promise<FoundItem> {
  const item = message ? await needs.calendar.itemOfMeeting(mailbox, message.meetingId) : null
  if (!item) throw graphFault.ErrorItemNotFound()
  return { item, current: true }
}

async function messageAt(
  needs: GraphNeeds,
  { mailbox, folder }: Scope,
  key: string,
): Promise<MeetingMessage> {
  const { id, generation } = idIn(mailbox, 'message', key)
  const message = await needs.calendar.findMessage(mailbox, id)
  if (!message || message.generation !== generation) throw graphFault.ErrorItemNotFound()
  if (folder && message.folder !== folder) throw graphFault.ErrorItemNotFound()
  return message
}

/** Folders have no rows in the database: every mailbox has the same three. Their ids are made from the mailbox and a number. */
function folderAt(mailbox: Mailbox, key: string): MailFolder {
  const byName = MAIL_FOLDERS.find(name => name === key.toLowerCase())
  const folder = byName ?? MAIL_FOLDERS.find(name => folderId(mailbox, name) === key)
  if (folder) return folder
  throw looksLikeOutlookId(key) ? graphFault.ErrorItemNotFound() : graphFault.ErrorInvalidIdMalformed()
}

export function folderId(mailbox: Mailbox, folder: MailFolder): string {
  const number = MAIL_FOLDERS.indexOf(folder) + 1
  const id = `00000000-0000-8000-8000-${String(number).padStart(12, '0')}`
  return encodeOutlookId({ type: 'folder', mailboxId: mailbox.id, id, generation: 0 })
}
