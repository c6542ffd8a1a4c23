// Settle: how an attempt ended, written by its runner only. Lone ends go through one guarded statement; what may bring
// something into the world (a next step, a retry) first locks its event, and comes back when a cancel holds it.
//
//   ends:     settle.sql (running -> ended)
//   waiting:  leave-waiting.sql (running, nobody's)
//   retries:  lock event -> live? -> back-to-pending.sql (running -> pending)      called off? -> ends as asked
//   births:   lock event -> live? -> settle.sql -> the domain's next steps -> births, same commit

import { backoffMs } from '../core/backoff.ts'
import type { Ending, Link, StartedEffect, Verdict } from '../core/effect.ts'
import { shardOfId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Tx } from '../store/database.ts'
import { announce, lockParents } from './announce.ts'
import { type Birth, bearEffects } from './births.ts'
import { columns } from './columns.ts'
import { type Context, isAskable, sql } from './context.ts'
import { resolve } from './end.ts'
import type { Births, Settled } from './hooks.ts'
import { tenantTimes } from './sandbox-clock.ts'

export type Attempt = {
  readonly effect: StartedEffect
  readonly maxAttempts: number
  readonly link: Link
  /** The event's kind owner, when it wants to hear of this; null for most. */
  readonly domainKind: string | null
  readonly verdict: Verdict
  /** It was aborted because this process stops: what did not come to its end is given back and counts as no attempt. */
  readonly interrupted?: boolean
  readonly worker: string
}

/** 'ended' (under whichever name), 'retried', 'waiting', 'gone' (another wrote its end), 'held' (come back). */
export type SettleResult = 'ended' | 'retried' | 'waiting' | 'gone' | 'held'

type Plan = {
  readonly attempt: Attempt
  readonly step: 'end' | 'wait' | 'retry'
  readonly ending: Ending
  readonly asked: Ending
  readonly error: string | null
  readonly evidence: JsonObject | null
  readonly afterMs: number
  readonly nextAttempt: number
  /** This attempt may have had its effect, although it failed. */
  readonly doubt: boolean
}

/** What a verdict means, with and without a cancel that asked to stop. Pure. */
export function planOf(attempt: Attempt, random01: number): Plan {
  const { effect, verdict, maxAttempts } = attempt
  const base = {
    attempt,
    error: null,
    evidence: verdict.is === 'waiting' ? null : (verdict.evidence ?? null),
    afterMs: 0,
    nextAttempt: effect.attempt + 1,
    doubt: false,
  }
  switch (verdict.is) {
    case 'done':
      return { ...base, step: 'end', ending: 'done', asked: 'too_late' }
    case 'skipped':
      return { ...base, step: 'end', ending: 'skipped', asked: 'stopped' }
    case 'waiting':
      return { ...base, step: 'wait', ending: 'done', asked: 'in_doubt', evidence: verdict.evidence ?? null }
    case 'failed':
      return {
        ...base,
        step: 'end',
        ending: 'dead',
        asked: verdict.mayHaveHappened ? 'in_doubt' : 'stopped',
        error: verdict.error,
      }
    case 'stopped':
      // Nobody had called it off (a shutdown): the same attempt once more.
      return { ...base, step: 'retry', ending: 'dead', asked: 'stopped', nextAttempt: effect.attempt }
    case 'in_doubt':
    case 'retry': {
      const error = verdict.is === 'retry' ? verdict.error : 'interrupted'
      const mayHaveHappened = verdict.is === 'in_doubt' || verdict.mayHaveHappened === true
      const asked: Ending = mayHaveHappened ? 'in_doubt' : 'stopped'
      if (attempt.interrupted) {
        return {
          ...base,
          step: 'retry',
          ending: 'dead',
          asked,
          error,
          nextAttempt: effect.attempt,
          doubt: mayHaveHappened,
        }
      }
      if (effect.attempt >= maxAttempts) return { ...base, step: 'end', ending: 'dead', asked, error }
      const afterMs =
        (verdict.is === 'retry' ? verdict.afterMs : undefined) ?? backoffMs(effect.attempt + 1, random01)
      return { ...base, step: 'retry', ending: 'dead', asked, error, afterMs, doubt: mayHaveHappened }
    }
    default:
      return verdict satisfies never
  }
}

/** Writes a batch of ends in the caller's transaction; results by position. */
export async function settleAttempts(
  context: Context,
  tx: Tx,
  batch: readonly Attempt[],
): Promise<readonly SettleResult[]> {
  const plans = batch.map(attempt => planOf(attempt, unit(context.random)))
  // Rows are met in the order of their ids, as by a cancel: two batches that cross rarely wait in a circle.
  const ordered = plans.toSorted(byEffect)
  const parts = [
    [
      ordered.filter(p => p.step === 'retry' || (p.step === 'end' && p.attempt.domainKind !== null)),
      settleUnderEvents,
    ],
    [ordered.filter(p => p.step === 'wait'), settleWaiting],
    [ordered.filter(p => p.step === 'end' && p.attempt.domainKind === null), settleEnds],
  ] as const
  const results = new Map<Plan, SettleResult>()
  for (const [part, settlePart] of parts) {
    // A worker that lost its lease goes on under a new name; what it started under the old one is settled apart.
    for (const [, mine] of Map.groupBy(part, p => p.attempt.worker)) {
      const done = await settlePart(context, tx, mine)
      for (const [i, p] of mine.entries()) results.set(p, done[i] as SettleResult)
    }
  }
  for (const { verdict } of batch) {
    const resolved = verdict.is === 'done' ? verdict.result?.resolves : undefined
    if (verdict.is !== 'done' || typeof resolved !== 'string') continue
    await resolve(context, tx, resolved, {
      is: 'resolved',
      outcome: verdict.result?.outcome === 'stopped' ? 'stopped' : 'too_late',
      evidence: (verdict.result?.evidence as JsonObject | undefined) ?? null,
    })
  }
  return plans.map(p => results.get(p) as SettleResult)
}

/** Ends that need no event lock: nothing is born of them. */
export async function settleEnds(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<readonly SettleResult[]> {
  const ended = await writeEnds(context, tx, plans)
  const rest = await leaveRest(
    context,
    tx,
    plans.filter(p => !ended.has(p.attempt.effect.id)),
  )
  return plans.map(p =>
    ended.has(p.attempt.effect.id) ? 'ended' : (rest.get(p.attempt.effect.id) ?? 'gone'),
  )
}

/** What did not end: it waits for the answer of its withdrawal, or another wrote its end and this comes late. */
async function leaveRest(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<Map<string, SettleResult>> {
  const asked = plans.filter(p => isAskable(context, p.attempt.effect.kind))
  const results = asked.length === 0 ? [] : await settleWaiting(context, tx, asked)
  const left = new Map(asked.map((p, i) => [p.attempt.effect.id, results[i] as SettleResult]))
  await noteLate(
    context,
    tx,
    plans.filter(p => left.get(p.attempt.effect.id) !== 'waiting'),
  )
  return left
}

export async function settleWaiting(
  _: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<readonly SettleResult[]> {
  const rows = await tx.query<{ effect_id: string }>(sql('leave-waiting'), [
    plans[0]?.attempt.worker,
    ...columns(plans, 4, p => [
      shardOfId(p.attempt.effect.id),
      p.attempt.effect.id,
      p.attempt.effect.attempt,
      p.evidence === null ? null : JSON.stringify(p.evidence),
    ]),
  ])
  const left = new Set(rows.map(row => row.effect_id))
  return plans.map(p => (left.has(p.attempt.effect.id) ? 'waiting' : 'gone'))
}

/** Retries and ends with a domain to ask: under the lock of their events. */
export async function settleUnderEvents(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<readonly SettleResult[]> {
  const parents = await lockParents(
    tx,
    plans.flatMap(p => p.attempt.effect.eventId ?? []),
    { wait: 'skip' },
  )
  const free = plans.filter(p => p.attempt.effect.eventId === null || parents.has(p.attempt.effect.eventId))
  const live = (p: Plan) => {
    const id = p.attempt.effect.eventId
    return id === null || parents.get(id)?.cancellation_id === null
  }
  const results = new Map<string, SettleResult>()

  const kept = (p: Plan) => live(p) || p.attempt.link === 'keep'
  const retries = free.filter(p => p.step === 'retry' && kept(p))
  const back = await backToPending(context, tx, retries)
  for (const id of back) results.set(id, 'retried')
  // What was asked to stop does not go back: it ends, under the name that a cancel gives it.
  const ends = free.filter(p => p.step === 'end' || !back.has(p.attempt.effect.id))
  const ended = await writeEnds(context, tx, ends)
  for (const [id] of ended) results.set(id, 'ended')
  const rest = await leaveRest(
    context,
    tx,
    ends.filter(p => !ended.has(p.attempt.effect.id)),
  )
  for (const [id, result] of rest) results.set(id, result)
  // Under an open cancellation that has not marked it yet: neither live nor asked to stop. Comes back when it is asked.
  const unmarked = await stillMine(
    tx,
    ends.filter(p => p.step === 'retry' && !kept(p) && !ended.has(p.attempt.effect.id)),
  )
  for (const id of unmarked) results.set(id, 'held')

  const asking = ends.filter(
    p => p.attempt.domainKind !== null && live(p) && isLiveEnding(ended.get(p.attempt.effect.id)),
  )
  await bearNextSteps(context, tx, asking)
  return plans.map(p => results.get(p.attempt.effect.id) ?? (free.includes(p) ? 'gone' : 'held'))
}

function isLiveEnding(ending: Ending | undefined): ending is 'done' | 'skipped' | 'dead' {
  return ending === 'done' || ending === 'skipped' || ending === 'dead'
}

async function stillMine(tx: Tx, plans: readonly Plan[]): Promise<readonly string[]> {
  if (plans.length === 0) return []
  const rows = await tx.query<{ effect_id: string }>(sql('still-mine'), [
    plans[0]?.attempt.worker,
    ...columns(plans, 3, p => [
      shardOfId(p.attempt.effect.id),
      p.attempt.effect.id,
      p.attempt.effect.attempt,
    ]),
  ])
  return rows.map(row => row.effect_id)
}

async function writeEnds(context: Context, tx: Tx, plans: readonly Plan[]): Promise<Map<string, Ending>> {
  if (plans.length === 0) return new Map()
  const rows = await tx.query<{ effect_id: string; ending: Ending }>(sql('settle'), [
    context.clock(),
    plans[0]?.attempt.worker,
    ...columns(plans, 8, p => [
      shardOfId(p.attempt.effect.id),
      p.attempt.effect.id,
      p.attempt.effect.attempt,
      p.step === 'end' ? p.ending : null,
      p.asked,
      p.error,
      p.evidence === null ? null : JSON.stringify(p.evidence),
      isAskable(context, p.attempt.effect.kind),
    ]),
  ])
  return new Map(rows.map(row => [row.effect_id, row.ending]))
}

async function backToPending(context: Context, tx: Tx, plans: readonly Plan[]): Promise<Set<string>> {
  if (plans.length === 0) return new Set()
  const rows = await tx.query<{ effect_id: string }>(sql('back-to-pending'), [
    context.clock(),
    plans[0]?.attempt.worker,
    ...columns(plans, 7, p => [
      shardOfId(p.attempt.effect.id),
      p.attempt.effect.id,
      p.attempt.effect.attempt,
      p.nextAttempt,
      p.afterMs,
      p.error,
      p.doubt,
    ]),
  ])
  tx.afterCommit(() => context.hints.due())
  return new Set(rows.map(row => row.effect_id))
}

async function noteLate(context: Context, tx: Tx, plans: readonly Plan[]): Promise<void> {
  if (plans.length === 0) return
  await tx.query(sql('note-late'), [
    context.clock(),
    ...columns(plans, 4, p => [
      shardOfId(p.attempt.effect.id),
      p.attempt.effect.id,
      `Its runner reported after the receipt was final: ${p.attempt.verdict.is}`,
      p.evidence === null ? null : JSON.stringify(p.evidence),
    ]),
  ])
}

async function bearNextSteps(context: Context, tx: Tx, plans: readonly Plan[]): Promise<void> {
  const byDomain = Map.groupBy(plans, p => p.attempt.domainKind as string)
  for (const [kind, mine] of byDomain) {
    const domain = context.domains.get(kind)
    if (!domain?.settled) continue
    const now = await tenantTimes(
      context,
      tx,
      mine.map(p => p.attempt.effect.tenant),
    )
    const settled = mine.map(
      ({ attempt, ending, error }): Settled => ({
        effect: attempt.effect,
        ending: ending as Settled['ending'],
        result: 'result' in attempt.verdict ? (attempt.verdict.result ?? null) : null,
        error,
        at: now.get(attempt.effect.tenant) as Date,
      }),
    )
    const births = await domain.settled(tx, settled)
    for (const { attempt } of mine) {
      const born = births.get(attempt.effect.id)
      if (born) await bear(context, tx, attempt.effect, born)
    }
  }
}

async function bear(context: Context, tx: Tx, effect: StartedEffect, born: Births): Promise<void> {
  const under: Birth['under'] =
    effect.eventId !== null ? { eventId: effect.eventId } : { noticeOf: effect.noticeOf as string }
  const { tenant } = effect
  bearEffects(
    context,
    tx,
    (born.effects ?? []).map(e => ({ effect: e, tenant, under })),
  )
  await announce(context, tx, born.events ?? [])
}

function byEffect(a: Plan, b: Plan): number {
  return a.attempt.effect.id < b.attempt.effect.id ? -1 : 1
}

function unit(random: Context['random']): number {
  const [a, b] = random(2)
  return ((a ?? 0) * 256 + (b ?? 0)) / 65_536
}
