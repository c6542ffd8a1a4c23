// The contract between the engine and a domain, the room that owns one kind of event. The engine knows domains only by this type.
// Effects have their own contract: a carrier for each kind (core/effects/carrier.ts).

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
  /** True for an event that the request named, false for one that was called off with its parent. */
  readonly isTarget: boolean
  /** Empty for an event of a huge tree, whose effects are marked after the acknowledgement (I10). */
  readonly effects: readonly CancelledEffect[]
}

/** What follows from an ended effect: announced under the event of that effect, in the same commit. */
export type NextSteps = { readonly effects?: readonly NewEffect[]; readonly events?: readonly Announcement[] }

export type Settled = {
  readonly effect: StartedEffect
  readonly ending: 'done' | 'skipped' | 'dead'
  readonly result: JsonObject | null
  readonly error: string | null
  /** The time that the next steps count from: on a sandbox clock when it fell due, else now. */
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
   * Called inside the cancel's transaction, after the effects are marked. The domain writes its own rows and returns the notices to send,
   * by event id. A domain without notices leaves it out, and its events are cancelled faster.
   */
  cancelled?(tx: Tx, events: readonly CancelledEvent[]): Promise<ReadonlyMap<string, readonly NewEffect[]>>
  /**
   * Called inside the settling transaction for ended effects of its events that were not called off: the next step is
   * decided here. Returns what follows by effect id. `wantsSettled` limits it to the kinds that need it (others settle faster).
   */
  settled?(tx: Tx, settled: readonly Settled[]): Promise<ReadonlyMap<string, NextSteps>>
  wantsSettled?(effectKind: string): boolean
  /** Which of these events must not be swept although everything below them is over, because the domain still needs them. */
  keeps?(tx: Tx, eventIds: readonly string[]): Promise<readonly string[]>
  /**
   * Called inside the sweep's transaction: the domain deletes its own rows about these. `effectIds` are of every kind of event.
   */
  swept?(
    tx: Tx,
    gone: { readonly events: readonly GoneEvent[]; readonly effectIds: readonly string[] },
  ): Promise<void>
}
