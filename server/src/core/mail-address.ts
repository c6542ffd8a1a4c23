// The one check of mail addresses, from every door to SMTP. An address is `local@domain`: a local part in ASCII without
// quotes, and a domain of any language, kept in the ASCII form that mail travels by. What a mail server would refuse for its
// syntax is refused where it is written, and nothing that is taken can end a line, begin a header or name a second mailbox.
//
// Quoted local parts and those beyond ASCII (SMTPUTF8) are refused: hardly a server takes the first, the second would have
// to be known of every server on the way, and a mail that bounces later is worse than an error now. So are addresses of a
// host by its number: `bob@[192.0.2.1]`, `bob@192.0.2.1`.

import { toASCII } from 'tr46'

/** RFC 5321 4.5.3.1: a path is 256 octets with its angle brackets. */
export const MAX_ADDRESS = 254
const MAX_LOCAL = 64
const MAX_DOMAIN = 253

// A dot-atom of RFC 5322 3.2.3.
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
// Checked before UTS 46 maps it, which turns further characters into dots and drops some.
const WRITTEN_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const DOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`)

/** What an address is, for people whose text is none. */
export const ADDRESS_FORM = 'an address such as bob@contoso.example'

/** The address with its domain in ASCII and lower case; null when it is none. */
export function readAddress(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > MAX_ADDRESS) return null
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  if (at < 1 || local.length > MAX_LOCAL || !LOCAL_PART.test(local)) return null
  const domain = asciiDomain(text.slice(at + 1))
  if (domain === null || local.length + 1 + domain.length > MAX_ADDRESS) return null
  return `${local}@${domain}`
}

export function isAddress(text: unknown): boolean {
  return readAddress(text) !== null
}

/** A domain in ASCII and lower case; null when it is none. */
export function asciiDomain(written: string): string | null {
  if (!WRITTEN_DOMAIN.test(written)) return null
  const isPlain = /^[A-Za-z0-9.-]+$/.test(written) && !/xn--/i.test(written)
  const domain = isPlain ? written.toLowerCase() : mappedDomain(written)
  if (domain === null || domain.length > MAX_DOMAIN || !DOMAIN.test(domain)) return null
  // No top level is a number: this is the address of a host.
  return /(^|\.)\d+$/.test(domain) ? null : domain
}

function mappedDomain(written: string): string | null {
  return toASCII(written, {
    checkBidi: true,
    checkJoiners: true,
    checkHyphens: false,
    useSTD3ASCIIRules: true,
    verifyDNSLength: true,
    transitionalProcessing: false,
    ignoreInvalidPunycode: false,
  })
}

/** The same for the same mailbox, as far as one can know: servers do not tell capitals apart. */
export function mailboxKey(address: string): string {
  // What is all ASCII is mapped by nothing but its capitals.
  if (/^[\x21-\x7e]*$/.test(address)) return address.toLowerCase()
  return (readAddress(address) ?? address).toLowerCase()
}

export type Mailbox = { readonly name: string; readonly address: string }

/** `name@host` or `Name <name@host>`, as MAIL_FROM is written; null when it is neither. */
export function readMailbox(text: string): Mailbox | null {
  const named = /^([^<>]*)<([^<>]*)>$/.exec(text.trim())
  const address = readAddress(named ? named[2] : text.trim())
  if (address === null || /[\u0000-\u001f\u007f]/.test(text)) return null
  return {
    name: (named?.[1] ?? '')
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .slice(0, 200)
      .toWellFormed(),
    address,
  }
}
