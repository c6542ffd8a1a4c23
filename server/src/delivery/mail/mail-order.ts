// The data of an effect of kind `mail.send`, read once and checked. No code after this file gets an address or a header that could
// end a line. One effect is one recipient.

import type { Json, JsonObject } from '../../core/json.ts'
import { type Mailbox, readAddress } from '../../core/mail-address.ts'
import { oneLine } from '../one-line.ts'

export type IcalMethod = 'REQUEST' | 'CANCEL' | 'REPLY'

export type MailOrder = {
  /** Whom the mail speaks for (the organizer); null: the server itself. */
  readonly from: Mailbox | null
  readonly to: Mailbox
  readonly subject: string
  readonly text: string
  readonly html: string | null
  readonly ical: { readonly method: IcalMethod; readonly content: string } | null
  /** Further headers: `X-…`, `In-Reply-To` and `References`, one line each. */
  readonly headers: ReadonlyMap<string, string>
}

/** Longest subject in UTF-16 code units; longer ones are cut at a whole character. */
export const MAX_SUBJECT = 500

const ICAL_METHODS: readonly string[] = ['REQUEST', 'CANCEL', 'REPLY'] satisfies IcalMethod[]

const HEADER_NAME = /^(X-[A-Za-z0-9-]{1,60}|In-Reply-To|References)$/i

/** The order in `data`, or the sentence that says what is wrong with it. */
export function readMailOrder(data: JsonObject): MailOrder | string {
  const to = readMailbox(data.to)
  if (!to) return 'to is not a mail address'
  let from: Mailbox | null = null
  if (data.from !== undefined && data.from !== null) {
    from = readMailbox(data.from)
    if (!from) return 'from is not a mail address'
  }
  if (typeof data.subject !== 'string') return 'subject is not a text'
  if (typeof data.text !== 'string') return 'text is not a text'
  const html = data.html ?? null
  if (html !== null && typeof html !== 'string') return 'html is not a text'
  const ical = readIcal(data.ical)
  if (typeof ical === 'string') return ical
  const headers = readHeaders(data.headers)
  if (typeof headers === 'string') return headers
  return { from, to, subject: oneLine(data.subject, MAX_SUBJECT), text: data.text, html, ical, headers }
}

function readMailbox(value: Json | undefined): Mailbox | null {
  if (typeof value === 'string') {
    const address = readAddress(value)
    return address === null ? null : { name: '', address }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { name, address: text } = value as JsonObject
  const address = readAddress(text)
  if (address === null || (name !== undefined && name !== null && typeof name !== 'string')) return null
  return { name: oneLine(name ?? '', 200), address }
}

function readIcal(value: Json | undefined): MailOrder['ical'] | string {
  if (value === undefined || value === null) return null
  const { method, content } = value as JsonObject
  if (typeof method !== 'string' || !ICAL_METHODS.includes(method))
    return 'ical.method is not REQUEST, CANCEL or REPLY'
  if (typeof content !== 'string') return 'ical.content is not a text'
  // RFC 6047 2.4: the parameter of the part and the property must be the same; a mail program ignores it otherwise.
  if (!new RegExp(`^METHOD:${method}\\r?$`, 'm').test(content))
    return `ical.content does not say METHOD:${method}`
  return { method: method as IcalMethod, content }
}

function readHeaders(value: Json | undefined): ReadonlyMap<string, string> | string {
  const headers = new Map<string, string>()
  for (const [name, text] of Object.entries((value ?? {}) as JsonObject)) {
    if (!HEADER_NAME.test(name)) return `header ${JSON.stringify(name.slice(0, 60))} may not be set`
    if (typeof text !== 'string') return `header ${name} is not a text`
    headers.set(name, oneLine(text, 800))
  }
  return headers
}
