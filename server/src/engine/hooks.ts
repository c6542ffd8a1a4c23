// What the rooms around the engine hand to it, in compose: a carrier for each kind of effect, a domain for each kind of
// event. The engine knows them by these shapes only.

import type { CancelRequest, Outcome } from '../core/cancellation.ts'
import type { NewEffect, StartedEffect, Verdict } from '../core/effect.ts'
import type { Announcement, StoredEvent } from '../core/event.ts'
import type { JsonObject } from '../core/json.ts'
import type { RetryPlan } from '../core/retry-plan.ts'
import type { Tx } from '../store/database.ts'

/** Does one kind of effect. `run` is called after its start was committed, at most `slots` at once per lane. */
export type Carrier = {
  readonly kind: string
  /** At most this many at once, per tenant and lane, in one process. */
  readonly slots: number
  /** Attempts before it ends dead, unless the effect says otherwise. */
  readonly maxAttempts: number
  /** What is waited between them, and for how long in all; without one backoff.ts says. A tenant may set another. */
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

/** An effect of a cancelled event, with what the cancel did to it. */
export type CancelledEffect = {
  readonly id: string
  readonly eventId: string
  readonly kind: string
  readonly title: string
  readonly data: JsonObject
  readonly outcome: Outcome
}

export type CancelledEvent = {
  readonly event: StoredEvent
  readonly cancellationId: string
  readonly request: CancelRequest
  /** When, on the tenant's clock. */
  readonly at: Date
  /** True for the event that the request named, false for one that its parent took along. */
  readonly isTarget: boolean
  /** Empty for an event of a tree so large that its marking goes on behind the acknowledgement (I10). */
  readonly effects: readonly CancelledEffect[]
}

/** What follows from an ended effect: announced under the event of that effect, in the same commit. */
export type NextSteps = { readonly effects?: readonly NewEffect[]; readonly events?: readonly Announcement[] }

export type Settled = {
  readonly effect: StartedEffect
  readonly ending: 'done' | 'skipped' | 'dead'
  readonly result: JsonObject | null
  readonly error: string | null
  /** The tenant's time that steps behind it count from: when it fell due on a sandbox clock, else now. */
  readonly at: Date
}

/** An event that was swept. */
export type GoneEvent = {
  readonly id: string
  readonly tenant: string
  readonly kind: string
  readonly entity: string
}

/** Owner of one kind of event. All hooks run inside the engine's transaction and are called with whole batches. */
export type Domain = {
  readonly eventKind: string
  /**
   * Called inside the cancel's transaction, after its effects are marked: writes what the domain must write, and returns
   * the notices that follow, by event id. A domain without notices leaves it out: its events are cancelled faster.
   */
  cancelled?(tx: Tx, events: readonly CancelledEvent[]): Promise<ReadonlyMap<string, readonly NewEffect[]>>
  /**
   * Called inside the settling transaction for ended effects of its events that were not called off: the next step is
   * decided here. Returns what follows by effect id. `wantsSettled` limits it to the kinds that need it (others settle faster).
   */
  settled?(tx: Tx, settled: readonly Settled[]): Promise<ReadonlyMap<string, NextSteps>>
  wantsSettled?(effectKind: string): boolean
  /** Which of these events must not be swept, although all that hangs from them is over: something stands on them. */
  keeps?(tx: Tx, eventIds: readonly string[]): Promise<readonly string[]>
  /**
   * Called inside the sweep's transaction: what the domain keeps about these goes too. `effectIds`: of every kind of event.
   */
  swept?(
    tx: Tx,
    gone: { readonly events: readonly GoneEvent[]; readonly effectIds: readonly string[] },
  ): Promise<void>
}
