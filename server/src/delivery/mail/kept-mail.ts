// Mail that was kept instead of sent, because no SMTP_URL is set: never dropped silently, shown by the API. The database
// behind it is the store's (delivery/mail/mail-store.ts); compose joins the two.

import PostalMime from 'postal-mime'
import type { MailStore, StoredMail } from './mail-store.ts'

/** One mail to keep. */
export type MailToKeep = {
  readonly tenant: string
  /** The effect's id, and the mail's. */
  readonly id: string
  readonly messageId: string
  readonly envelopeFrom: string
  readonly envelopeTo: string
  readonly fromName: string
  readonly fromAddress: string
  readonly subject: string
  /** The iTIP method that it carries, if any. */
  readonly method: string | null
  readonly raw: Buffer
  /** When it was handed over: on the tenant's clock, where that runs ahead (sandbox). */
  readonly at: Date
}

/** Keeps one mail; the same id again changes nothing. */
export type KeepMail = (mail: MailToKeep) => Promise<void>

export type MailPage = {
  /** At most this many; default 50. */
  readonly limit?: number
  /** Only mail to this address, in any case. */
  readonly recipient?: string
  /** Only mail kept before the one with this `seq`. */
  readonly before?: number
}

/** A kept mail as its recipient would have seen it. */
export type KeptMail = {
  /** The effect's id. */
  readonly id: string
  readonly seq: number
  readonly at: Date
  readonly messageId: string
  /** `Name <address>`, as in the From header. */
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string | null
  /** As the sender wrote it. Show it only as source or in a sandboxed frame. */
  readonly html: string | null
  /** The calendar object, if it carries one, and its method. */
  readonly calendar: string | null
  readonly method: string | null
}

/** Lists and opens kept mail. */
export function createKeptMail(store: Pick<MailStore, 'list' | 'read'>) {
  return {
    /** Newest first. */
    async list(tenant: string, page: MailPage = {}): Promise<readonly KeptMail[]> {
      const rows = await store.list(tenant, { ...page, limit: Math.min(Math.max(page.limit ?? 50, 1), 200) })
      return await Promise.all(rows.map(opened))
    },
    /** One mail with its message, octet for octet (it is ASCII). */
    async read(tenant: string, id: string): Promise<(KeptMail & { readonly raw: string }) | null> {
      const row = await store.read(tenant, id)
      return row === null ? null : { ...(await opened(row)), raw: row.raw.toString('latin1') }
    },
  }
}

async function opened(row: StoredMail): Promise<KeptMail> {
  const mail = await PostalMime.parse(row.raw)
  const calendar = mail.attachments.find(part => part.mimeType === 'text/calendar')
  const { id, seq, at, messageId, subject, method } = row
  return {
    id,
    seq,
    at,
    messageId,
    from: row.fromName === '' ? row.fromAddress : `${row.fromName} <${row.fromAddress}>`,
    to: [row.envelopeTo],
    subject,
    text: mail.text ?? null,
    html: mail.html ?? null,
    calendar: calendar ? iCalendarText(calendar.content as ArrayBuffer) : null,
    method,
  }
}

// The parser gives back quoted-printable text with bare LF.
function iCalendarText(content: ArrayBuffer): string {
  return Buffer.from(content).toString('utf8').replace(/\r?\n/g, '\r\n')
}
