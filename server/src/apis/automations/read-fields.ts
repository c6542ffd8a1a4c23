// Reads the fields of a request and collects all violations of the rules that Wix's API annotates. A structural violation refuses the whole
// request, also a bulk one. An item that is well-formed but cannot be done fails alone.

import type { Violation } from '../../automations/faults.ts'
import { isGuid } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'

/** Further violations are not listed: a hundred items with the same mistake would repeat it a hundred times. */
const MAX_VIOLATIONS = 100

export class Violations {
  readonly list: Violation[] = []

  add(
    field: string,
    violatedRule: Violation['violatedRule'],
    how: { description: string; data?: JsonObject },
  ): void {
    if (this.list.length < MAX_VIOLATIONS) this.list.push({ field, violatedRule, ...how })
  }

  required(field: string): void {
    this.add(field, 'REQUIRED_FIELD', { description: 'must not be empty' })
  }

  format(field: string, expected: string): void {
    const data = { expected }
    this.add(field, 'FORMAT', { description: `must be a value of format ${expected}`, data })
  }

  threshold(
    field: string,
    rule: 'MIN' | 'MIN_LENGTH' | 'MAX_LENGTH' | 'MIN_SIZE' | 'MAX_SIZE',
    threshold: number,
  ): void {
    this.add(field, rule, { description: `${WORDS[rule]} ${threshold}`, data: { threshold } })
  }
}

const WORDS = {
  MIN: 'must be at least',
  MIN_LENGTH: 'must have a length of at least',
  MAX_LENGTH: 'must have a length of at most',
  MIN_SIZE: 'must have a size of at least',
  MAX_SIZE: 'must have a size of at most',
} as const

export type Fields = { readonly [name: string]: unknown }

/** The body as an object; a missing one has no fields. */
export function readObject(value: unknown, field: string, violations: Violations): Fields | null {
  if (value === undefined || value === null) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields
  violations.format(field, 'OBJECT')
  return null
}

/** A required text of `1..most` characters; a character outside the BMP counts once. */
export function readText(
  value: unknown,
  field: string,
  at: { violations: Violations; max: number },
): string | null {
  const { violations, max } = at
  if (value === undefined || value === null) violations.required(field)
  else if (typeof value !== 'string') violations.format(field, 'STRING')
  else if (value === '') violations.threshold(field, 'MIN_LENGTH', 1)
  else if (value.length > max * 2 || [...value].length > max) violations.threshold(field, 'MAX_LENGTH', max)
  else return value
  return null
}

export function readGuid(value: unknown, field: string, violations: Violations): string | null {
  if (value === undefined || value === null || value === '') violations.required(field)
  else if (!isGuid(value)) violations.format(field, 'GUID')
  else return value
  return null
}

/** A required list of `1..most` entries, each read by `entry`; entries are read only when the size is right. */
export function readList<T>(
  value: unknown,
  field: string,
  at: {
    readonly violations: Violations
    readonly max: number
    readonly entry: (value: unknown, field: string) => T | null
  },
): readonly T[] {
  const { violations, max } = at
  if (value === undefined || value === null) violations.required(field)
  else if (!Array.isArray(value)) violations.format(field, 'ARRAY')
  else if (value.length === 0) violations.threshold(field, 'MIN_SIZE', 1)
  else if (value.length > max) violations.threshold(field, 'MAX_SIZE', max)
  else return value.flatMap((entry, i) => at.entry(entry, `${field}[${i}]`) ?? [])
  return []
}

const MAX_INT64 = 9_223_372_036_854_775_807n

/** An int64 of at least 1: a JSON string, as protobuf writes it, or a whole number. It is rounded to a JavaScript number. */
export function readPositiveInt64(value: unknown, field: string, violations: Violations): number | null {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || !/^-?\d{1,19}$/.test(text)) {
    violations.format(field, 'INT64')
    return null
  }
  const number = BigInt(text)
  if (number > MAX_INT64) violations.format(field, 'INT64')
  else if (number < 1n) violations.threshold(field, 'MIN', 1)
  else return Number(number)
  return null
}
