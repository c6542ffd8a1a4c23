// Makes ids for entries of the workspace file that have no id: from the name, so that the same file gives the same ids everywhere and
// every time, and a comparison needs no stored mapping.

import { createHash } from 'node:crypto'
import { asciiDomain } from '../core/mail-address.ts'

type Named = { readonly id: string | undefined } & (
  | { readonly user: string }
  | { readonly group: string }
  | { readonly app: string }
  | { readonly site: string }
  | { readonly instance: string }
)

/** Lower case. A made one is a UUID of version 8 (RFC 9562: the meaning of its bits is up to whoever makes it). */
export function idOf(tenant: string, named: Named): string {
  if (named.id !== undefined) return named.id.toLowerCase()
  const [kind, name] = Object.entries(named).find(([key]) => key !== 'id')!
  const hash = createHash('sha256')
    .update(`${tenant}\n${kind}\n${String(name).toLowerCase()}`)
    .digest()
  hash[6] = (hash[6]! & 0x0f) | 0x80
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

/** Lower case and ASCII; of a mail address. */
export function domainOf(mail: string): string {
  const written = mail.slice(mail.lastIndexOf('@') + 1)
  return asciiDomain(written) ?? written.toLowerCase()
}
