// A cancellation is one request to call an event off: who, when, why, by which API. What it did is its receipt.

import type { Ending } from './effects/effect.ts'
import type { JsonObject } from './json.ts'

/** Who requested it. `principal` is stable per credential ('user:<id>', 'app:<id>') and defines "the same caller" of I5. */
export type Caller = {
  readonly principal: string
  readonly api: 'graph' | 'wix' | 'cif' | 'native'
  readonly name: string
}

export type CancelTarget =
  | { readonly eventId: string }
  | { readonly key: string; readonly entity: string; readonly kind: string }

export type CancelRequest = {
  readonly tenant: string
  readonly target: CancelTarget
  readonly by: Caller
  /** Free text that is passed on to people; at most 10,000 characters. */
  readonly reason?: string | null
  readonly correlationId?: string | null
  /** `Idempotency-Key` or `client-request-id`: the same key again from the same caller gets the same receipt (I5). */
  readonly requestKey?: string | null
  /** How long the request is kept for an event that is still to come, if nothing live matches. Left out or null: not at all. */
  readonly early?: { readonly ttlMs: number } | null
  /** Facts about the request for the domain's `cancelled` hook. */
  readonly data?: JsonObject
}

/**
 * What a request led to. `cancelled`: something was called off. `repeated`: it repeats an earlier request, and gets the receipt
 * of that one. `over`: everything that it names had ended or been called off before. `waiting`: it is kept for an event that is
 * still to come. `nothing`: nothing has the name.
 */
export type CancelStatus = 'cancelled' | 'repeated' | 'over' | 'waiting' | 'nothing'

export type Cancelled = {
  readonly receiptId: string
  readonly is: CancelStatus
  /** True when the receipt is that of an earlier, equal request. This request changed nothing. */
  readonly replayed: boolean
  /** Ids of the events that this cancellation called off (capped at 1,000; empty when none matched). */
  readonly eventIds: readonly string[]
  readonly counts: ReceiptCounts
  /** True when it waits as an early cancellation. */
  readonly early: boolean
}

export type CancelOutcome =
  | Cancelled
  | { readonly refused: 'unknown_event' }
  | { readonly refused: 'request_key_reused'; readonly receiptId: string }

/** Outcome of one item of a receipt. `stopping`: it was told to stop and has not ended yet (never in a final receipt). */
export type Outcome =
  | 'prevented'
  | 'stopped'
  | 'too_late'
  | 'already_ended'
  | 'in_doubt'
  | 'kept'
  | 'already_cancelled'
  | 'stopping'

export const OUTCOMES = [
  'prevented',
  'stopped',
  'too_late',
  'already_ended',
  'in_doubt',
  'kept',
  'already_cancelled',
  'stopping',
] as const satisfies readonly Outcome[]

/** Items by outcome; `total` is their sum and equals the number of items (I2). */
export type ReceiptCounts = { readonly total: number } & { readonly [outcome in Outcome]: number }

export type ReceiptItem = {
  readonly effectId: string
  readonly eventId: string
  readonly kind: string
  readonly title: string
  readonly outcome: Outcome
  /** For `already_ended`: how it had ended (done, skipped, dead, superseded). */
  readonly ending: Ending | null
  /** When it ended, on the tenant's clock; null while it is stopping, and for a kept one that had not ended. */
  readonly at: string | null
  readonly dueAt: string
  readonly evidence: JsonObject | null
  /** Titles of the steps that follow it and will not be reached now. */
  readonly next: readonly string[]
  /** The earlier cancellation, for `already_cancelled`. */
  readonly cancellationId: string | null
}

export type ReceiptNotice = {
  readonly effectId: string
  readonly kind: string
  readonly title: string
  readonly state: 'pending' | 'running' | 'done' | 'skipped' | 'dead'
  readonly at: string | null
  readonly evidence: JsonObject | null
}

/** Something that was learnt after the receipt was final. */
export type ReceiptNote = {
  readonly at: string
  readonly effectId: string
  readonly text: string
  readonly evidence: JsonObject | null
}

export type Receipt = {
  readonly id: string
  readonly tenant: string
  /** 'counting' while the effects of a huge tree are still being marked, 'open' while something is stopping, then 'final'. */
  readonly state: 'counting' | 'open' | 'final'
  readonly cancelledAt: string
  /** The latest time at which it becomes final. */
  readonly finalBy: string
  readonly by: Caller
  readonly target: {
    readonly kind: string
    readonly key: string | null
    readonly eventId: string | null
    readonly entity: string
  }
  readonly reason: string | null
  readonly correlationId: string | null
  /** Set when nothing live matched and it waits for its event: how long it waits, and the events that it has met since. */
  readonly early: { readonly until: string; readonly metEventIds: readonly string[] } | null
  readonly events: readonly {
    readonly id: string
    readonly kind: string
    readonly title: string
    readonly key: string | null
  }[]
  readonly counts: ReceiptCounts
  /** At most 1,000 items here; the rest by paging (`itemsAfter`). */
  readonly items: readonly ReceiptItem[]
  readonly itemsAfter: string | null
  /** Waits and time limits. Nobody outside notices them, so they are not items and are not counted (I2). */
  readonly innerSteps: readonly ReceiptItem[]
  readonly notices: readonly ReceiptNotice[]
  readonly notes: readonly ReceiptNote[]
  /** While counting: how many effects have been marked so far. */
  readonly progress: { readonly marked: number } | null
}
