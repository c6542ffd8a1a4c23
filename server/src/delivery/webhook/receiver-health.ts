// What one call shows about its receiver, independent of the result of the call.

import type { Health } from '../failing-receivers.ts'
import type { Posted } from './post.ts'

/** Null: nothing. A receiver that wants no more of this (410) works, and an address that may not be called is our own choice. */
export function healthOf(posted: Posted): Health | null {
  switch (posted.is) {
    case 'answered':
      if (posted.status >= 200 && posted.status < 300) return { works: true }
      return posted.status === 410 ? null : { works: false, error: `it answered ${posted.status}` }
    case 'not_begun':
      return posted.refused ? null : { works: false, error: posted.error }
    case 'no_answer':
      return { works: false, error: posted.error }
    default:
      return posted satisfies never
  }
}
