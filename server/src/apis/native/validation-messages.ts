// Turns the errors of a request's schema into sentences for its caller.

import type { ErrorObject } from 'ajv'
import { ADDRESS_FORM } from '../../core/mail-address.ts'

/** For a problem's `errors`. Only the errors at the deepest place are kept: those are the ones that help. */
export function validationMessages(errors: readonly ErrorObject[]): { at: string; message: string }[] {
  const deepest = errors.reduce((deepest, error) => Math.max(deepest, depth(error)), 0)
  return errors
    .filter(error => depth(error) === deepest)
    .map(error => ({ at: error.instancePath, message: sentence(error) }))
}

function depth(error: ErrorObject): number {
  return error.instancePath.split('/').length
}

function sentence(error: ErrorObject): string {
  const { keyword, params } = error
  if (keyword === 'additionalProperties') return `unknown property ${String(params.additionalProperty)}`
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'const') return `must be ${String(params.allowedValue)}`
  if (keyword === 'format' && params.format === 'date-time')
    return 'must be an instant that exists, like 2031-03-03T09:00:00Z: RFC 3339 with an offset, to the millisecond'
  if (keyword === 'format' && params.format === 'email') return `must be ${ADDRESS_FORM}`
  if (keyword === 'not') return 'has either `at` or `afterMs`, not both'
  if (keyword === 'discriminator') return `must have a known ${String(params.tag)}`
  return error.message ?? 'is not valid'
}
