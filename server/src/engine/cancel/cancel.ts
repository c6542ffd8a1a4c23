// This folder cancels, and this file cancels a batch of requests in one commit. A cancel takes effect at its
// commit: what has not started by then must never start (I1). A cancel must not reach outside: what has to be
// sent because of a cancel is written as a notice.
//
//   gates -> find targets -> lock their trees -> same request before? -> write the cancellations -> mark (cancel-tree.ts)
//     -> each domain writes its own rows and gives the notices that follow -> commit -> hints
//
// This is the general path. Most requests are simple and are done by the fast path (cancel-plain.ts), which is tried first.

import type {
  Cancelled,
  CancelOutcome,
  CancelRequest,
  CancelStatus,
  Outcome,
} from '../../core/cancellation.ts'
import { countOutcomes } from '../../core/receipt.ts'
import type { Tx } from '../../store/database.ts'
import { columns } from '../columns.ts'
import { type Context, gateOf, lockTenants } from '../context.ts'
import { sql } from '../statements.ts'
import {
  CancelTooLarge,
  findCovered,
  findTree,
  lockTrees,
  markTree,
  OverlappingCancellations,
  type Tree,
} from './cancel-tree.ts'
import type { EventRow } from './event-row.ts'
import { writeNotices } from './notices.ts'
import { keyGates, type Prepared, prepare } from './prepare.ts'
import { findCalledOff, findRepeats, isRepeat, repeatCameTo, repeatVerdict } from './repeats.ts'
import { calledOff, keepItems, markEvents, writeCancellations } from './write-cancellations.ts'

/** A request of the batch that is done now: no repeat, and its target is known or may come. */
type Fresh = { readonly p: Prepared; readonly targets: readonly Target[] }

type Target = { readonly id: string; readonly sequence: number }

export async function cancelBatch(
  context: Context,
  tx: Tx,
  requests: readonly CancelRequest[],
  limit: number,
): Promise<readonly CancelOutcome[]> {
  const prepared = requests.map(request => prepare(context, request))
  passGates(tx, prepared)
  const found = await lookUp(context, tx, prepared, limit)
  const answered = prepared.map((p, i) => answerOf(p, i, found))
  const targetsAt = (i: number) => found.targets.get(i) ?? []
  const fresh = prepared.flatMap((p, i) => (answered[i] === null ? [{ p, targets: targetsAt(i) }] : []))
  const tree = await findTreeOf(tx, fresh, limit, found)
  if (tree === null) return await cancelOneByOne(context, tx, requests, limit)

  const early = new Set(fresh.filter(isEarly).map(({ p }) => p.id))
  const calledOffBefore = await findCalledOff(
    tx,
    prepared.filter((p, i) => {
      const answer = answered[i] ?? null
      return p.key !== null && (answer === null ? targetsAt(i).length === 0 : isRepeat(answer))
    }),
  )
  const withNotices = await writeCancels(context, tx, { fresh, early, tree })
  tx.afterCommit(() => hintStops(context, tree))
  const outcomes = outcomesOf(fresh, tree, { early, calledOffBefore, withNotices })
  return prepared.map((p, i) => {
    const answer = answered[i] ?? (outcomes.get(p.id) as Cancelled)
    return isRepeat(answer) ? { ...answer, is: repeatCameTo(answer.is, calledOffBefore.has(p.id)) } : answer
  })
}

type Found = {
  /** By the request's index. */
  readonly targets: ReadonlyMap<number, readonly Target[]>
  readonly anyOpen: boolean
  readonly alreadyLocked: ReadonlyMap<string, EventRow>
  /** Earlier cancellations that a request may repeat, by the request's index. */
  readonly earlier: Awaited<ReturnType<typeof findRepeats>>
  readonly covered: ReadonlyMap<string, string>
}

/** Finds what the requests name. Locks the trees of several targets. */
async function lookUp(
  context: Context,
  tx: Tx,
  prepared: readonly Prepared[],
  limit: number,
): Promise<Found> {
  const { targets, anyOpen } = await findTargets(tx, prepared, limit)
  const found = [...new Set([...targets.values()].flatMap(list => list.map(target => target.id)))]
  const locks =
    found.length > 1 ? await lockTrees(tx, found, limit) : { alreadyLocked: new Map<string, EventRow>() }
  const [alreadyLocked, earlier] = await Promise.all([
    locks.alreadyLocked,
    findRepeats(context, tx, prepared),
  ])
  const covered = anyOpen ? await findCovered(tx, found) : new Map<string, string>()
  return { targets, anyOpen, alreadyLocked, earlier, covered }
}

/** The answer to a request that needs no cancel of its own: a repeat or an unknown event. Null: it is done now. */
function answerOf(p: Prepared, i: number, { targets, covered, earlier }: Found): CancelOutcome | null {
  const mine = targets.get(i) ?? []
  const live = mine.some(target => !covered.has(target.id))
  const verdict = repeatVerdict(p, earlier.get(i) ?? [], live)
  if (verdict !== null) return verdict
  return p.eventId !== null && mine.length === 0 ? { refused: 'unknown_event' } : null
}

/** Null: two requests of the batch reach the same event. */
async function findTreeOf(
  tx: Tx,
  fresh: readonly Fresh[],
  limit: number,
  { anyOpen, alreadyLocked }: Found,
): Promise<Tree | null> {
  const aims = fresh.map(({ p, targets }) => ({ cancellationId: p.id, eventIds: targets.map(t => t.id) }))
  try {
    return await findTree(tx, aims, { limit, anyOpen, alreadyLocked })
  } catch (error) {
    if (!(error instanceof OverlappingCancellations)) throw error
    return null
  }
}

/** When this begins, nothing is written yet. The later request finds what the earlier one has called off. */
async function cancelOneByOne(
  context: Context,
  tx: Tx,
  requests: readonly CancelRequest[],
  limit: number,
): Promise<readonly CancelOutcome[]> {
  const outcomes: CancelOutcome[] = []
  for (const request of requests) outcomes.push(...(await cancelBatch(context, tx, [request], limit)))
  return outcomes
}

function isEarly({ p, targets }: Fresh): boolean {
  return p.request.early !== undefined && p.request.early !== null && targets.length === 0
}

/** Writes the cancellations and marks their trees. Gives the ids of the cancellations that have notices. */
async function writeCancels(
  context: Context,
  tx: Tx,
  {
    fresh,
    early,
    tree,
  }: { readonly fresh: readonly Fresh[]; readonly early: ReadonlySet<string>; readonly tree: Tree },
): Promise<ReadonlySet<string>> {
  writeCancellations(
    context,
    tx,
    fresh.map(({ p }) => p),
    { early, open: false, events: calledOff(tree) },
  )
  markEvents(tx, tree)
  await markTree(context, tx, tree)
  keepItems(tx, tree)
  return await writeNotices(context, tx, tree, new Map(fresh.map(({ p }) => [p.id, p.request])))
}

function hintStops({ hints }: Context, { effects }: Tree): void {
  const toStop = effects.filter(e => e.outcome === 'stopping')
  if (toStop.length > 0)
    hints.stopRequested(toStop.map(e => ({ effectId: e.row.id, cancellationId: e.cancellationId })))
}

/** What each request came to, by the id of its cancellation. */
function outcomesOf(
  fresh: readonly Fresh[],
  tree: Tree,
  {
    early,
    calledOffBefore,
    withNotices,
  }: { readonly [name in 'early' | 'calledOffBefore' | 'withNotices']: ReadonlySet<string> },
): ReadonlyMap<string, Cancelled> {
  const effectsOf = Map.groupBy(tree.effects, effect => effect.cancellationId)
  const eventsOf = Map.groupBy(tree.events, event => event.cancellationId)
  const outcomes = new Map<string, Cancelled>()
  for (const { p, targets } of fresh) {
    const events = (eventsOf.get(p.id) ?? []).filter(e => e.row.cancellation_id === null)
    const effects = effectsOf.get(p.id) ?? []
    outcomes.set(p.id, {
      receiptId: p.id,
      is: cameTo({
        calledOff: events.length,
        outcomes: effects.map(e => e.outcome),
        hasNotices: withNotices.has(p.id),
        waits: early.has(p.id),
        isKnown: targets.length > 0 || calledOffBefore.has(p.id),
      }),
      replayed: false,
      eventIds: events.slice(0, 1000).map(e => e.row.id),
      counts: countOutcomes(effects.filter(e => e.row.touches_world).map(e => e.outcome)),
      early: early.has(p.id),
    })
  }
  return outcomes
}

/**
 * Takes the gates of the keys alone, and passes those of the shards together with others. So a cancel sees every open cancellation
 * that was acknowledged before it.
 */
function passGates(tx: Tx, prepared: readonly Prepared[]): void {
  tx.send(sql('cancel-gates'), [keyGates(prepared), prepared.map(p => gateOf(p.shard))])
  lockTenants(
    tx,
    prepared.map(p => p.request.tenant),
  )
}

async function findTargets(tx: Tx, prepared: readonly Prepared[], limit: number) {
  const rows = await tx.query<{ position: number; id: string; sequence: number }>(sql('find-targets'), [
    ...columns(prepared, 4, p => [p.request.tenant, p.key, p.entity, p.eventId]),
    limit,
  ])
  if (rows.some(row => row.position < 0)) throw new CancelTooLarge(`more than ${limit} events`)
  const found = rows.filter(row => row.position > 0)
  return { targets: Map.groupBy(found, row => row.position - 1), anyOpen: found.length < rows.length }
}

/** What a request that is no repeat came to. `isKnown`: there is, or was, something by that name. Pure. */
export function cameTo(of: {
  /** Events that this request called off. */
  readonly calledOff: number
  /** Of all that hangs from them, inner steps included. */
  readonly outcomes: readonly Outcome[]
  /** Notices must be sent: a meeting is called off, although all its invitations had arrived. */
  readonly hasNotices: boolean
  readonly waits: boolean
  readonly isKnown: boolean
}): CancelStatus {
  const wasOver = (outcome: Outcome) => outcome === 'already_ended' || outcome === 'already_cancelled'
  if (!of.isKnown) return of.waits ? 'waiting' : 'nothing'
  if (of.calledOff === 0) return 'over'
  return !of.hasNotices && of.outcomes.length > 0 && of.outcomes.every(wasOver) ? 'over' : 'cancelled'
}
