// This folder has what everybody must know of effects: shapes, kinds, lanes, titles, retry plans. It is pure:
// it must not do I/O or read a clock. An effect is one thing that will happen because of an event, at a due
// time. On screens and in receipts it is called action.
//
//            announce / settle / cancel (notice)
//                     |
//                  pending ----- cancel ------> ended: prevented      revise ----> ended: superseded
//                     |  ^
//   start (guarded,   |  |  retry, rescue of a lost worker
//   committed before  v  |
//   anybody outside is   running ----- settle ------> ended: done | skipped | dead
//   touched)          |
//                     | cancel: told to stop (the row is marked; the runner learns it by signal or heartbeat)
//                     v
//                  running, asked -- settle --> ended: stopped | too_late | in_doubt
//                                 -- 30 s ----> ended: in_doubt
//
// An effect that has not ended is one row of engine.effect, which holds its data and its state. One that has ended is a row of
// engine.ended, or an item in the row of the cancellation that prevented it.
//
// Every start has an id of its own. Every report of a start names that id, so that a report of one start is never taken for a
// report of another. After a start of what touches the world there is *doubt* until it is proved that the start did nothing.
// Doubt stays with the effect through retries and whatever else becomes of it.

import type { JsonObject } from '../json.ts'
import type { RetrySettings } from './retry-plan.ts'

/** Kinds of effect, each with one carrier. See ARCHITECTURE.md's table: when it counts as started, what abort does. */
export type EffectKind = string

/** What an announcement or a domain asks the engine to make happen. */
export type NewEffect = {
  /** The id to use; left out, the engine makes one. */
  readonly id?: string
  readonly kind: EffectKind
  /** Short text for people: "Mail to bob@contoso.example". At most 200 characters. */
  readonly title: string
  /** When it falls due: an instant of the tenant's clock, or milliseconds after it is announced (0: at once). Never early. */
  readonly due: { readonly at: Date } | { readonly afterMs: number }
  /** What its carrier needs. */
  readonly data: JsonObject
  /** Concurrency lane within kind and tenant, e.g. the destination host; '' for none. */
  readonly lane?: string
  /** Titles of the steps that follow it. A cancel that prevents it also keeps those from being reached. */
  readonly next?: readonly string[]
  /** What the cancel of its event means for it. Default 'cancel'. */
  readonly link?: Link
  /** How many attempts before it ends dead. Default: the carrier's. */
  readonly maxAttempts?: number
  /** Settings of its retries, over those of its tenant and app. Only for kinds whose carrier has a plan. */
  readonly retry?: RetrySettings
}

/**
 * Attempts of a kind that touches the database only, such as a timer. Such an effect fails only together with its process
 * or the database, and must not end dead for that (I8). With an hour between them, so many last for six weeks.
 */
export const DATABASE_ATTEMPTS = 1000

/** What a parent's cancel means for a child event, or an event's cancel for one of its effects. */
export type Link = 'cancel' | 'keep'

/** An effect whose start has been committed: what a carrier is handed. */
export type StartedEffect = {
  readonly id: string
  readonly tenant: string
  /** The event that it was announced under; null for a notice. */
  readonly eventId: string | null
  /** For a notice: the cancellation that it belongs to. */
  readonly noticeOf: string | null
  readonly kind: EffectKind
  readonly title: string
  readonly data: JsonObject
  /** When it fell due, on the tenant's clock. */
  readonly dueAt: Date
  /** 1 for the first attempt. */
  readonly attempt: number
  /** The id of this start: no other start of this or any effect has it. */
  readonly startId: string
}

/** The cause of an abort signal: `signal.reason` of a carrier is always one of these. */
export class EffectAborted extends Error {
  override readonly name = 'EffectAborted'
  readonly why: 'cancelled' | 'lease_lost' | 'shutdown'
  readonly cancellationId: string | null
  constructor(cause: 'cancelled' | 'lease_lost' | 'shutdown', cancellationId: string | null = null) {
    super(`effect aborted: ${cause}`)
    this.why = cause
    this.cancellationId = cancellationId
  }
}

/**
 * What a carrier says of one attempt. It returns, never throws, to steer; a throw counts as `retry`.
 * - done: took effect. `evidence` e.g. the SMTP reply. `result` is handed to the domain's `settled`.
 * - skipped: there was nothing to do (a condition was false, the recipient is gone).
 * - retry: failed, worth another attempt: after `afterMs`, or when its retry plan says, but not before `notBeforeMs`.
 * - failed: will never work; ends dead, retryable by hand.
 * - stopped: an abort was heeded, provably without effect.
 * - waiting: nobody runs it any more and it ends from outside, by `Engine.end`: an offer that waits for its agent, or a
 *   webhook that was aborted in the middle, whose withdrawal notice will say how it ended (or 30 s pass: in doubt).
 * - in_doubt: an abort was heeded, and nobody can say whether it took effect.
 * An answer of `done` after a cancel asked to stop is recorded as too_late; `retry`/`failed` then as stopped unless
 * `mayHaveHappened`, which makes it in_doubt.
 */
export type Verdict =
  | { readonly is: 'done'; readonly evidence?: JsonObject; readonly result?: JsonObject }
  | { readonly is: 'skipped'; readonly evidence?: JsonObject; readonly result?: JsonObject }
  | {
      readonly is: 'retry'
      readonly error: string
      readonly afterMs?: number
      readonly notBeforeMs?: number
      readonly mayHaveHappened?: boolean
      readonly evidence?: JsonObject
    }
  | {
      readonly is: 'failed'
      readonly error: string
      readonly mayHaveHappened?: boolean
      readonly evidence?: JsonObject
      readonly result?: JsonObject
    }
  | { readonly is: 'stopped'; readonly evidence?: JsonObject }
  | { readonly is: 'waiting'; readonly evidence?: JsonObject }
  | { readonly is: 'in_doubt'; readonly evidence?: JsonObject }

/** How an effect ended, as kept. */
export type Ending =
  | 'done'
  | 'skipped'
  | 'dead'
  | 'superseded'
  | 'prevented'
  | 'stopped'
  | 'too_late'
  | 'in_doubt'
