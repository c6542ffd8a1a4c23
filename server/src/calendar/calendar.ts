// The face of the calendar: its verbs over one set of needs, its domain and its carriers for the engine. This
// room knows meetings, mailboxes and invitation mail. It must not know Graph's paths and shapes, and it must
// not send mail itself: a mail is an effect, and delivery/ sends it.

import type { Carrier } from '../core/effects/carrier.ts'
import type { Domain } from '../engine/domain.ts'
import {
  findItem,
  type ItemList,
  isInMeeting,
  itemOfMeeting,
  listItems,
  meetingsOf,
} from './mailbox/events.ts'
import {
  defaultCalendar,
  findCalendar,
  findCalendarGroup,
  listCalendarGroups,
  listCalendars,
  type MailboxDeclaration,
  provisionMailboxes,
} from './mailbox/mailboxes.ts'
import { countFolder, findMessage, listMessages } from './mailbox/messages.ts'
import { cancelMeeting, type MeetingCancel, type MeetingCancelled } from './meeting/cancel-meeting.ts'
import { createMeeting, type MeetingCreation } from './meeting/create-meeting.ts'
import { deleteEvent, type EventDeleted } from './meeting/delete-event.ts'
import { cancellationCarrier } from './meeting/deliver-cancellation.ts'
import { invitationCarrier } from './meeting/deliver-invitation.ts'
import type {
  CalendarFolder,
  CalendarGroup,
  Item,
  Mailbox,
  MailFolder,
  MeetingMessage,
  Page,
} from './meeting/meeting.ts'
import { meetingDomain } from './meeting-domain.ts'
import type { CalendarNeeds } from './needs.ts'

export type Calendar = {
  /** The id of the organizer's item. */
  createMeeting(creation: MeetingCreation): Promise<string>
  cancelMeeting(request: MeetingCancel): Promise<MeetingCancelled>
  deleteEvent(request: Omit<MeetingCancel, 'verb' | 'comment'>): Promise<EventDeleted>
  findItem(mailbox: Mailbox, id: string): Promise<Item | null>
  itemOfMeeting(mailbox: Mailbox, meetingId: string): Promise<Item | null>
  meetingsOf(tenant: string, mailboxIds: readonly string[], limit: number): Promise<readonly string[]>
  isInMeeting(tenant: string, mailboxIds: readonly string[], meetingId: string): Promise<boolean>
  listItems(mailbox: Mailbox, list: ItemList): Promise<readonly Item[]>
  listCalendars(mailbox: Mailbox): Promise<readonly CalendarFolder[]>
  findCalendar(mailbox: Mailbox, id: string): Promise<CalendarFolder | null>
  defaultCalendar(mailbox: Mailbox): Promise<CalendarFolder>
  listCalendarGroups(mailbox: Mailbox): Promise<readonly CalendarGroup[]>
  findCalendarGroup(mailbox: Mailbox, id: string): Promise<CalendarGroup | null>
  listMessages(
    mailbox: Mailbox,
    options: Page & { readonly folder: MailFolder | null },
  ): Promise<readonly MeetingMessage[]>
  findMessage(mailbox: Mailbox, id: string): Promise<MeetingMessage | null>
  countFolder(mailbox: Mailbox, folder: MailFolder): Promise<number>
  /** Makes the mailboxes of all users and groups of a tenant, and the calendars that the workspace file names. Repeatable. */
  provision(tenant: string, declarations: readonly MailboxDeclaration[]): Promise<void>
  readonly domain: Domain
  readonly carriers: readonly Carrier[]
}

export function createCalendar(needs: CalendarNeeds): Calendar {
  const { db } = needs
  const turns = needs.engine.tenantQueue('meeting')
  return {
    createMeeting: creation => createMeeting({ ...needs, turns }, creation),
    cancelMeeting: request => cancelMeeting(needs, request),
    deleteEvent: request => deleteEvent(needs, request),
    findItem: (mailbox, id) => findItem(needs, mailbox, id),
    itemOfMeeting: (mailbox, meetingId) => itemOfMeeting(needs, mailbox, meetingId),
    meetingsOf: (tenant, mailboxIds, limit) => meetingsOf(needs, tenant, mailboxIds, limit),
    isInMeeting: (tenant, mailboxIds, meetingId) => isInMeeting(needs, tenant, mailboxIds, meetingId),
    listItems: (mailbox, list) => listItems(needs, mailbox, list),
    listCalendars: mailbox => listCalendars(needs, mailbox),
    findCalendar: (mailbox, id) => findCalendar(needs, mailbox, id),
    defaultCalendar: mailbox => defaultCalendar(needs, mailbox),
    listCalendarGroups: mailbox => listCalendarGroups(needs, mailbox),
    findCalendarGroup: (mailbox, id) => findCalendarGroup(needs, mailbox, id),
    listMessages: (mailbox, options) => listMessages(needs, mailbox, options),
    findMessage: (mailbox, id) => findMessage(needs, mailbox, id),
    countFolder: (mailbox, folder) => countFolder(db, mailbox, folder),
    provision: (tenant, declarations) => provisionMailboxes(needs, tenant, declarations),
    domain: meetingDomain(needs),
    carriers: [invitationCarrier(needs), cancellationCarrier(needs)],
  }
}
