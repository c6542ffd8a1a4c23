// What one conversation shows about the mail server, and which of its replies are about the server and not about a mail.

import type { Health } from '../failing-receivers.ts'
import type { Handover } from './smtp-session.ts'

/** Replies about this server and not about a mail: authentication or TLS is required. An operator can fix that. */
export const OPERATOR_REPLIES: ReadonlySet<number> = new Set([454, 530, 534, 535, 538])

/** Before a recipient is named, a refusal concerns this server and not a mail. */
const REFUSES_US = /^(CONN|AUTH|EHLO|HELO|STARTTLS|MAIL)/

/** Null: it shows nothing, because this side ended it. A server that refuses a recipient or a message works. */
export function healthOf(handover: Handover): Health | null {
  switch (handover.is) {
    case 'accepted':
      return { works: true }
    case 'refused': {
      const { code, command } = handover
      const refusesUs = REFUSES_US.test(command) || OPERATOR_REPLIES.has(code) || code === 421
      // Without the server's text, which may name the recipient of a mail: the operators of every tenant can read this.
      return refusesUs ? { works: false, error: `it refused at ${command} with ${code}` } : { works: true }
    }
    case 'unsent':
    case 'unknown':
      return handover.aborted ? null : { works: false, error: handover.error }
    default:
      return handover satisfies never
  }
}
