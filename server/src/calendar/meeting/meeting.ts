// This folder has the verbs of the calendar, and this file the shapes that they work with. A meeting is kept
// like this: every participant's mailbox has an item of its own, and what they share (iCalUId, SEQUENCE,
// whether it was called off) is the meeting's row. Changing or deleting one participant's item must never
// touch another's.

import type { JsonObject } from '../../core/json.ts'

export type Address = { readonly name: string; readonly address: string }

export type Body = { readonly contentType: 'text' | 'html'; readonly content: string }

export type Response = 'none' | 'organizer' | 'tentativelyAccepted' | 'accepted' | 'declined' | 'notResponded'

export type Attendee = Address & {
  readonly type: 'required' | 'optional' | 'resource'
  readonly response: Response
}

/**
 * A wall time as given: `local` is ISO without offset and decimals ('2026-03-01T09:00:00'), `zone` an IANA or Windows name,
 * `ticks` what was written behind the milliseconds, four digits; left out: zeros.
 */
export type WallTime = { readonly local: string; readonly zone: string; readonly ticks?: string }

/** What an organizer writes down. */
export type MeetingDraft = {
  readonly subject: string
  readonly body: Body
  readonly start: WallTime
  readonly end: WallTime
  readonly startAt: Date
  readonly endAt: Date
  readonly isAllDay: boolean
  /** Graph's location objects, as given, each with at least a displayName. */
  readonly locations: readonly JsonObject[]
  readonly attendees: readonly Attendee[]
  readonly categories: readonly string[]
  readonly importance: 'low' | 'normal' | 'high'
  readonly sensitivity: 'normal' | 'personal' | 'private' | 'confidential'
  readonly showAs: ShowAs
  readonly isReminderOn: boolean
  readonly reminderMinutesBeforeStart: number
  readonly responseRequested: boolean
  readonly allowNewTimeProposals: boolean
  readonly hideAttendees: boolean
  /** Chosen by the client: a second create with it is the same create. */
  readonly transactionId: string | null
}

export type ShowAs = 'free' | 'tentative' | 'busy' | 'oof' | 'workingElsewhere' | 'unknown'

/** What is kept of a draft in each copy. */
export type ItemData = Omit<MeetingDraft, 'startAt' | 'endAt'> & {
  readonly organizer: Address
  /** The owner's own answer. */
  readonly response: Response
}

export type Role = 'organizer' | 'attendee'

export type Item = {
  readonly id: string
  readonly tenant: string
  readonly mailboxId: string
  readonly calendarId: string
  readonly meetingId: string
  readonly iCalUid: string
  readonly role: Role
  readonly folder: 'calendar' | 'deleteditems'
  readonly generation: number
  readonly version: number
  readonly isCancelled: boolean
  readonly startAt: Date
  readonly endAt: Date
  readonly createdAt: Date
  readonly modifiedAt: Date
  readonly data: ItemData
  readonly bodyText: string
}

export type Mailbox = {
  readonly tenant: string
  /** The id of its owner. */
  readonly id: string
  readonly kind: 'user' | 'group'
  readonly name: string
  readonly address: string
}

export type CalendarFolder = {
  readonly id: string
  readonly mailboxId: string
  readonly calendarGroupId: string | null
  readonly name: string
  readonly isDefault: boolean
}

export type CalendarGroup = {
  readonly id: string
  readonly mailboxId: string
  readonly name: string
  readonly isDefault: boolean
}

export const MAIL_FOLDERS = ['inbox', 'sentitems', 'deleteditems'] as const
export type MailFolder = (typeof MAIL_FOLDERS)[number]

export type MessageData = {
  readonly subject: string
  readonly body: Body
  readonly from: Address
  readonly to: readonly Address[]
  readonly start: WallTime
  readonly end: WallTime
  /** ISO instants. */
  readonly startAt: string
  readonly endAt: string
  readonly isAllDay: boolean
  readonly locations: readonly JsonObject[]
}

/** A Graph eventMessage: what a mailbox holds of the correspondence about a meeting. */
export type MeetingMessage = {
  readonly id: string
  readonly tenant: string
  readonly mailboxId: string
  readonly folder: MailFolder
  readonly generation: number
  readonly meetingId: string
  readonly kind: 'meetingRequest' | 'meetingCancelled'
  readonly sentAt: Date
  readonly data: MessageData
  readonly bodyText: string
}

/** Which part of a long list. */
export type Page = { readonly skip: number; readonly top: number }
