// Reading the items of a mailbox.

import { shardOfId } from '../../core/ids.ts'
import type { Item, Mailbox, Page } from '../meeting/meeting.ts'
import { withText } from '../meeting/stored-body-text.ts'
import type { CalendarNeeds } from '../needs.ts'
import { type ItemRow, itemOf } from '../rows.ts'
import { sql } from '../statements.ts'

export async function findItem(needs: CalendarNeeds, mailbox: Mailbox, id: string): Promise<Item | null> {
  const values = [shardOfId(id), id, mailbox.tenant, mailbox.id]
  const rows = await needs.db.query<ItemRow>(sql('find-item'), values)
  return (await withText(needs, rows, itemOf))[0] ?? null
}

/** The mailbox's own copy of a meeting. */
export async function itemOfMeeting(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  meetingId: string,
): Promise<Item | null> {
  const values = [shardOfId(meetingId), meetingId, mailbox.tenant, mailbox.id]
  const rows = await needs.db.query<ItemRow>(sql('item-of-meeting'), values)
  return (await withText(needs, rows, itemOf))[0] ?? null
}

/** The meetings that these mailboxes have a copy of; of each mailbox and folder, the `limit` meetings that start last. */
export async function meetingsOf(
  { db }: Pick<CalendarNeeds, 'db'>,
  tenant: string,
  mailboxIds: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  const rows = await db.query<{ meeting_id: string }>(sql('meetings-of-mailboxes'), [
    tenant,
    mailboxIds,
    limit,
  ])
  return rows.map(row => row.meeting_id)
}

/** Whether one of these mailboxes has a copy of the meeting. */
export async function isInMeeting(
  { db }: Pick<CalendarNeeds, 'db'>,
  tenant: string,
  mailboxIds: readonly string[],
  meetingId: string,
): Promise<boolean> {
  const values = [shardOfId(meetingId), meetingId, tenant, mailboxIds]
  return (await db.query(sql('mailbox-with-meeting'), values)).length > 0
}

export type ItemList = Page & {
  readonly folder: Item['folder']
  /** Null: of all calendars. */
  readonly calendarId: string | null
  /** Those that overlap it; null: all. */
  readonly window: { readonly from: Date; readonly to: Date } | null
}

/** By start. */
export async function listItems(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  list: ItemList,
): Promise<readonly Item[]> {
  const { folder, calendarId, window, skip, top } = list
  const values = [
    mailbox.tenant,
    mailbox.id,
    folder,
    calendarId,
    window?.from ?? null,
    window?.to ?? null,
    skip,
    top,
  ]
  return await withText(needs, await needs.db.query<ItemRow>(sql('list-items'), values), itemOf)
}
