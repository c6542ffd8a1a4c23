// What a report of an attempt means, before anything is written: which step follows, and how the effect ends, with and without a
// cancel that asked it to stop. All of it is pure. settle.ts writes it.

import { backoffMs } from '../../core/effects/backoff.ts'
import type { Ending, StartedEffect, Verdict } from '../../core/effects/effect.ts'
import { pauseBefore, type RetryPlan } from '../../core/effects/retry-plan.ts'
import type { JsonObject } from '../../core/json.ts'
import type { PlannedEnd } from './end.ts'

export type Attempt = {
  readonly effect: StartedEffect
  readonly maxAttempts: number
  /** Its retry plan and what it has waited by it until now; left out: its kind has none. */
  readonly retry?: { readonly plan: RetryPlan; readonly waitedMs: number } | undefined
  readonly keep: boolean
  /** The event's kind, when its domain decides what follows; null for most. */
  readonly domainKind: string | null
  readonly verdict: Verdict
  /** It was aborted because this process stops. If it did not end, it is given back and does not count as an attempt. */
  readonly interrupted?: boolean
  /** The report came back because somebody had locked the effect. */
  readonly wasHeld?: boolean
}

const UNTOLD = 'what it failed of could not be stored'

export type Plan = {
  readonly attempt: Attempt
  readonly step: 'end' | 'wait' | 'retry'
  readonly ending: Ending
  readonly endingIfCancelled: Ending
  readonly error: string | null
  readonly evidence: JsonObject | null
  readonly afterMs: number
  readonly nextAttempt: number
  /** This attempt may have had its effect, although it failed. */
  readonly doubtful: boolean
}

/** What a verdict means, with and without a cancel that asked to stop. Pure. */
export function planOf(attempt: Attempt, random01: number): Plan {
  const { effect, verdict, maxAttempts } = attempt
  const base = {
    attempt,
    error: null,
    evidence: verdict.evidence ?? null,
    afterMs: 0,
    nextAttempt: effect.attempt + 1,
    doubtful: false,
  }
  switch (verdict.is) {
    case 'done':
      return { ...base, step: 'end', ending: 'done', endingIfCancelled: 'too_late' }
    case 'skipped':
      return { ...base, step: 'end', ending: 'skipped', endingIfCancelled: 'stopped' }
    case 'waiting':
      return { ...base, step: 'wait', ending: 'done', endingIfCancelled: 'in_doubt' }
    case 'failed':
      return {
        ...base,
        step: 'end',
        ending: 'dead',
        endingIfCancelled: verdict.mayHaveHappened ? 'in_doubt' : 'stopped',
        error: verdict.error,
        doubtful: verdict.mayHaveHappened === true,
      }
    case 'stopped':
      // Nobody had called it off (a shutdown): the same attempt once more.
      return {
        ...base,
        step: 'retry',
        ending: 'dead',
        endingIfCancelled: 'stopped',
        nextAttempt: effect.attempt,
      }
    case 'in_doubt':
    case 'retry': {
      const error = verdict.is === 'retry' ? verdict.error : 'interrupted'
      const doubtful = verdict.is === 'in_doubt' || verdict.mayHaveHappened === true
      const endingIfCancelled: Ending = doubtful ? 'in_doubt' : 'stopped'
      const failed = { ...base, ending: 'dead', endingIfCancelled, error, doubtful } as const
      if (attempt.interrupted) return { ...failed, step: 'retry', nextAttempt: effect.attempt }
      if (effect.attempt >= maxAttempts) return { ...failed, step: 'end' }
      const afterMs = pauseAfter(attempt, random01)
      return afterMs === null ? { ...failed, step: 'end' } : { ...failed, step: 'retry', afterMs }
    }
    default:
      return verdict satisfies never
  }
}

/** Milliseconds until the next attempt; null: its plan is over. */
function pauseAfter({ effect, verdict, retry }: Attempt, random01: number): number | null {
  const wish = verdict.is === 'retry' ? verdict : null
  const notBeforeMs = wish?.notBeforeMs ?? 0
  const next = effect.attempt + 1
  if (retry) {
    const pause = pauseBefore(retry.plan, { next, waitedMs: retry.waitedMs, notBeforeMs, random01 })
    return pause === null ? null : (wish?.afterMs ?? pause)
  }
  return wish?.afterMs ?? Math.max(backoffMs(next, random01), notBeforeMs)
}

/**
 * What is reported instead of an end that cannot be written: without a domain the same, and nothing to tell beside it. Pure.
 */
export function withLess(attempt: Attempt, error: unknown): Attempt {
  if (attempt.domainKind !== null) return withoutDomain(attempt, error)
  const { verdict } = attempt
  if (verdict.is === 'failed')
    return { ...attempt, verdict: { ...verdict, error: UNTOLD, evidence: undefined } }
  if (verdict.is === 'retry')
    return { ...attempt, verdict: { is: 'retry', error: UNTOLD, mayHaveHappened: verdict.mayHaveHappened } }
  return { ...attempt, verdict: { ...verdict, evidence: undefined } }
}

/**
 * What is reported instead of an end that cannot be written because the hook of its domain throws: it dies, so that it is
 * seen and can be tried again by hand, and is not left running. Pure.
 */
export function withoutDomain(attempt: Attempt, error: unknown): Attempt {
  const message = error instanceof Error ? error.message : String(error)
  const verdict = {
    is: 'failed',
    error: `its end could not be written: ${message}`,
    mayHaveHappened: true,
  } as const
  return { ...attempt, domainKind: null, verdict }
}

/** Whether a report can be written by settle.sql alone: no event is locked, and nothing is resolved by it. Pure. */
export function isPlainEnd(attempt: Attempt, random01: number): boolean {
  const { step } = planOf(attempt, random01)
  return step === 'end' && attempt.domainKind === null && !attempt.wasHeld && resolvedBy(attempt) === null
}

/** What a withdrawal that was answered says of the effect that it withdrew. */
export function resolvedBy({ verdict }: Attempt) {
  if (verdict.is !== 'done') return null
  const effectId = verdict.result?.resolves
  if (typeof effectId !== 'string') return null
  return {
    effectId,
    resolution: {
      is: 'resolved',
      outcome: verdict.result?.outcome === 'stopped' ? 'stopped' : 'too_late',
      evidence: (verdict.result?.evidence as JsonObject | undefined) ?? null,
    },
  } as const
}

export function endOf(p: Plan): PlannedEnd {
  const { attempt, ending, endingIfCancelled, error, evidence, doubtful } = p
  const { effect, verdict, domainKind } = attempt
  return {
    effect,
    startId: effect.startId,
    ending: p.step === 'end' ? ending : null,
    endingIfCancelled,
    error,
    evidence,
    result: 'result' in verdict ? (verdict.result ?? null) : null,
    doubtful,
    aboutAll: false,
    domainKind,
  }
}
