// Arrays of parameters in PostgreSQL's binary form: half the octets, and nothing to quote, to escape or to read. Which
// parameter is an array of what stands in the statement itself: `$3::uuid[]`.
//
// Only the plain case is written here. What the binary form cannot say (a zero octet in a text, a number that is too large,
// a uuid that is none, another JavaScript type than the usual one) is not judged here: the array then goes as text, as all
// arrays once did, and PostgreSQL accepts or refuses it in its own words.

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

// Literals and comments name no parameters; they are matched so as to be passed over.
const PARAMETERS = new RegExp(
  `'(?:[^']|'')*'|--[^\\n]*|/\\*[^]*?\\*/|\\$(?<number>\\d+)(?:::(?<type>${Object.keys(TYPES).join('|')})\\[\\](?!\\[))?`,
  'g',
)

/**
 * For each parameter of the statement, what it is an array of. Undefined where it is none, and where it also stands without
 * the cast: PostgreSQL may have found another type for it there.
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

/** Writes the array, without its length. False when the binary form cannot say it: what was written then is to be dropped. */
export function putArray(out: MessageBytes, type: ArrayType, values: readonly unknown[]): boolean {
  const { length } = values
  out.int32(length === 0 ? 0 : 1)
  const hasNullsAt = out.at
  out.int32(0)
  out.int32(type.elementOid)
  if (length === 0) return true
  out.int32(length)
  // Its first index.
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
  // Written as text, -0 is 0: let it be so here too.
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

/** Only as it is usually written, 8-4-4-4-12. */
function putUuid(out: MessageBytes, value: unknown): boolean {
  if (typeof value !== 'string' || value.length !== 36) return false
  const start = out.at
  out.int32(16)
  out.reserve(16)
  // Bits that no digit has: set by the first character that is none.
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
  // Neither an invalid date, nor one so far away (before 1714, after 2285) that it would lose digits.
  if (!Number.isSafeInteger(microseconds)) return false
  putSafeInteger(out, microseconds)
  return true
}
