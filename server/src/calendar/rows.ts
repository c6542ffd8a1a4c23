// Rows of calendar's tables as the values that its verbs work with.

import type {
  CalendarFolder,
  CalendarGroup,
  Item,
  ItemData,
  MailFolder,
  MeetingMessage,
  MessageData,
  Role,
} from './meeting/meeting.ts'

export type ItemRow = {
  readonly id: string
  readonly tenant: string
  readonly mailbox_id: string
  readonly calendar_id: string
  readonly meeting_id: string
  readonly ical_uid: string
  readonly role: Role
  readonly folder: Item['folder']
  readonly generation: number
  readonly version: number
  readonly is_cancelled: boolean
  readonly start_at: Date
  readonly end_at: Date
  readonly created_at: Date
  readonly modified_at: Date
  readonly data: ItemData
  /** Null: see the migration. */
  readonly body_text: string | null
}

export function itemOf(row: ItemRow, bodyText: string): Item {
  return {
    id: row.id,
    tenant: row.tenant,
    mailboxId: row.mailbox_id,
    calendarId: row.calendar_id,
    meetingId: row.meeting_id,
    iCalUid: row.ical_uid,
    role: row.role,
    folder: row.folder,
    generation: row.generation,
    version: row.version,
    isCancelled: row.is_cancelled,
    startAt: row.start_at,
    endAt: row.end_at,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    data: row.data,
    bodyText,
  }
}

export type MessageRow = {
  readonly id: string
  readonly tenant: string
  readonly mailbox_id: string
  readonly folder: MailFolder
  readonly generation: number
  readonly meeting_id: string
  readonly kind: MeetingMessage['kind']
  readonly sent_at: Date
  readonly data: MessageData
  readonly body_text: string | null
}

export function messageOf(row: MessageRow, bodyText: string): MeetingMessage {
  return {
    id: row.id,
    tenant: row.tenant,
    mailboxId: row.mailbox_id,
    folder: row.folder,
    generation: row.generation,
    meetingId: row.meeting_id,
    kind: row.kind,
    sentAt: row.sent_at,
    data: row.data,
    bodyText,
  }
}

export type MeetingRow = {
  readonly id: string
  readonly ical_uid: string
  readonly organizer_mailbox_id: string
  readonly sequence: number
  readonly cancelled_at: Date | null
  readonly cancellation_id: string | null
  readonly cancel_caller: string | null
  readonly cancel_request_key: string | null
}

export type CalendarRow = {
  readonly id: string
  readonly mailbox_id: string
  readonly calendar_group_id: string | null
  readonly name: string
  readonly is_default: boolean
}

export function calendarOf(row: CalendarRow): CalendarFolder {
  return {
    id: row.id,
    mailboxId: row.mailbox_id,
    calendarGroupId: row.calendar_group_id,
    name: row.name,
    isDefault: row.is_default,
  }
}

export type CalendarGroupRow = Omit<CalendarRow, 'calendar_group_id'>

export function calendarGroupOf(row: CalendarGroupRow): CalendarGroup {
  return { id: row.id, mailboxId: row.mailbox_id, name: row.name, isDefault: row.is_default }
}
