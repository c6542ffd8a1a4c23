// What is known of a history from outside: what callers asked and were told, what carriers were handed, what receivers
// saw. The checker judges by nothing else. Plain data, so that it can be written to a file.

import type { CancelOutcome, CancelRequest, Receipt } from '../../../server/src/core/cancellation.ts'
import type { Link, Verdict } from '../../../server/src/core/effects/effect.ts'
import type { Announced, EarlyPolicy } from '../../../server/src/core/event.ts'

/**
 * mail: touches the world, and nobody can be asked how it went. call: touches the world, and its receiver can be asked.
 * offer: is shown, and ends from outside. delay: lives in the database, and what comes next is announced when it is over.
 * withdraw, letter: notices that a cancellation must send; a withdrawal asks the receiver of a call.
 */
export type Kind = 'mail' | 'call' | 'offer' | 'delay' | 'withdraw' | 'letter'

/** Inner steps do not touch the world: a receipt need not count them (I2). */
export function touchesWorld(kind: string): boolean {
  return kind !== 'delay'
}

/** What a receiver does with what arrives; for the n-th arrival the n-th, then the last again. */
export type Behaviour =
  /** Takes effect, and says so. */
  | 'takes'
  /** Takes effect, and says 500. */
  | 'takes, says 500'
  /** Takes effect, and never answers. */
  | 'takes, hangs'
  /** Does nothing, and says 500. */
  | 'says 500'
  /** Does nothing, and never answers. */
  | 'hangs'
  /** Proves that nothing was done, now (429) … */
  | 'is busy'
  /** … or for good (a refusal). */
  | 'refuses'
  /** Cannot be reached: no octet has left. */
  | 'is away'

export type PlannedEffect = {
  /** Of no other effect of the history: it is how the checker knows it. */
  readonly title: string
  readonly kind: Kind
  readonly afterMs: number
  readonly link: Link
  readonly maxAttempts: number
  readonly script: readonly Behaviour[]
  readonly next: Planned
}

export type PlannedEvent = {
  /** Of no other event of the history. */
  readonly title: string
  readonly key: string | null
  readonly entity: string
  readonly parent: { readonly title: string; readonly link: Link } | null
  readonly early: EarlyPolicy
  readonly effects: readonly PlannedEffect[]
}

export type Planned = {
  readonly effects: readonly PlannedEffect[]
  readonly events: readonly PlannedEvent[]
}

export const NOTHING_PLANNED: Planned = { effects: [], events: [] }

/** How an effect stands, as Engine.effectsOf says. */
export type Standing = {
  readonly id: string
  readonly title: string
  readonly state: 'pending' | 'running' | 'ended'
  readonly ending: string | null
  readonly cancellationId: string | null
  readonly attempt: number
}

export type Fact = { readonly at: number } & (
  | {
      readonly is: 'announce asked'
      readonly op: number
      readonly eventId: string
      readonly event: PlannedEvent
    }
  | { readonly is: 'announce answered'; readonly op: number; readonly result: Announced }
  | { readonly is: 'cancel asked'; readonly op: number; readonly request: CancelRequest }
  | { readonly is: 'cancel answered'; readonly op: number; readonly outcome: CancelOutcome }
  | {
      readonly is: 'revise asked'
      readonly op: number
      readonly eventId: string
      readonly effects: readonly PlannedEffect[]
    }
  | {
      readonly is: 'revise answered'
      readonly op: number
      readonly result: 'revised' | 'cancelled' | 'unknown'
      readonly effectIds: readonly string[]
    }
  | { readonly is: 'retry asked'; readonly op: number; readonly effectId: string }
  | { readonly is: 'retry answered'; readonly op: number; readonly result: string }
  | { readonly is: 'end asked'; readonly op: number; readonly effectId: string }
  | { readonly is: 'end answered'; readonly op: number; readonly result: 'ended' | 'gone' }
  | { readonly is: 'clock asked'; readonly op: number; readonly byMs: number }
  | { readonly is: 'clock answered'; readonly op: number }
  /** No answer to what was asked: it may have been done. `unavailable`: the database was away, which is a caller's lot. */
  | {
      readonly is: 'failed'
      readonly op: number
      readonly asked: string
      readonly error: string
      readonly unavailable: boolean
    }
  /** `askedAt`: when the reader asked. */
  | { readonly is: 'receipt read'; readonly askedAt: number; readonly receipt: Receipt }
  /** Through which process a carrier was handed an effect. */
  | {
      readonly is: 'began'
      readonly run: number
      readonly process: string
      readonly effectId: string
      readonly eventId: string | null
      readonly noticeOf: string | null
      readonly title: string
      readonly kind: string
      readonly attempt: number
    }
  | {
      readonly is: 'told to stop'
      readonly run: number
      readonly why: string
      readonly cancellationId: string | null
    }
  | { readonly is: 'said'; readonly run: number; readonly verdict: Verdict }
  /** The receiver did it: the world is another. */
  | { readonly is: 'took effect'; readonly effectId: string; readonly title: string }
  /** A domain was asked what comes next, in a transaction that may yet fail. */
  | { readonly is: 'next asked'; readonly effectId: string; readonly title: string; readonly ending: string }
  | {
      readonly is: 'process'
      readonly process: string
      readonly now: 'starts' | 'freezes' | 'thaws' | 'dies' | 'stops'
    }
  /** Something went wrong on the way to the database. */
  | { readonly is: 'fault'; readonly process: string; readonly what: string }
  /** What a process reports, or what nobody caught. */
  | {
      readonly is: 'error'
      readonly process: string
      readonly where: string
      readonly error: string
      readonly uncaught: boolean
    }
  /** From here on nothing goes wrong any more. */
  | { readonly is: 'calm' }
  /** All has come to its end, or should have. */
  | { readonly is: 'over' }
  | {
      readonly is: 'event read'
      readonly eventId: string
      readonly cancellationId: string | null
      readonly here: boolean
    }
  | { readonly is: 'effects read'; readonly eventId: string; readonly effects: readonly Standing[] }
)

/** Facts as they come; each is dated. */
export class Facts {
  readonly all: Fact[] = []
  private readonly clock: { readonly now: number }
  private op = 0

  constructor(clock: { readonly now: number }) {
    this.clock = clock
  }

  add(fact: Undated<Fact>): void {
    this.all.push({ at: this.clock.now, ...fact } as Fact)
  }

  nextOp(): number {
    this.op += 1
    return this.op
  }
}

type Undated<F> = F extends unknown ? Omit<F, 'at'> : never
