// Reading the items of a mailbox.

import { shardOfId } from '../core/ids.ts'
import type { Queries } from '../store/database.ts'
import type { Item, Mailbox, Page } from './meeting.ts'
import { type ItemRow, itemOf } from './rows.ts'
import { sql } from './statements.ts'

export async function findItem(db: Queries, mailbox: Mailbox, id: string): Promise<Item | null> {
  const rows = await db.query<ItemRow>(sql('find-item'), [shardOfId(id), id, mailbox.tenant, mailbox.id])
  return rows[0] ? itemOf(rows[0]) : null
}

/** The mailbox's own copy of a meeting. */
export async function itemOfMeeting(db: Queries, mailbox: Mailbox, meetingId: string): Promise<Item | null> {
  const values = [shardOfId(meetingId), meetingId, mailbox.tenant, mailbox.id]
  const rows = await db.query<ItemRow>(sql('item-of-meeting'), values)
  return rows[0] ? itemOf(rows[0]) : null
}

export type ItemList = Page & {
  readonly place: Item['place']
  /** Null: of all calendars. */
  readonly calendarId: string | null
  /** Those that overlap it; null: all. */
  readonly window: { readonly from: Date; readonly to: Date } | null
}

/** By start. */
export async function listItems(db: Queries, mailbox: Mailbox, list: ItemList): Promise<readonly Item[]> {
  const { place, calendarId, window, skip, top } = list
  const values = [
    mailbox.tenant,
    mailbox.id,
    place,
    calendarId,
    window?.from ?? null,
    window?.to ?? null,
    skip,
    top,
  ]
  return (await db.query<ItemRow>(sql('list-items'), values)).map(itemOf)
}
