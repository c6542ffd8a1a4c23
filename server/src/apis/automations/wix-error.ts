// Errors as Wix's clients read them (Wix, "About Errors"): a message and, in details, an applicationError or a validationError. Errors of
// this server (5xx) reveal nothing.

import type { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'

// Wix's well-known codes; other faults keep their own.
const WELL_KNOWN: { readonly [status: number]: string } = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
}

export type WixError = { readonly message: string; readonly details: JsonObject }

export function wixError(fault: Fault): WixError {
  if (fault.status >= 500) return { message: '', details: {} }
  const { fieldViolations } = fault.data
  if (fieldViolations !== undefined) {
    return {
      message: `INVALID_ARGUMENT: ${fault.message}`,
      details: { validationError: { fieldViolations } },
    }
  }
  return { message: fault.message, details: { applicationError: applicationError(fault) } }
}

/** `{ code, description, data }`: an applicationError, and the error of one item of a bulk call. */
export function applicationError(fault: Fault): { readonly [name: string]: Json } {
  // The data of a 401 or 403 is left out: its reader has no right to it.
  const data = fault.status === 401 || fault.status === 403 ? {} : fault.data
  return { code: WELL_KNOWN[fault.status] ?? fault.code, description: fault.message, data }
}
