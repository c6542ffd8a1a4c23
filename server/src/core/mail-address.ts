// The one check of mail addresses, used by every API and by SMTP. An address is `local@domain`: a local part in ASCII without
// quotes, and a domain in any language, which is kept in the ASCII form that mail uses. An address that a mail server would refuse
// for its syntax is refused when it is written. No accepted address can end a line, begin a header or name a second mailbox.
//
// Quoted local parts and local parts beyond ASCII (SMTPUTF8) are refused. Hardly any server accepts the first. For the second, every
// server on the way would have to support it, and a mail that bounces later is worse than an error now. Addresses that name a host by
// its number are refused too: `bob@[192.0.2.1]`, `bob@192.0.2.1`.

import { toASCII } from 'tr46'

/** RFC 5321 4.5.3.1: a path is 256 octets with its angle brackets. */
export const MAX_ADDRESS = 254
const MAX_LOCAL = 64
const MAX_DOMAIN = 253

// A dot-atom of RFC 5322 3.2.3.
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
// Checked before the mapping of UTS 46, because that turns further characters into dots and drops some.
const WRITTEN_DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const DOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`)

/** What an address looks like, for an error message to somebody whose text is not one. */
export const ADDRESS_FORM = 'an address such as bob@contoso.example'

/** The address with its domain in ASCII and lower case; null when the text is not an address. */
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

/** The domain in ASCII and lower case; null when the text is not a domain. */
export function asciiDomain(written: string): string | null {
  if (!WRITTEN_DOMAIN.test(written)) return null
  const isPlain = /^[A-Za-z0-9.-]+$/.test(written) && !/xn--/i.test(written)
  const domain = isPlain ? written.toLowerCase() : mappedDomain(written)
  if (domain === null || domain.length > MAX_DOMAIN || !DOMAIN.test(domain)) return null
  // No top-level domain is a number, so this is the address of a host.
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

/** Equal for addresses of the same mailbox, as far as this can be known: servers ignore the case of letters. */
export function mailboxKey(address: string): string {
  // In an address that is all ASCII, the mapping changes only capitals.
  if (/^[\x21-\x7e]*$/.test(address)) return address.toLowerCase()
  return (readAddress(address) ?? address).toLowerCase()
}

export type Mailbox = { readonly name: string; readonly address: string }

/** `name@host` or `Name <name@host>`, the forms of MAIL_FROM; null when it is neither. */
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
