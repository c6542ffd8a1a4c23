// What the end of an SMTP conversation proves. A server that refuses a message at any command has not accepted it. Without the
// final dot it must drop the message (RFC 5321 4.1.1.4).

import type { Handover } from './smtp-session.ts'

/** 'done': the server accepted the mail. 'nothing': it did not. 'doubt': it cannot be known. */
export type Proof = 'done' | 'nothing' | 'doubt'

export function proofOf(handover: Handover): Proof {
  switch (handover.is) {
    case 'accepted':
      return 'done'
    case 'refused':
    case 'unsent':
      return 'nothing'
    case 'unknown':
      return 'doubt'
    default:
      return handover satisfies never
  }
}
