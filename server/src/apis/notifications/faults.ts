// Faults of a request that do not concern an offer.

import { faults } from '../../core/fault.ts'

export const desktopFaults = faults({
  SIGN_IN_NEEDED: { status: 401, message: 'Sign in first.' },
  SCOPE_MISSING: { status: 403, message: 'The token lacks the scope {scope}.' },
  NOT_THAT_AGENT: { status: 403, message: 'An agent calls off, and reads about, its own offers only.' },
  OTHER_AGENT: { status: 403, message: 'Somebody else is signed in at this browser now.' },
  STOPPING: { status: 503, message: 'The server is stopping. Connect again in a moment.' },
  TOO_MANY_STREAMS: {
    status: 429,
    message:
      'Not more than {most} pages of an agent may be open at once, and the server has a limit for all. Close one.',
  },
  NO_SUCH_FILE: { status: 404, message: 'There is no such file.' },
})
