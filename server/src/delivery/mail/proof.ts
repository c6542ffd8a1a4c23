// What the end of an SMTP conversation proves. A server that refuses a message at any command has not taken it; and without its final
// dot it must drop it (RFC 5321 4.1.1.4).

import type { Handover } from './smtp-session.ts'

/** 'done': it was taken. 'nothing': it was not. 'doubt': nobody can say. */
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
