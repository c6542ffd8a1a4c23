// The errors of this room: what can be wrong with a request before any API sees it. fault-of.ts turns other errors into these.

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

/** What is wrong with a request that fits its schema. */
export function invalidRequest(detail: string): Fault {
  return new Fault('INVALID_REQUEST', 400, detail)
}
