// A cancellation is one request to call an event off: who, when, why, by which API. What it did is its receipt.

import type { Ending } from './effects/effect.ts'
import type { JsonObject } from './json.ts'

/** Who asked. `principal` is stable per credential ('user:<id>', 'app:<id>'): the same caller, for I5. */
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
  /** `Idempotency-Key` or `client-request-id`: the same again from the same caller gets the same receipt (I5). */
  readonly requestKey?: string | null
  /** Keep it for an event still to come, this long, when nothing live matches. Left out or null: nothing is kept. */
  readonly early?: { readonly ttlMs: number } | null
  /** What the domain's `cancelled` hook wants to know of the request. */
  readonly data?: JsonObject
}

/**
 * What a request came to. `cancelled`: something was called off. `repeated`: it is an earlier request again, and has that
 * one's receipt. `over`: all of it had ended or been called off before. `waiting`: it is kept for an event still to come.
 * `nothing`: nobody has what it names.
 */
export type CameTo = 'cancelled' | 'repeated' | 'over' | 'waiting' | 'nothing'

export type Cancelled = {
  readonly receiptId: string
  readonly is: CameTo
  /** True when this is the receipt of an earlier, same request: nothing was changed by this one. */
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

/** Outcome of one item of a receipt. `stopping`: running and asked to stop, its end not known yet (never when final). */
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
  /** When that was, on the tenant's clock; null while stopping and for kept ones that had not ended. */
  readonly at: string | null
  readonly dueAt: string
  readonly evidence: JsonObject | null
  /** Steps behind it that will now not be reached. */
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

/** Learnt after the receipt was final. */
export type ReceiptNote = {
  readonly at: string
  readonly effectId: string
  readonly text: string
  readonly evidence: JsonObject | null
}

export type Receipt = {
  readonly id: string
  readonly tenant: string
  /** 'counting' while a huge tree is still being written down, 'open' while something is stopping, then 'final'. */
  readonly state: 'counting' | 'open' | 'final'
  readonly cancelledAt: string
  /** When it is final at the latest. */
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
  /** Set when nothing live matched and it waits for its event: until when, and the event it has met since. */
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
  /** Waits and time limits among them: nobody outside notices those, so they are no items and not counted (I2). */
  readonly innerSteps: readonly ReceiptItem[]
  readonly notices: readonly ReceiptNotice[]
  readonly notes: readonly ReceiptNote[]
  /** While counting: effects written down so far. */
  readonly progress: { readonly marked: number } | null
}
