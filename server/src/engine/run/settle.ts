// Settle: how a runner's report is written; settle-plan.ts says what it means. Every report names the start that it is about.
//
//   ends:     settle.sql (running -> ended), in one statement when no domain is asked
//   waiting:  leave-waiting.sql (running -> waiting)
//   retries:  lock event -> live? -> back-to-pending.sql (running -> pending)      called off? -> ends as cancelled
//   domains:  lock event -> live? -> settle.sql -> the domain's next steps, same commit
//
// An effect that a cancel has locked is left out, and its report comes back later. A repeated report finds nothing and changes nothing.

import type { Tx } from '../../store/database.ts'
import { lockParents, type Parent } from '../announce/announce.ts'
import { columns } from '../columns.ts'
import { type Context, isAskable } from '../context.ts'
import { sql } from '../statements.ts'
import { errorText, evidenceText } from '../stored-text.ts'
import { endEffects, resolve } from './end.ts'
import { type Attempt, endOf, type Plan, planOf, resolvedBy } from './settle-plan.ts'

/** 'ended' (under whichever name), 'retried', 'waiting', 'gone' (another wrote its end), 'locked' (come back). */
export type SettleResult = 'ended' | 'retried' | 'waiting' | 'gone' | 'locked'

/** Writes a batch of reports in the caller's transaction; results by position. */
export async function settleAttempts(
  context: Context,
  tx: Tx,
  batch: readonly Attempt[],
): Promise<readonly SettleResult[]> {
  const plans = batch.map(attempt => planOf(attempt, unit(context.random)))
  // Rows are locked in the order of their ids, as a cancel does: so two batches that overlap rarely deadlock.
  const ordered = plans.toSorted(byEffect)
  const results = new Map<Plan, SettleResult>()
  const parts = [
    // First the reports that lock events, because events come before effects in the lock order.
    [
      ordered.filter(p => p.step === 'retry' || (p.step === 'end' && p.attempt.domainKind !== null)),
      settleUnderEvents,
    ],
    [ordered.filter(p => p.step === 'wait'), exceptLockedElsewhere(settleWaiting)],
    [
      ordered.filter(p => p.step === 'end' && p.attempt.domainKind === null),
      exceptLockedElsewhere(settleEnds),
    ],
  ] as const
  for (const [mine, settlePart] of parts) {
    if (mine.length === 0) continue
    const done = await settlePart(context, tx, mine)
    for (const [i, p] of mine.entries()) results.set(p, done[i] as SettleResult)
  }
  for (const { attempt } of plans.filter(p => results.get(p) !== 'locked')) {
    const resolved = resolvedBy(attempt)
    if (resolved === null) continue
    await resolve(context, tx, resolved.effectId, resolved.resolution, attempt.effect.startId)
  }
  return plans.map(p => results.get(p) as SettleResult)
}

type SettlePart = (context: Context, tx: Tx, plans: readonly Plan[]) => Promise<readonly SettleResult[]>

/** Leaves out effects that somebody has locked, such as a process that was frozen in the middle of a cancel. The rest of the batch does not wait. */
function exceptLockedElsewhere(settlePart: SettlePart): SettlePart {
  return async (context, tx, plans) => {
    const touched = (p: Plan) => [p.attempt.effect.id, ...[resolvedBy(p.attempt)?.effectId ?? []].flat()]
    const lockedElsewhere = await findLockedElsewhere(tx, plans.flatMap(touched))
    const free = plans.filter(p => !touched(p).some(id => lockedElsewhere.has(id)))
    const done = free.length === 0 ? [] : await settlePart(context, tx, free)
    const results = new Map(free.map((p, i) => [p, done[i] as SettleResult]))
    return plans.map(p => results.get(p) ?? 'locked')
  }
}

async function findLockedElsewhere(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>(sql('locked-effects'), [ids])
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

/** The reports that ended nothing: the effect waits for the answer to its withdrawal, or somebody else wrote its end and this report is late. */
async function settleRest(
  context: Context,
  tx: Tx,
  plans: readonly Plan[],
): Promise<Map<string, SettleResult>> {
  const askable = plans.filter(p => isAskable(context, p.attempt.effect.kind))
  const results = askable.length === 0 ? [] : await settleWaiting(context, tx, askable)
  const rest = new Map(askable.map((p, i) => [p.attempt.effect.id, results[i] as SettleResult]))
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

/** Retries, and ends whose domain is asked: under the lock of their events. */
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
  // Sent together with the event locks: a rescue holds all gates here, so it must not wait for anybody.
  const looked = findLockedElsewhere(
    tx,
    plans.map(p => p.attempt.effect.id),
  )
  const [parents, lockedElsewhere] = await Promise.all([locked, looked])
  const free = plans.filter(
    ({ attempt: { effect } }) =>
      (effect.eventId === null || parents.has(effect.eventId)) && !lockedElsewhere.has(effect.id),
  )
  const mayGoOn = (p: Plan) => p.attempt.keep || isLive(p, parents)
  const results = new Map<string, SettleResult>()

  const back = await backToPending(
    context,
    tx,
    free.filter(p => p.step === 'retry' && mayGoOn(p)),
  )
  for (const id of back) results.set(id, 'retried')
  // An effect that was asked to stop does not go back to pending: it ends with its ending for a cancelled effect.
  const ends = free.filter(p => p.step === 'end' || !back.has(p.attempt.effect.id))
  const ended = await endEffects(context, tx, ends.map(endOf), parents)
  for (const [id] of ended) results.set(id, 'ended')
  // Covered by an open cancellation that has not marked it yet: it is neither live nor asked to stop. The report comes back until it is.
  const unmarked = new Set(
    await notYetAsked(
      tx,
      ends.filter(p => p.step === 'retry' && !mayGoOn(p) && !ended.has(p.attempt.effect.id)),
    ),
  )
  for (const id of unmarked) results.set(id, 'locked')
  const rest = await settleRest(
    context,
    tx,
    ends.filter(p => !ended.has(p.attempt.effect.id) && !unmarked.has(p.attempt.effect.id)),
  )
  for (const [id, result] of rest) results.set(id, result)
  return plans.map(p => results.get(p.attempt.effect.id) ?? (free.includes(p) ? 'gone' : 'locked'))
}

function isLive(p: Plan, parents: ReadonlyMap<string, Parent>): boolean {
  const id = p.attempt.effect.eventId
  return id === null || parents.get(id)?.cancellation_id === null
}

async function notYetAsked(tx: Tx, plans: readonly Plan[]): Promise<readonly string[]> {
  if (plans.length === 0) return []
  const rows = await tx.query<{ id: string }>(
    sql('still-running'),
    columns(plans, 2, p => [p.attempt.effect.id, p.attempt.effect.startId]),
  )
  return rows.map(row => row.id)
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
    // An effect that was only given back, as by a process that stops, is the same attempt once more: no retry.
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
