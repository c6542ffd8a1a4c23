// A carrier does one kind of effect: it sends the mail, calls the webhook, ends the wait. The engine knows it by this shape only.

import type { JsonObject } from '../json.ts'
import type { NewEffect, StartedEffect, Verdict } from './effect.ts'
import type { RetryPlan } from './retry-plan.ts'

/** Does one kind of effect. `run` is called after its start was committed, at most `slots` at once per lane. */
export type Carrier = {
  readonly kind: string
  /** At most this many at once, per tenant and lane, in one process. */
  readonly slots: number
  /** Attempts before it ends dead, unless the effect says otherwise. */
  readonly maxAttempts: number
  /** What is waited between them, and for how long in all; without one core/effects/backoff.ts says. A tenant may set another. */
  readonly retryPlan?: RetryPlan
  /**
   * Whether anybody outside notices it. False for waits and time limits: a receipt lists them apart, and no attempt of
   * theirs is ever in doubt. Default true.
   */
  readonly touchesWorld?: boolean
  /**
   * Heeds `signal` (its reason is an EffectAborted) at once. Never throws to steer; see Verdict. `shutdown` and
   * `lease_lost` aborts may simply return { is: 'retry' }.
   */
  run(effect: StartedEffect, signal: AbortSignal): Promise<Verdict>
  /**
   * The notice that tells the other side, when a cancel finds this effect running. Its own carrier's verdict may carry
   * `result: { resolves: <effect id>, outcome: 'stopped' | 'too_late', evidence }`, which ends the told effect.
   */
  withdraw?(effect: {
    readonly id: string
    readonly tenant: string
    readonly data: JsonObject
    readonly title: string
  }): NewEffect | null
}
