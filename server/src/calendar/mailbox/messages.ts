// Meeting messages (Graph's eventMessage) of a mailbox: the request in the organizer's Sent Items and the attendees'
// Inboxes, and the cancellation likewise.

import { shardOfId } from '../../core/ids.ts'
import type { Queries, Tx } from '../../store/database.ts'
import type { Mailbox, MailFolder, MeetingMessage, MessageData, Page } from '../meeting/meeting.ts'
import { withText } from '../meeting/stored-body-text.ts'
import type { CalendarNeeds } from '../needs.ts'
import { type MessageRow, messageOf } from '../rows.ts'
import { sql } from '../statements.ts'

export type NewMessage = {
  /** In the meeting's shard. A message that exists already is left unchanged: a repeated delivery uses the same id. */
  readonly id: string
  readonly mailbox: { readonly tenant: string; readonly id: string }
  readonly folder: MailFolder
  readonly meetingId: string
  readonly kind: MeetingMessage['kind']
  readonly sentAt: Date
  readonly data: MessageData
}

export async function insertMessages(tx: Tx, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return
  await tx.query(sql('insert-messages'), [
    messages.map(({ id }) => shardOfId(id)),
    messages.map(({ id }) => id),
    messages.map(({ mailbox }) => mailbox.tenant),
    messages.map(({ mailbox }) => mailbox.id),
    messages.map(({ folder }) => folder),
    messages.map(({ meetingId }) => meetingId),
    messages.map(({ kind }) => kind),
    messages.map(({ sentAt }) => sentAt),
    messages.map(({ data }) => JSON.stringify(data)),
  ])
}

/** Newest first. `folder` null: of all folders. */
export async function listMessages(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  options: Page & { readonly folder: MailFolder | null },
): Promise<readonly MeetingMessage[]> {
  const values = [mailbox.tenant, mailbox.id, options.folder, options.skip, options.top]
  return await withText(needs, await needs.db.query<MessageRow>(sql('list-messages'), values), messageOf)
}

export async function findMessage(
  needs: CalendarNeeds,
  mailbox: Mailbox,
  id: string,
): Promise<MeetingMessage | null> {
  const values = [shardOfId(id), id, mailbox.tenant, mailbox.id]
  const rows = await needs.db.query<MessageRow>(sql('find-message'), values)
  return (await withText(needs, rows, messageOf))[0] ?? null
}

/** How many things lie in a folder: messages, and in Deleted Items events too. */
export async function countFolder(db: Queries, mailbox: Mailbox, folder: MailFolder): Promise<number> {
  const rows = await db.query<{ total: number }>(sql('count-folder'), [mailbox.tenant, mailbox.id, folder])
  return Number(rows[0]?.total ?? 0)
}
