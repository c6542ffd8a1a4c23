// The condition on one field of the payload. It is pure, and the payload does not change after the report, so it is decided
// when the steps after it are announced. It is not an effect: there is nothing to start, retry or call off.

import type { Json, JsonObject } from '../../core/json.ts'
import type { ConditionStep } from './program.ts'
import { fieldOf } from './template.ts'

/**
 * `equals`: the same value of the same type; strings without regard to case, as Wix's stringEq. `isEmpty`: the field is
 * missing, null, '', an empty list or an empty object.
 */
export function holds(condition: ConditionStep, payload: JsonObject): boolean {
  const value = fieldOf(payload, condition.field)
  if ('isEmpty' in condition.test) return isEmpty(value) === condition.test.isEmpty
  return same(value, condition.test.equals)
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function same(value: Json | undefined, wanted: Json): boolean {
  if (typeof value === 'string' && typeof wanted === 'string') {
    return value.toLowerCase() === wanted.toLowerCase()
  }
  return value === wanted
}
