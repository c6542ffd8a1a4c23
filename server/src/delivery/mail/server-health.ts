// What one conversation says of the mail server, whatever becomes of the mail.

import type { Health } from '../failing-receivers.ts'
import type { Handover } from './smtp-session.ts'

/** Replies that speak of us and not of a mail: authentication or TLS wanted. An operator can mend it. */
export const OURS_TO_MEND: ReadonlySet<number> = new Set([454, 530, 534, 535, 538])

/** Before a recipient is named the server refuses us, not a mail. */
const REFUSES_US = /^(CONN|AUTH|EHLO|HELO|STARTTLS|MAIL)/

/** Null: nothing, since we dropped it. A server that refuses a recipient or a message is at work. */
export function healthOf(handover: Handover): Health | null {
  switch (handover.is) {
    case 'accepted':
      return { works: true }
    case 'refused': {
      const { code, command } = handover
      const refusesUs = REFUSES_US.test(command) || OURS_TO_MEND.has(code) || code === 421
      // Without its words, which may name whom a mail was for: every tenant's operators read this.
      return refusesUs ? { works: false, error: `it refused at ${command} with ${code}` } : { works: true }
    }
    case 'unsent':
    case 'unknown':
      return handover.aborted ? null : { works: false, error: handover.error }
    default:
      return handover satisfies never
  }
}
