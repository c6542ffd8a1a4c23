// Kept mail in the database. Its shape is delivery's `MailStore` (delivery/mail/kept-mail.ts), which compose joins it to.

import { isGuid } from '../core/ids.ts'
import type { Queries } from './database.ts'
import { statements } from './statements.ts'

const sql = statements(import.meta.url)

type Mail = {
  readonly tenant: string
  readonly id: string
  readonly messageId: string
  readonly envelopeFrom: string
  readonly envelopeTo: string
  readonly fromName: string
  readonly fromAddress: string
  readonly subject: string
  readonly method: string | null
  readonly raw: Buffer
  readonly at: Date
}

type Row = {
  seq: number
  tenant: string
  id: string
  message_id: string
  envelope_from: string
  envelope_to: string
  from_name: string
  from_address: string
  subject: string
  method: string | null
  raw: Buffer
  at: Date
}

type Page = { readonly limit: number; readonly recipient?: string; readonly before?: number }

export function createMailStore(db: Queries) {
  return {
    /** The same mail again changes nothing. */
    async keep(mail: Mail): Promise<void> {
      const { tenant, id, messageId, envelopeFrom, envelopeTo, fromName, fromAddress, subject } = mail
      const who = [tenant, id, messageId, envelopeFrom, envelopeTo, fromName, fromAddress, subject]
      await db.query(sql('keep-mail'), [...who, mail.method, mail.raw, mail.at])
    },
    /** Newest first. */
    async list(tenant: string, page: Page): Promise<readonly (Mail & { readonly seq: number })[]> {
      const values = [tenant, page.recipient ?? null, page.before ?? null, page.limit]
      return (await db.query<Row>(sql('list-kept-mail'), values)).map(mailOf)
    },
    /** Deletes what was kept longer ago than that, at most `most`. Gives back how many went. */
    async dropOlderThan(ms: number, most: number): Promise<number> {
      return (await db.query(sql('drop-old-mail'), [ms, most])).length
    },
    async read(tenant: string, id: string): Promise<(Mail & { readonly seq: number }) | null> {
      if (!isGuid(id)) return null
      const [row] = await db.query<Row>(sql('read-kept-mail'), [tenant, id])
      return row ? mailOf(row) : null
    },
  }
}

function mailOf(row: Row): Mail & { readonly seq: number } {
  const { message_id, envelope_from, envelope_to, from_name, from_address, ...same } = row
  return {
    ...same,
    messageId: message_id,
    envelopeFrom: envelope_from,
    envelopeTo: envelope_to,
    fromName: from_name,
    fromAddress: from_address,
  }
}
