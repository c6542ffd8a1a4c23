// Errors of the pages and addresses of signing in and out. Those of the token endpoints are grantFault of auth.

import { faults } from '../../core/fault.ts'

export const signInFault = faults({
  INVALID_FORM: { status: 400, message: 'A field was sent twice.' },
})
