// Order → message octets (RFC 5322, MIME). The same order at the same moment gives the same octets: a repeat of an effect
// has the same Message-ID, by which receivers recognize the repeat.
//
// With a calendar object the structure is the one that mail programs act upon, reference CalConnect's iMIP guide:
//   multipart/mixed { multipart/alternative { text/plain, text/html, text/calendar; method=… }, application/ics }

import MailComposer from 'nodemailer/lib/mail-composer'
import type { Mailbox } from '../../core/mail-address.ts'
import type { MailOrder } from './mail-order.ts'

/** A message that is ready to be handed over. */
export type ComposedMail = {
  /** With its angle brackets: `<effect@host>`. */
  readonly messageId: string
  readonly envelope: { readonly from: string; readonly to: string }
  /** The From header's mailbox, and the subject, for lists. */
  readonly from: Mailbox
  readonly to: Mailbox
  readonly subject: string
  /** Lines end in CRLF, none is longer than 998 octets; ASCII only. */
  readonly raw: Buffer
}

export type ComposeOptions = {
  readonly effectId: string
  readonly order: MailOrder
  /** MAIL_FROM: the envelope's sender always, and the From header unless the organizer's domain is the tenant's. */
  readonly mailFrom: Mailbox
  /** Domains that the tenant may use in From, lower case. */
  readonly domains: readonly string[]
  readonly date: Date
}

/** Builds the message. It does not fail for an order that was checked. */
export async function composeMail(options: ComposeOptions): Promise<ComposedMail> {
  const { effectId, order, mailFrom, date } = options
  const who = speaker(options)
  const messageId = `<${effectId}@${domainOf(mailFrom.address)}>`
  const composer = new MailComposer({
    messageId,
    date,
    from: who.from,
    sender: who.sender ?? undefined,
    replyTo: who.replyTo ?? undefined,
    to: order.to,
    subject: order.subject,
    text: part(order.text),
    html: order.html ? part(order.html) : undefined,
    icalEvent: order.ical
      ? { method: order.ical.method, filename: 'invite.ics', ...part(withCrlf(order.ical.content)) }
      : undefined,
    // RFC 3834: so that no out-of-office robot answers.
    headers: [
      { key: 'Auto-Submitted', value: 'auto-generated' },
      ...[...order.headers].map(([key, value]) => ({ key, value })),
    ],
    baseBoundary: effectId,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const raw = await composer.compile().build()
  return {
    messageId,
    envelope: { from: mailFrom.address, to: order.to.address },
    from: who.from,
    to: order.to,
    subject: order.subject,
    raw,
  }
}

/** The host that Message-IDs are made with: the part behind the @. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

// Mail programs accept a calendar object only when From is its ORGANIZER; receiving servers accept a From only from those who may use
// its domain. So From is the organizer's own address if its domain is the tenant's (this server is then its Sender). Otherwise it is
// this server's address under the organizer's name, with Reply-To.
function speaker({ order, mailFrom, domains }: ComposeOptions) {
  const { from } = order
  if (!from) return { from: mailFrom, sender: null, replyTo: null }
  const { address } = mailFrom
  if (from.address.toLowerCase() === address.toLowerCase()) return { from, sender: null, replyTo: null }
  if (domains.includes(domainOf(from.address))) return { from, sender: mailFrom, replyTo: null }
  return { from: { name: from.name || from.address, address }, sender: null, replyTo: from }
}

// Every text is transfer-encoded, so that lines stay short, no relay rewraps them, and no "format=flowed" touches iCalendar.
// Quoted-printable keeps ASCII readable; base64 is shorter when over a sixth of the octets would be escaped.
function part(content: string) {
  const escaped = Buffer.byteLength(content) - content.replace(/[^\u0000-\u007f]/g, '').length
  const base64 = escaped * 6 > Buffer.byteLength(content)
  // The composer treats an empty content as a missing one.
  return {
    content: content || '\r\n',
    contentTransferEncoding: base64 ? ('base64' as const) : ('quoted-printable' as const),
  }
}

function withCrlf(content: string): string {
  return content.replace(/\r\n|\r|\n/g, '\r\n')
}
