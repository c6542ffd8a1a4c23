// A carrier of this room reads without a lock, then acts on what it read in a transaction that fails if it has changed since.
// Such a
// conflict is tried again here.

import type { Verdict } from '../core/effects/effect.ts'

const MAX_ATTEMPTS = 5
const RETRY_AFTER_MS = 100

/** Runs `attempt` until it gives a verdict, five times at most. After that the effect is retried later, with `error` as the reason. */
export async function retryOnConflict(
  error: string,
  attempt: () => Promise<Verdict | null>,
): Promise<Verdict> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
    const verdict = await attempt()
    if (verdict) return verdict
  }
  return { is: 'retry', error, afterMs: RETRY_AFTER_MS }
}
