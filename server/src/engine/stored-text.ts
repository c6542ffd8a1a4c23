// Evidence and error texts often contain octets from outside. PostgreSQL accepts no NUL in a text and reads no lone surrogate from JSON:
// one such text would make its whole batch fail, and later every receipt that is closed together with it. This is the one place
// that makes such texts storable.

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
