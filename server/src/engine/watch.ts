// Who counts what the engine does: told after the commit, by kinds and outcomes, never of whose it is. Must not throw.

import type { Caller, CancelOutcome } from '../core/cancellation.ts'
import type { Ending, Verdict } from '../core/effects/effect.ts'

export type EngineWatch = {
  /** `lateMs`: since it fell due, by the database's clock. */
  started(kind: string, lateMs: number): void
  /** A carrier has come back from an attempt. */
  attempted(kind: string, verdict: Verdict): void
  /** It waits for another attempt. */
  retried(kind: string): void
  /** Its end was written down here. What a cancel prevents is told by {@link cancelled}. */
  ended(kind: string, ending: Ending): void
  cancelled(api: Caller['api'], outcome: CancelOutcome): void
}
