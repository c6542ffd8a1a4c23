// What any thrown thing means to a caller. Each API shapes the Fault that comes out in its own way; what is not known
// to be fit for a caller's eyes becomes INTERNAL without details.

import { Fault, faults } from '../core/fault.ts'

export const httpFault = faults({
  MALFORMED_JSON: { status: 400, message: 'The body is not valid JSON.' },
  TOO_DEEP: { status: 400, message: 'The body is nested deeper than 64 levels, at {at}.' },
  TOO_MANY_PARTS: {
    status: 400,
    message: 'The body has more than {limit} objects, arrays and named values.',
  },
  UNSTORABLE_TEXT: { status: 400, message: 'A text holds a NUL or an unpaired surrogate, at {at}.' },
  FORBIDDEN_KEY: { status: 400, message: 'A key named {key} is not accepted.' },
  BODY_TOO_LARGE: { status: 413, message: 'The body is larger than {limitBytes} bytes.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'The body must be application/json.' },
  ENCODED_BODY: {
    status: 415,
    message: 'Bodies are read as they are: Content-Encoding {encoding} is not undone here.',
  },
  BAD_REQUEST: { status: 400, message: 'The request cannot be understood.' },
  HEADERS_TOO_LARGE: { status: 431, message: 'The headers of the request are larger than 16 KB.' },
  TOO_SLOW: { status: 408, message: 'The request did not come in time.' },
  INVALID: { status: 400, message: '{detail}' },
  NOT_FOUND: { status: 404, message: 'There is nothing at {path}.' },
  METHOD_NOT_ALLOWED: { status: 405, message: '{path} is asked with {allowed}.' },
  MISDIRECTED: {
    status: 421,
    message: 'This server does not answer to that host name while its demo is on.',
  },
  UNAVAILABLE: { status: 503, message: 'The server cannot take this right now. Try again in a moment.' },
  INTERNAL: { status: 500, message: 'Something went wrong here; it is not your fault.' },
})

/** Largest body, bytes. */
export const BODY_LIMIT_BYTES = 1_048_576

/** Seconds that a caller is asked to wait after a 503. */
export const RETRY_AFTER_SECONDS = 2

// By name, because these belong to rooms that http does not import: the store's, the engine's full queue, the reader's.
const UNAVAILABLE = new Set(['DatabaseUnavailable', 'DatabaseOverloaded', 'Overloaded', 'ReaderUnavailable'])

type FastifyIssue = {
  readonly instancePath?: string
  readonly message?: string
  readonly params?: { readonly missingProperty?: unknown }
}

/** Total: never throws. The thrown thing stands in `cause` when its own text is not for callers. */
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

/** A request that its JSON schema refuses. `data.errors`: `{ at: JSON pointer, message }` each. */
function invalid(error: Error, issues: readonly FastifyIssue[]): Fault {
  const errors = issues.map(issue => {
    const missing = issue.params?.missingProperty
    const at = `${issue.instancePath ?? ''}${typeof missing === 'string' ? `/${missing}` : ''}`
    return { at, message: issue.message ?? 'is not valid' }
  })
  return httpFault.INVALID({ detail: error.message, errors }, error)
}
