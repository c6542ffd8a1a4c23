// The text of bodies in mailboxes. It is stored with the meeting. Older HTML bodies have no stored text yet; such a body is read when
// it is first needed, and its text is stored then.

import { Fault } from '../../core/fault.ts'
import { shardOfId } from '../../core/ids.ts'
import { Overloaded } from '../../engine/batcher.ts'
import type { CalendarNeeds } from '../needs.ts'
import { sql } from '../statements.ts'
import { type BodyText, readBody } from './body-text.ts'
import type { Body } from './meeting.ts'

/** How long one request reads bodies that have no stored text. The texts that it has read are stored, so the next request continues. */
const MAX_READING_MS = 5000

/** Shown instead of a body that cannot be read. A new body of that kind is refused. */
const UNREADABLE: BodyText = {
  text: '(The HTML of this body cannot be read as text.)',
  safeHtml: '<p>(This body cannot be shown.)</p>',
}

type Needs = Pick<CalendarNeeds, 'db' | 'reader' | 'now'>

type BodyRow = {
  readonly tenant: string
  readonly mailbox_id: string
  readonly meeting_id: string
  readonly body_text: string | null
  readonly data: { readonly body: Body }
}

/** Each row with the text of its body. @throws Overloaded when there is more to catch up with than one request may */
export async function withText<Row extends BodyRow, T>(
  needs: Needs,
  rows: readonly Row[],
  made: (row: Row, bodyText: string) => T,
): Promise<readonly T[]> {
  const until = needs.now().getTime() + MAX_READING_MS
  const read = new Map<string, string>()
  const all: T[] = []
  for (const row of rows) {
    let text = row.data.body.contentType === 'text' ? row.data.body.content : row.body_text
    text ??= read.get(row.meeting_id) ?? null
    if (text === null) {
      if (needs.now().getTime() > until) throw new Overloaded('many bodies of this mailbox are not read yet')
      text = await readNow(needs, row)
      read.set(row.meeting_id, text)
    }
    all.push(made(row, text))
  }
  return all
}

async function readNow(needs: Needs, row: BodyRow): Promise<string> {
  const { text, safeHtml } = await readBody(needs.reader, row.data.body, row.mailbox_id).catch(error => {
    if (error instanceof Fault) return UNREADABLE
    throw error
  })
  const values = [shardOfId(row.meeting_id), row.meeting_id, row.tenant, text, safeHtml]
  await needs.db.transaction('calendar.keep-body-text', tx => tx.query(sql('keep-body-text'), values))
  return text
}
