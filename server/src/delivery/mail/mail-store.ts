// Kept mail in the database.

import { isGuid } from '../../core/ids.ts'
import type { Queries } from '../../store/database.ts'
import { sql } from '../statements.ts'
import type { MailPage, MailToKeep } from './kept-mail.ts'

export type StoredMail = MailToKeep & {
  /** Grows with every mail kept: where the next page begins. */
  readonly seq: number
}

type StoredPage = MailPage & { readonly limit: number }

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

export type MailStore = ReturnType<typeof createMailStore>

export function createMailStore(db: Queries) {
  return {
    /** The same mail again changes nothing. */
    async keep(mail: MailToKeep): Promise<void> {
      const { tenant, id, messageId, envelopeFrom, envelopeTo, fromName, fromAddress, subject } = mail
      const who = [tenant, id, messageId, envelopeFrom, envelopeTo, fromName, fromAddress, subject]
      await db.query(sql('keep-mail'), [...who, mail.method, mail.raw, mail.at])
    },
    /** Newest first. */
    async list(tenant: string, page: StoredPage): Promise<readonly StoredMail[]> {
      const values = [tenant, page.recipient ?? null, page.before ?? null, page.limit]
      return (await db.query<Row>(sql('list-kept-mail'), values)).map(mailOf)
    },
    /** Deletes what was kept longer ago than that, at most `limit`. Gives back how many went. */
    async dropOlderThan(ms: number, limit: number): Promise<number> {
      return (await db.query(sql('drop-old-mail'), [ms, limit])).length
    },
    async read(tenant: string, id: string): Promise<StoredMail | null> {
      if (!isGuid(id)) return null
      const [row] = await db.query<Row>(sql('read-kept-mail'), [tenant, id])
      return row ? mailOf(row) : null
    },
  }
}

function mailOf(row: Row): StoredMail {
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
