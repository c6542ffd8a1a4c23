// Errors of the calendar, whichever API it is reached by.

import { faults } from '../core/fault.ts'

export const calendarFault = faults({
  BODY_FOR_TOO_MANY: {
    status: 413,
    message:
      'The body is too long for so many attendees with a mailbox here: in all copies together it may have {most} characters.',
  },
})
