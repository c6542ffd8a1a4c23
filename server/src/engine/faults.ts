// Errors of the engine that callers see.

import { faults } from '../core/fault.ts'

export const engineFault = faults({
  CLOCK_TOO_FAR: {
    status: 409,
    message: 'The clock of a sandbox runs at most 100 years ahead of the real one.',
  },
  // The native API refuses it with the same code before it calls the engine; here it is a tenant that has just become no sandbox.
  NOT_SANDBOX: {
    status: 403,
    message: 'Only the clock of a sandbox can be moved; tenant {tenant} runs on real time.',
  },
  ON_HOLD: {
    status: 409,
    message:
      'This database is on hold: nothing happens on the way. Release it first: ./standdown release --list',
  },
})
