// Settle: what a runner's report means, and how it is written. Every report names the start that it is about.
//
//   ends:     settle.sql (running -> ended), in one statement when no domain is asked
//   waiting:  leave-waiting.sql (running -> waiting)
//   retries:  lock event -> live? -> back-to-pending.sql (running -> pending)      called off? -> ends as cancelled
//   domains:  lock event -> live? -> settle.sql -> the domain's next steps, same commit
//
// What a cancel holds is left out and comes back. A report that comes again finds nothing, and changes nothing.

import { backoffMs } from '../../core/effects/backoff.ts'
import type { Ending, StartedEffect, Verdict } from '../../core/effects/effect.ts'
import { pauseBefore, type RetryPlan } from '../../core/effects/retry-plan.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { lockParents, type Parent } from '../announce/announce.ts'
import { columns } from '../columns.ts'
import { type Context, isAskable } from '../context.ts'
import { sql } from '../statements.ts'
import { errorText, evidenceText } from '../stored-text.ts'
import { type EndOf, endEffects, resolve } from './end.ts'

export type Attempt = {
  readonly effect: StartedEffect
  readonly maxAttempts: number
  /** Its retry plan and what it has waited by it until now; left out: its kind has none. */
  readonly retry?: { readonly plan: RetryPlan; readonly waitedMs: number } | undefined
  readonly keep: boolean
  /** The event's kind, when its domain decides what follows; null for most. */
  readonly domainKind: string | null
  readonly verdict: Verdict
  /** It was aborted because this process stops: what did not come to its end is given back and counts as no attempt. */
  readonly interrupted?: boolean
  /** It came back: somebody held its effect. */
  readonly wasHeld?: boolean
}

/** 'ended' (under whichever name), 'retried', 'waiting', 'gone' (another wrote its end), 'held' (come back). */
export type SettleResult = 'ended' | 'retried' | 'waiting' | 'gone' | 'held'

const UNTOLD = 'what it failed of could not be stored'

type Plan = {
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

/** Writes a batch of reports in the caller's transaction; results by position. */
export async function settleAttempts(
  context: Context,
  tx: Tx,
  batch: readonly Attempt[],
): Promise<readonly SettleResult[]> {
  const plans = batch.map(attempt => planOf(attempt, unit(context.random)))
  // Rows are met in the order of their ids, as by a cancel: two batches that cross rarely wait in a circle.
  const ordered = plans.toSorted(byEffect)
  const results = new Map<Plan, SettleResult>()
  const parts = [
    // First what locks events, which comes before effects in the lock order.
    [
      ordered.filter(p => p.step === 'retry' || (p.step === 'end' && p.attempt.domainKind !== null)),
      settleUnderEvents,
    ],
    [ordered.filter(p => p.step === 'wait'), exceptHeld(settleWaiting)],
    [ordered.filter(p => p.step === 'end' && p.attempt.domainKind === null), exceptHeld(settleEnds)],
  ] as const
  for (const [mine, settlePart] of parts) {
    if (mine.length === 0) continue
    const done = await settlePart(context, tx, mine)
    for (const [i, p] of mine.entries()) results.set(p, done[i] as SettleResult)
  }
  for (const { attempt } of plans.filter(p => results.get(p) !== 'held')) {
    const resolved = resolvedBy(attempt)
    if (resolved === null) continue
    await resolve(context, tx, resolved.effectId, resolved.resolution, attempt.effect.startId)
  }
  return plans.map(p => results.get(p) as SettleResult)
}

/** What a withdrawal that was answered says of the effect that it withdrew. */
function resolvedBy({ verdict }: Attempt) {
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

type SettlePart = (context: Context, tx: Tx, plans: readonly Plan[]) => Promise<readonly SettleResult[]>

/** Leaves out what somebody holds, a process say that was frozen in the middle of a cancel: the rest of a batch does not wait for it. */
function exceptHeld(settlePart: SettlePart): SettlePart {
  return async (context, tx, plans) => {
    const touched = (p: Plan) => [p.attempt.effect.id, ...[resolvedBy(p.attempt)?.effectId ?? []].flat()]
    const held = await heldEffects(tx, plans.flatMap(touched))
    const free = plans.filter(p => !touched(p).some(id => held.has(id)))
    const done = free.length === 0 ? [] : await settlePart(context, tx, free)
    const results = new Map(free.map((p, i) => [p, done[i] as SettleResult]))
    return plans.map(p => results.get(p) ?? 'held')
  }
}

async function heldEffects(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>(sql('held-effects'), [ids])
  return new Set(rows.map(row => row.id))
}

/** Ends that need no event lock: nothing follows from them. */
async function settleEnds(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<readonly SettleResult[]> {
  const ended = await endEffects(context, tx, plans.map(endOf))
  const rest = await settleRest(
    context,
    tx,
    plans.filter(p => !ended.has(p.attempt.effect.id)),
  )
  return plans.map(p =>
    ended.has(p.attempt.effect.id) ? 'ended' : (rest.get(p.attempt.effect.id) ?? 'gone'),
  )
}

/** What did not end: it waits for the answer of its withdrawal, or another wrote its end and this comes late. */
async function settleRest(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<Map<string, SettleResult>> {
  const asked = plans.filter(p => isAskable(context, p.attempt.effect.kind))
  const results = asked.length === 0 ? [] : await settleWaiting(context, tx, asked)
  const rest = new Map(asked.map((p, i) => [p.attempt.effect.id, results[i] as SettleResult]))
  await noteLate(
    context,
    tx,
    plans.filter(p => rest.get(p.attempt.effect.id) !== 'waiting'),
  )
  return rest
}

async function settleWaiting(_: Context, tx: Tx, plans: readonly Plan[]): Promise<readonly SettleResult[]> {
  const rows = await tx.query<{ id: string }>(
    sql('leave-waiting'),
    columns(plans, 5, p => [
      p.attempt.effect.id,
      p.attempt.effect.startId,
      evidenceText(p.evidence),
      p.doubtful,
      p.step === 'wait',
    ]),
  )
  const left = new Set(rows.map(row => row.id))
  return plans.map(p => (left.has(p.attempt.effect.id) ? 'waiting' : 'gone'))
}

/** Retries, and ends with a domain to ask: under the lock of their events. */
async function settleUnderEvents(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<readonly SettleResult[]> {
  const locked = lockParents(
    tx,
    plans.flatMap(p => p.attempt.effect.eventId ?? []),
    { wait: 'skip', tenants: plans.map(p => p.attempt.effect.tenant) },
  )
  // In the same write: a rescue holds all gates here, so it must not wait for anybody.
  const looked = heldEffects(
    tx,
    plans.map(p => p.attempt.effect.id),
  )
  const [parents, held] = await Promise.all([locked, looked])
  const free = plans.filter(
    ({ attempt: { effect } }) =>
      (effect.eventId === null || parents.has(effect.eventId)) && !held.has(effect.id),
  )
  const mayGoOn = (p: Plan) => p.attempt.keep || isLive(p, parents)
  const results = new Map<string, SettleResult>()

  const back = await backToPending(
    context,
    tx,
    free.filter(p => p.step === 'retry' && mayGoOn(p)),
  )
  for (const id of back) results.set(id, 'retried')
  // What was asked to stop does not go back: it ends, under the name that a cancel gives it.
  const ends = free.filter(p => p.step === 'end' || !back.has(p.attempt.effect.id))
  const ended = await endEffects(context, tx, ends.map(endOf), parents)
  for (const [id] of ended) results.set(id, 'ended')
  // Under an open cancellation that has not marked it yet: neither live nor asked to stop. Comes back when it is asked.
  const unmarked = new Set(
    await notYetAsked(
      tx,
      ends.filter(p => p.step === 'retry' && !mayGoOn(p) && !ended.has(p.attempt.effect.id)),
    ),
  )
  for (const id of unmarked) results.set(id, 'held')
  const rest = await settleRest(
    context,
    tx,
    ends.filter(p => !ended.has(p.attempt.effect.id) && !unmarked.has(p.attempt.effect.id)),
  )
  for (const [id, result] of rest) results.set(id, result)
  return plans.map(p => results.get(p.attempt.effect.id) ?? (free.includes(p) ? 'gone' : 'held'))
}

function isLive(p: Plan, parents: ReadonlyMap<string, Parent>): boolean {
  const id = p.attempt.effect.eventId
  return id === null || parents.get(id)?.cancellation_id === null
}

async function notYetAsked(tx: Tx, plans: readonly Plan[]): Promise<readonly string[]> {
  if (plans.length === 0) return []
  const rows = await tx.query<{ id: string }>(
    sql('not-yet-asked'),
    columns(plans, 2, p => [p.attempt.effect.id, p.attempt.effect.startId]),
  )
  return rows.map(row => row.id)
}

export function endOf(p: Plan): EndOf {
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

async function backToPending(context: Context, tx: Tx, plans: readonly Plan[]): Promise<Set<string>> {
  if (plans.length === 0) return new Set()
  const rows = await tx.query<{ id: string }>(sql('back-to-pending'), [
    context.clock(),
    ...columns(plans, 7, p => [
      p.attempt.effect.id,
      p.attempt.effect.startId,
      p.nextAttempt,
      p.afterMs,
      errorText(p.error),
      p.doubtful,
      p.attempt.retry ? Math.ceil(p.afterMs) : 0,
    ]),
  ])
  const back = new Set(rows.map(row => row.id))
  tx.afterCommit(() => {
    context.hints.due()
    // What was only given back, by a process that stops say, is the same attempt once more.
    for (const { attempt, nextAttempt } of plans)
      if (back.has(attempt.effect.id) && nextAttempt > attempt.effect.attempt)
        context.watch?.retried(attempt.effect.kind)
  })
  return back
}

async function noteLate(context: Context, tx: Tx, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  await tx.query(sql('note-late'), [
    context.clock(),
    ...columns(plans, 4, p => [
      p.attempt.effect.id,
      p.attempt.effect.startId,
      `Its runner reported after the receipt was final: ${p.attempt.verdict.is}`,
      evidenceText(p.evidence),
    ]),
  ])
}

function byEffect(a: Plan, b: Plan): number {
  return a.attempt.effect.id < b.attempt.effect.id ? -1 : 1
}

function unit(random: Context['random']): number {
  const [a, b] = random(2)
  return ((a ?? 0) * 256 + (b ?? 0)) / 65_536
}
