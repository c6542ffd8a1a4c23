// Every attendee who has a mailbox here gets a copy of the meeting, its body included: one request must not fill the disk.

import { calendarFault } from '../faults.ts'
import type { Body } from './meeting.ts'

/** Characters of a body in all copies together. */
export const MAX_COPIED_CHARACTERS = 20_000_000

/** @throws Fault BODY_FOR_TOO_MANY (413) */
export function checkCopies(body: Body, attendees: number): void {
  if (body.content.length * attendees > MAX_COPIED_CHARACTERS)
    throw calendarFault.BODY_FOR_TOO_MANY({ most: MAX_COPIED_CHARACTERS })
}
