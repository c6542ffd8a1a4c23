// What an answer proves. Only an answer that says "I did not do it" lets a cancel call the action prevented; behind all others the
// receiver may have done what was asked, and a proxy in front of it may have answered for it.

import { readHttpDate } from '../../core/http-date.ts'
import type { Posted } from './post.ts'

/** 'done': it says that it did it. 'nothing': it did nothing. 'doubt': nobody can say. */
export type Proof = 'done' | 'nothing' | 'doubt'

// Refusals of a request before it is worked on: RFC 9110 15.5, RFC 6585 (429, 431), RFC 4918 (422). 404 and 405 say that there is nobody
// to do it. Others of 4xx are said in the middle of work too (408, 409, 410, 424), or by something in between (407, 421, 499).
const REFUSALS: ReadonlySet<number> = new Set([
  400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 416, 417, 422, 429, 431,
])

export function proofOf(posted: Posted, now: Date): Proof {
  switch (posted.is) {
    case 'not_begun':
      return 'nothing'
    case 'no_answer':
      return 'doubt'
    case 'answered': {
      const { status, headers } = posted
      if (status >= 200 && status < 300) return 'done'
      if (REFUSALS.has(status)) return 'nothing'
      // With Retry-After, it comes from somebody who decided not to begin.
      return status === 503 && isRetryAfter(headers['retry-after'], now) ? 'nothing' : 'doubt'
    }
    default:
      return posted satisfies never
  }
}

/** RFC 9110 10.2.3: seconds, or a date. */
export function isRetryAfter(header: string | undefined, now: Date): header is string {
  const text = header?.trim() ?? ''
  return /^\d{1,9}$/.test(text) || readHttpDate(text, now) !== null
}
