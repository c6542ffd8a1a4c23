// What can be wrong with a request before an offer comes into it.

import { faults } from '../../core/fault.ts'

export const desktopFaults = faults({
  SIGN_IN_NEEDED: { status: 401, message: 'Sign in first.' },
  SCOPE_MISSING: { status: 403, message: 'The token lacks the scope {scope}.' },
  OTHER_AGENT: { status: 403, message: 'Somebody else is signed in at this browser now.' },
  STOPPING: { status: 503, message: 'The server is stopping. Connect again in a moment.' },
  NO_SUCH_FILE: { status: 404, message: 'There is no such file.' },
})
