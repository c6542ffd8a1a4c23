// The errors that callers of this room may get.

import { Fault, faults } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'

/** One rule that a field broke: Wix's FieldViolation. */
export type Violation = {
  readonly field: string
  readonly description: string
  readonly violatedRule:
    | 'REQUIRED_FIELD'
    | 'FORMAT'
    | 'MIN'
    | 'MIN_LENGTH'
    | 'MAX_LENGTH'
    | 'MIN_SIZE'
    | 'MAX_SIZE'
    | 'FIELD_NOT_ALLOWED'
  readonly data?: JsonObject
}

/** 400 with its violations in `data.fieldViolations`. */
export function invalidArgument(violations: readonly Violation[]): Fault {
  const first = violations[0]
  const message = first ? `"${first.field}" ${first.description}` : 'invalid argument'
  return new Fault('INVALID_ARGUMENT', 400, message, { fieldViolations: violations.map(asJson) })
}

function asJson({ field, description, violatedRule, data }: Violation): JsonObject {
  return { field, description, violatedRule, ...(data ? { data } : {}) }
}

export const fault = faults({
  // The same text for a key that does not exist and for a key of another app, so that a caller cannot learn which keys exist.
  PERMISSION_DENIED: { status: 403, message: 'The calling app does not own this trigger key.' },
  NOT_ANNOUNCED: { status: 409, message: 'The event could not be announced: {why}.' },
})
