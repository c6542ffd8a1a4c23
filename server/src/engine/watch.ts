// Counts what the engine does, for figures. It is called after the commit, with kinds and outcomes, never with a tenant. It must not throw.

import type { Caller, CancelOutcome } from '../core/cancellation.ts'
import type { Ending, Verdict } from '../core/effects/effect.ts'

export type EngineWatch = {
  /** `lateMs`: since it fell due, by the database's clock. */
  started(kind: string, lateMs: number): void
  /** A carrier has finished an attempt. */
  attempted(kind: string, verdict: Verdict): void
  /** It waits for another attempt. */
  retried(kind: string): void
  /** This process wrote its end. What a cancel prevents is reported by {@link cancelled} instead. */
  ended(kind: string, ending: Ending): void
  cancelled(api: Caller['api'], outcome: CancelOutcome): void
}
