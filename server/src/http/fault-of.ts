// Turns anything that was thrown into a Fault, which each API then writes in its own shape. A text that is not meant for callers
// does not reach them: such an error becomes INTERNAL without details.

import { Fault } from '../core/fault.ts'
import { httpFault } from './faults.ts'

/** Largest body, bytes. */
export const BODY_LIMIT_BYTES = 1_048_576

/** Seconds that a caller is asked to wait after a 503. */
export const RETRY_AFTER_SECONDS = 2

// By name, because http does not import the rooms of these errors: the store, the engine (a full queue) and the reader.
const UNAVAILABLE = new Set(['DatabaseUnavailable', 'DatabaseOverloaded', 'Overloaded', 'ReaderUnavailable'])

type FastifyIssue = {
  readonly instancePath?: string
  readonly message?: string
  readonly params?: { readonly missingProperty?: unknown }
}

/** Never throws. `cause` holds the error itself when its text is not meant for callers. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (!(error instanceof Error)) return httpFault.INTERNAL({}, error)
  if (UNAVAILABLE.has(error.name))
    return httpFault.UNAVAILABLE({ retryAfterSeconds: RETRY_AFTER_SECONDS }, error)
  const { code, statusCode, validation } = error as Error & {
    readonly code?: unknown
    readonly statusCode?: unknown
    readonly validation?: readonly FastifyIssue[]
  }
  if (Array.isArray(validation)) return invalid(error, validation)
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return httpFault.BODY_TOO_LARGE({ limitBytes: BODY_LIMIT_BYTES }, error)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_TYPE':
      return httpFault.UNSUPPORTED_MEDIA_TYPE({}, error)
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return httpFault.MALFORMED_JSON({}, error)
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return httpFault.BAD_REQUEST({}, error)
  return httpFault.INTERNAL({}, error)
}

/** For a request that does not match its JSON schema. Each of `data.errors` is `{ at: JSON pointer, message }`. */
function invalid(error: Error, issues: readonly FastifyIssue[]): Fault {
  const errors = issues.map(issue => {
    const missing = issue.params?.missingProperty
    const at = `${issue.instancePath ?? ''}${typeof missing === 'string' ? `/${missing}` : ''}`
    return { at, message: issue.message ?? 'is not valid' }
  })
  return httpFault.INVALID({ detail: error.message, errors }, error)
}
