// A domain owns one kind of event; what the engine knows of it. The other thing that is handed to the engine is a carrier for
// each kind of effect (core/effects/carrier.ts).

import type { CancelRequest, Outcome } from '../core/cancellation.ts'
import type { NewEffect, StartedEffect } from '../core/effects/effect.ts'
import type { Announcement, StoredEvent } from '../core/event.ts'
import type { JsonObject } from '../core/json.ts'
import type { Tx } from '../store/database.ts'

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
