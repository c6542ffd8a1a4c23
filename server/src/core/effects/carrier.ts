// A carrier does one kind of effect: it sends the mail, calls the webhook, ends the wait. The engine knows a carrier
// only by this type.

import type { JsonObject } from '../json.ts'
import type { NewEffect, StartedEffect, Verdict } from './effect.ts'
import type { RetryPlan } from './retry-plan.ts'

/** Does one kind of effect. `run` is called after its start was committed, at most `slots` at once per lane. */
export type Carrier = {
  readonly kind: string
  /** At most this many at once, per tenant and lane, in one process. */
  readonly slots: number
  /** How many attempts before an effect ends dead, unless the effect has its own number. */
  readonly maxAttempts: number
  /** The pauses between attempts, and how long they go on in all. Left out: core/effects/backoff.ts. A tenant may set another plan. */
  readonly retryPlan?: RetryPlan
  /**
   * Whether anybody outside notices the effect. False for waits and time limits: a receipt lists them apart, and their attempts
   * are never in doubt. Default true.
   */
  readonly touchesWorld?: boolean
  /**
   * Must react to `signal` at once (its reason is an EffectAborted). It reports by its Verdict, not by an exception. On a
   * `shutdown` or `lease_lost` abort it may simply return { is: 'retry' }.
   */
  run(effect: StartedEffect, signal: AbortSignal): Promise<Verdict>
  /**
   * The notice that tells the receiver, when a cancel finds this effect running. The verdict of the notice's own carrier may have
   * `result: { resolves: <effect id>, outcome: 'stopped' | 'too_late', evidence }`. That ends the effect that it names.
   */
  withdraw?(effect: {
    readonly id: string
    readonly tenant: string
    readonly data: JsonObject
    readonly title: string
  }): NewEffect | null
}
