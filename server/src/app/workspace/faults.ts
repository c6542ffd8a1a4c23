// Errors of applying a workspace file as a whole.

import { Fault, faults } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'

export const workspaceFault = faults({
  PENDING_WORK: {
    status: 409,
    message:
      'What goes still has {events} events with {actions} actions pending: {which}.\nCall them off with receipts (--cancel-pending; `"pending": "cancel"`), or let them happen (--keep-pending; `"pending": "keep"`): an operator can still cancel each by its id.',
  },
})

/** `message` holds the first mistake, `data` all that are told. */
export function invalidWorkspace(message: string, data: JsonObject): Fault {
  return new Fault('INVALID_WORKSPACE', 400, message, data)
}
