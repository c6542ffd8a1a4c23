// The rules of a report's payload (reference: Wix "Report Event" and "The Payload Schema"): names of letters, digits and
// underscores that do not begin with one; values string, number, boolean, a list of flat objects or one flat object.
// Null is accepted in the place of any value, because the SDK sends NaN and Infinity as null.

import { readInstant } from '../../core/instant.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Violation } from '../faults.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_]*$/

/** The first rule that `payload` breaks; null when it breaks none. `at`: the name of the payload in the violation. */
export function payloadViolation(payload: JsonObject, at: string): Violation | null {
  for (const [name, value] of Object.entries(payload)) {
    const field = `${at}.${name}`
    const bad = nameViolation(name, field)
    if (bad) return bad
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const found = flatViolation(item, `${field}[${i}]`)
        if (found) return found
      }
    } else if (typeof value === 'object' && value !== null) {
      const found = flatViolation(value, field)
      if (found) return found
    }
  }
  return null
}

function flatViolation(value: unknown, field: string): Violation | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { field, description: 'must be an object', violatedRule: 'FORMAT', data: { expected: 'OBJECT' } }
  }
  for (const [name, nested] of Object.entries(value)) {
    const path = `${field}.${name}`
    const bad = nameViolation(name, path)
    if (bad) return bad
    if (typeof nested === 'object' && nested !== null) {
      const description = 'must be a string, number or boolean'
      return { field: path, description, violatedRule: 'FORMAT', data: { expected: 'SCALAR' } }
    }
  }
  return null
}

function nameViolation(name: string, field: string): Violation | null {
  if (NAME.test(name)) return null
  const description = 'must be named with letters, digits and underscores, and not begin with an underscore'
  return { field, description, violatedRule: 'FORMAT', data: { expected: 'PROPERTY_NAME' } }
}

/** The instant in the payload field that a scheduled trigger names, or what is wrong with it. */
export function scheduledTime(payload: JsonObject, field: string, at: string): Date | Violation {
  const value = Object.hasOwn(payload, field) ? payload[field] : undefined
  const path = `${at}.${field}`
  if (value === undefined || value === null || value === '') {
    return { field: path, description: 'must not be empty', violatedRule: 'REQUIRED_FIELD' }
  }
  // The payload itself is passed on unchanged, so a finer time in it loses nothing.
  const instant = typeof value === 'string' ? readInstant(value, { finer: 'up' }) : null
  if (instant) return instant
  const description = 'must be a date-time with an offset, like 2026-05-01T09:00:00Z'
  return { field: path, description, violatedRule: 'FORMAT', data: { expected: 'DATE_TIME' } }
}
