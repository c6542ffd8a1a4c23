// Writes array parameters in PostgreSQL's binary form: half the octets of the text form, and nothing to quote, escape or parse. The
// statement itself says which parameter is an array, and of what: `$3::uuid[]`.
//
// Only the usual case is written here. When the binary form cannot express a value (a zero octet in a text, a number that is too
// large, an invalid uuid, an unusual JavaScript type), the array is sent as text, and PostgreSQL accepts it or refuses it with its
// own message.

import type { MessageBytes } from './message-bytes.ts'

/** Writes one element, its length first, or returns false having written nothing. */
type Put = (out: MessageBytes, value: unknown) => boolean

export type ArrayType = { readonly elementOid: number; readonly put: Put }

const SMALLINT: ArrayType = { elementOid: 21, put: putSmallint }
const INT: ArrayType = { elementOid: 23, put: putInt }
const BIGINT: ArrayType = { elementOid: 20, put: putBigint }
const DOUBLE: ArrayType = { elementOid: 701, put: putDouble }
const BOOLEAN: ArrayType = { elementOid: 16, put: putBoolean }
const UUID: ArrayType = { elementOid: 2950, put: putUuid }
const TEXT: ArrayType = { elementOid: 25, put: putText }
const TIMESTAMPTZ: ArrayType = { elementOid: 1184, put: putTimestamptz }

const TYPES: { readonly [name: string]: ArrayType } = {
  smallint: SMALLINT,
  int: INT,
  integer: INT,
  bigint: BIGINT,
  'double precision': DOUBLE,
  boolean: BOOLEAN,
  uuid: UUID,
  text: TEXT,
  timestamptz: TIMESTAMPTZ,
}

// Literals and comments hold no parameters; they are matched in order to be skipped.
const PARAMETERS = new RegExp(
  `'(?:[^']|'')*'|--[^\\n]*|/\\*[^]*?\\*/|\\$(?<number>\\d+)(?:::(?<type>${Object.keys(TYPES).join('|')})\\[\\](?!\\[))?`,
  'g',
)

/**
 * For each parameter of the statement, the element type of its array. Undefined where it is no array, and where the parameter also
 * occurs without the cast: there PostgreSQL may have chosen another type.
 */
export function arrayParameters(text: string): readonly (ArrayType | undefined)[] {
  const found: (ArrayType | null | undefined)[] = []
  for (const { groups } of text.matchAll(PARAMETERS)) {
    if (groups?.number === undefined) continue
    const at = Number(groups.number) - 1
    const type = (groups.type !== undefined && TYPES[groups.type]) || null
    found[at] = found[at] === undefined || found[at] === type ? type : null
  }
  return Array.from(found, type => type ?? undefined)
}

/** Writes the array, without its length. False when the binary form cannot express it: the caller then drops what was written. */
export function putArray(out: MessageBytes, type: ArrayType, values: readonly unknown[]): boolean {
  const { length } = values
  out.int32(length === 0 ? 0 : 1)
  const hasNullsAt = out.at
  out.int32(0)
  out.int32(type.elementOid)
  if (length === 0) return true
  out.int32(length)
  // The index of the first element.
  out.int32(1)
  let hasNulls = false
  for (let i = 0; i < length; i++) {
    const value = values[i]
    if (value === null || value === undefined) {
      hasNulls = true
      out.int32(-1)
    } else if (!type.put(out, value)) return false
  }
  if (hasNulls) out.setInt32(hasNullsAt, 1)
  return true
}

function putSmallint(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'number' || (value << 16) >> 16 !== value) return false
  out.int32(2)
  out.int16(value)
  return true
}

function putInt(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'number' || (value | 0) !== value) return false
  out.int32(4)
  out.int32(value)
  return true
}

function putBigint(out: MessageBytes, value: unknown): boolean {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) return false
    out.int32(8)
    out.reserve(8)
    out.at = out.bytes.writeBigInt64BE(value, out.at)
    return true
  }
  if (!Number.isSafeInteger(value)) return false
  putSafeInteger(out, value as number)
  return true
}

function putSafeInteger(out: MessageBytes, value: number): void {
  out.int32(8)
  out.int32(Math.floor(value / 0x1_0000_0000))
  // Of a number that has no fraction, `|` takes the lower 32 bits.
  out.int32(value | 0)
}

function putDouble(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'number') return false
  out.int32(8)
  out.reserve(8)
  // As text -0 is written as 0, so the binary form does the same.
  out.at = out.bytes.writeDoubleBE(value + 0, out.at)
  return true
}

function putBoolean(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'boolean') return false
  out.int32(1)
  out.reserve(1)
  out.bytes[out.at++] = value ? 1 : 0
  return true
}

const NO_DIGIT = 0x80
const DIGITS = new Uint8Array(128).fill(NO_DIGIT)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}
const DASH = '-'.charCodeAt(0)

/** Reads only the usual form, 8-4-4-4-12. */
function putUuid(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'string' || value.length !== 36) return false
  const start = out.at
  out.int32(16)
  out.reserve(16)
  // These bits are set by no digit, only by a character that is no digit.
  let strange = 0
  for (let i = 0; i < 36; i += 2) {
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      strange |= value.charCodeAt(i) ^ DASH
      i += 1
    }
    const [first, second] = [value.charCodeAt(i), value.charCodeAt(i + 1)]
    const [high, low] = [DIGITS[first] ?? NO_DIGIT, DIGITS[second] ?? NO_DIGIT]
    strange |= (high | low) & NO_DIGIT
    out.bytes[out.at++] = (high << 4) | low
  }
  if (strange === 0) return true
  out.at = start
  return false
}

/** Up to this length a loop is quicker than the call that encodes. */
const SHORT = 24

function putText(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'string') return false
  const { length } = value
  if (length > SHORT) {
    if (value.includes('\0')) return false
    out.text(value)
    return true
  }
  out.reserve(4 + length)
  const start = out.at + 4
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code === 0) return false
    if (code > 127) {
      if (value.includes('\0')) return false
      out.text(value)
      return true
    }
    out.bytes[start + i] = code
  }
  out.setInt32(out.at, length)
  out.at = start + length
  return true
}

/** PostgreSQL counts microseconds from here. */
const EPOCH_MS = Date.UTC(2000, 0, 1)

function putTimestamptz(out: MessageBytes, value: unknown): boolean {
  if (!(value instanceof Date)) return false
  const microseconds = (value.getTime() - EPOCH_MS) * 1000
  // Refuses an invalid date, and one so far away (before 1714, after 2285) that it would lose digits.
  if (!Number.isSafeInteger(microseconds)) return false
  putSafeInteger(out, microseconds)
  return true
}
