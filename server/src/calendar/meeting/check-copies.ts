// Every attendee who has a mailbox here gets a copy of the meeting, its body included: one request must not fill the disk.

import { faults } from '../../core/fault.ts'
import type { Body } from './meeting.ts'

/** Characters of a body in all copies together. */
export const MAX_COPIED_CHARACTERS = 20_000_000

const fault = faults({
  BODY_FOR_TOO_MANY: {
    status: 413,
    message:
      'The body is too long for so many attendees with a mailbox here: in all copies together it may have {most} characters.',
  },
})

/** @throws Fault BODY_FOR_TOO_MANY (413) */
export function checkCopies(body: Body, attendees: number): void {
  if (body.content.length * attendees > MAX_COPIED_CHARACTERS)
    throw fault.BODY_FOR_TOO_MANY({ most: MAX_COPIED_CHARACTERS })
}
