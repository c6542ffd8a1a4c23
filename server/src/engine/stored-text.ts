// What a carrier, a receiver or an error says is written down as it comes, often with octets of somebody outside in it.
// PostgreSQL takes no NUL in a text, and reads no lone surrogate out of JSON: one such text would stop the batch that it is in,
// and later every receipt that is closed with it. It is made storable in this one place.

import type { JsonObject } from '../core/json.ts'

const REPLACEMENT = '\ufffd'

/** Evidence as JSON text in which what PostgreSQL could not read is replaced by U+FFFD; null for none. */
export function evidenceText(evidence: JsonObject | null): string | null {
  if (evidence === null) return null
  // JSON.stringify escapes a surrogate only where it is alone. Escapes are read one by one, so that of two backslashes and
  // "u0000" nothing is replaced.
  return JSON.stringify(evidence).replace(/\\(?:u0000|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)/g, sequence =>
    /^\\u(?:0000|[dD])/.test(sequence) ? REPLACEMENT : sequence,
  )
}

/** The text of an error, storable; null for none. */
export function errorText(error: string | null): string | null {
  return error === null ? null : error.toWellFormed().replaceAll('\0', REPLACEMENT)
}
