// Ids as Graph's clients see them: case-sensitive, in the URL-safe base64 alphabet, beginning with AAMk, and different
// after a move to another folder. An id is made from the thing that it names, so no table of former ids is needed: an id
// with a lower generation than its row is the id that the row had before it was moved.
//
// Layout: 00 03 24 00, the mailbox's GUID as 36 characters, 00, a type byte, the row's GUID, 4 bytes generation, and 0 to
// the length of 77 bytes (104 characters with one "=").

import { isGuid } from '../core/ids.ts'

const TYPES = { item: 0x46, message: 0x4d, calendar: 0x06, calendarGroup: 0x07, folder: 0x2e } as const

export type OutlookIdType = keyof typeof TYPES
export type OutlookId = {
  readonly type: OutlookIdType
  readonly mailboxId: string
  readonly id: string
  readonly generation: number
}

const LENGTH = 77

export function encodeOutlookId(what: OutlookId): string {
  const bytes = Buffer.alloc(LENGTH)
  bytes.set([0x00, 0x03, 0x24, 0x00])
  bytes.write(what.mailboxId.toLowerCase(), 4, 'latin1')
  bytes[41] = TYPES[what.type]
  bytes.write(what.id.replaceAll('-', ''), 42, 'hex')
  bytes.writeUInt32BE(what.generation, 58)
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** Null for a text that is not an id of this type. Every id has exactly one spelling. */
export function decodeOutlookId(type: OutlookIdType, text: string): OutlookId | null {
  if (!looksLikeOutlookId(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== LENGTH || bytes[41] !== TYPES[type]) return null
  const hex = bytes.toString('hex', 42, 58)
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  const mailboxId = bytes.toString('latin1', 4, 40)
  if (!isGuid(mailboxId)) return null
  const decoded = { type, mailboxId, id, generation: bytes.readUInt32BE(58) }
  return encodeOutlookId(decoded) === text ? decoded : null
}

/** True for a text that Exchange would look up; false for one that it calls malformed. */
export function looksLikeOutlookId(text: string): boolean {
  return /^AAMk[A-Za-z0-9_-]{1,600}={0,2}$/.test(text)
}
