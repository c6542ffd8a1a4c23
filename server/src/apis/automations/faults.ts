// The errors that this API adds to those of the automations room. wix-error.ts writes all of them in Wix's shape.

import { faults } from '../../core/fault.ts'

export const fault = faults({
  NOT_AN_OBJECT: { status: 400, message: 'The body must be a JSON object.' },
  INVALID_IDEMPOTENCY_KEY: {
    status: 400,
    message: 'The Idempotency-Key must have 1 to 200 printable characters.',
  },
  APPS_ONLY: { status: 403, message: 'Only an app may call this method.' },
  MISSING_SCOPE: { status: 403, message: 'The token lacks the permission scope of this method.' },
  NO_SITE: { status: 403, message: 'The token is bound to no site.' },
  TOO_MANY_REQUESTS: { status: 429, message: 'The app has made more than 200 requests in a minute.' },
})
