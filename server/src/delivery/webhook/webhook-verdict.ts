// What a receiver's answer means for the attempt (Standard Webhooks 1.0.0, "Delivery success and failure").

import type { Verdict } from '../../core/effects/effect.ts'
import { readHttpDate } from '../../core/http-date.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Posted } from './post.ts'
import { isRetryAfter, proofOf } from './proof.ts'

type Answered = Posted & { readonly is: 'answered' }

/** Longest wait that a Retry-After is given, ms: a day. */
export const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000

/** Characters of an answer that are kept. */
const KEPT_PREFIX = 200

export function verdictOfAnswer(answer: Answered, now: Date): Verdict {
  const { status, headers } = answer
  const evidence = evidenceOf(answer)
  const proof = proofOf(answer, now)
  if (proof === 'done') return { is: 'done', evidence }
  const failed = { evidence, ...(proof === 'doubt' ? { mayHaveHappened: true } : {}) }
  if (status === 410)
    return { is: 'failed', error: 'the receiver answered 410: it wants no more of this', ...failed }
  const redirect = status >= 300 && status < 400 ? ': redirects are not followed' : ''
  const notBeforeMs = retryAfterMs(headers['retry-after'], now)
  return {
    is: 'retry',
    error: `the receiver answered ${status}${redirect}`,
    ...failed,
    ...(notBeforeMs === null ? {} : { notBeforeMs }),
  }
}

/** The verdict on a request that was never sent. A refused address fails for good; everything else is retried. */
export function refusalOf(posted: Posted & { readonly is: 'not_begun' }): Verdict {
  return posted.refused
    ? { is: 'failed', error: `refused: ${posted.error}` }
    : { is: 'retry', error: posted.error }
}

/** What is kept of an answer: its status, the address that gave it, the beginning of its body as storable text. */
export function evidenceOf(answer: Answered): JsonObject {
  const clean = answer.body.toWellFormed().replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ')
  return {
    status: answer.status,
    address: answer.address,
    body: Array.from(clean.slice(0, KEPT_PREFIX * 2))
      .slice(0, KEPT_PREFIX)
      .join('')
      .toWellFormed(),
  }
}

/** Retry-After as milliseconds from `now`, between 0 and a day; null when absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (!isRetryAfter(header, now)) return null
  const text = header.trim()
  const until = readHttpDate(text, now)
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : until && until.getTime() - now.getTime()
  return ms === null ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}
