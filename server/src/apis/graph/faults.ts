// Graph's errors and their shape. Codes and sentences are those of Exchange (docs/calendar.md says which ones are verified).

import { Fault, faults } from '../../core/fault.ts'

export const graphFault = faults({
  InvalidAuthenticationToken: { status: 401, message: '{detail}' },
  ErrorAccessDenied: { status: 403, message: 'Access is denied. Check credentials and try again.' },
  ErrorItemNotFound: { status: 404, message: 'The specified object was not found in the store.' },
  ErrorInvalidIdMalformed: { status: 400, message: 'Id is malformed.' },
  ErrorInvalidUser: { status: 404, message: "The requested user '{user}' is invalid." },
  Request_ResourceNotFound: {
    status: 404,
    message:
      "Resource '{id}' does not exist or one of its queried reference-property objects are not present.",
  },
  ErrorInvalidRequest: { status: 400, message: "Your request can't be completed. {detail}" },
  ErrorPropertyValidationFailure: {
    status: 400,
    message: "The property '{property}' is not valid: {detail}",
  },
  TimeZoneNotSupportedException: {
    status: 400,
    message: "The following time zone name is not supported: '{zone}'.",
  },
  RequestBodyRead: { status: 400, message: '{detail}' },
  BadRequest: { status: 400, message: '{detail}' },
  ErrorInvalidParameter: { status: 400, message: "The parameter '{parameter}' is not valid: {detail}" },
  SearchEvents: { status: 400, message: "The query parameter '$search' is not supported on Events." },
  UnsupportedQueryOption: { status: 400, message: "The query option '{option}' is not supported here." },
  MethodNotAllowed: { status: 405, message: 'The method {method} is not allowed on this resource.' },
  ErrorIrresolvableConflict: {
    status: 412,
    message:
      'The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.',
  },
  NotImplemented: { status: 501, message: "'{what}' is not implemented by this server yet." },
  UnsupportedMediaType: {
    status: 415,
    message: 'The Content-Type of a request with a body must be application/json.',
  },
})

export const NOT_ORGANIZER = { detail: 'You need to be an organizer to cancel a meeting.' }

/** Graph's codes for faults that other rooms throw. */
const CODES: { readonly [code: string]: string } = {
  MALFORMED_JSON: 'BadRequest',
  TOO_DEEP: 'BadRequest',
  TOO_MANY_PARTS: 'BadRequest',
  UNSTORABLE_TEXT: 'BadRequest',
  FORBIDDEN_KEY: 'BadRequest',
  INVALID: 'BadRequest',
  BAD_REQUEST: 'BadRequest',
  BODY_TOO_LARGE: 'RequestEntityTooLarge',
  BODY_FOR_TOO_MANY: 'ErrorMessageSizeExceeded',
  UNSUPPORTED_MEDIA_TYPE: 'UnsupportedMediaType',
  ENCODED_BODY: 'UnsupportedMediaType',
  NOT_FOUND: 'BadRequest',
  INVALID_PARENT: 'BadRequest',
  PARENT_NOT_FOUND: 'ErrorItemNotFound',
  PARENT_CANCELLED: 'Conflict',
  TREE_TOO_DEEP: 'BadRequest',
  UNAVAILABLE: 'ServiceUnavailable',
  INTERNAL: 'InternalServerError',
}

/** Codes of the reader, for a body of an event that cannot be read. */
const UNREADABLE = new Set(['READING_TOO_LONG', 'READING_TOO_LARGE', 'HTML_TOO_DEEP', 'HTML_TOO_LARGE'])

/** Turns any fault into one with a code that Graph's clients know. */
export function asGraphFault(fault: Fault): Fault {
  if (Object.hasOwn(graphFault, fault.code)) return fault
  if (UNREADABLE.has(fault.code))
    return graphFault.ErrorPropertyValidationFailure(
      { property: 'body.content', detail: fault.message },
      fault,
    )
  if (fault.status === 401) return graphFault.InvalidAuthenticationToken({ detail: fault.message }, fault)
  if (fault.status === 403) return graphFault.ErrorAccessDenied({}, fault)
  return new Fault(CODES[fault.code] ?? 'BadRequest', fault.status, fault.message, fault.data, fault)
}

export type ErrorIds = { readonly requestId: string; readonly clientRequestId: string; readonly at: Date }

/** `innerError.date` has no zone: that is Graph's form, and its clients parse it. */
export function errorBody(fault: Fault, { requestId, clientRequestId, at }: ErrorIds) {
  return {
    error: {
      code: fault.code,
      message: fault.message,
      innerError: {
        date: at.toISOString().slice(0, 19),
        'request-id': requestId,
        'client-request-id': clientRequestId,
      },
    },
  }
}
