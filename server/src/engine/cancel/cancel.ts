// Cancel: a batch of requests, one commit. The commit is the moment that counts.
//
//   gates -> find targets -> lock their trees -> same request before? -> write the cancellations -> mark (cancel-tree.ts)
//     -> each domain writes its own rows and gives the notices that follow -> commit -> hints
//
// Most requests are plain and go the short way first (cancel-plain.ts), which decides before it writes.

import type { CameTo, Cancelled, CancelOutcome, CancelRequest, Outcome } from '../../core/cancellation.ts'
import type { NewEffect } from '../../core/effects/effect.ts'
import { type Shard, shardOfEntity, shardOfId } from '../../core/ids.ts'
import { countOutcomes } from '../../core/receipt.ts'
import type { Tx } from '../../store/database.ts'
import { keyGate } from '../announce/announce.ts'
import { insertEffects, type NewEffectRow } from '../announce/insert-effects.ts'
import { arrayLiteral, columns } from '../columns.ts'
import { type Context, gateOf, lockTenants, newId } from '../context.ts'
import type { CancelledEffect, CancelledEvent } from '../domain.ts'
import { tenantTimes } from '../sandbox-clock/sandbox-clock.ts'
import { sql } from '../statements.ts'
import { evidenceText } from '../stored-text.ts'
import {
  CancelTooLarge,
  type EventRow,
  findCovered,
  findTree,
  lockTrees,
  type MarkedEffect,
  type MarkedTree,
  markTree,
  OverlappingCancellations,
  storedEvent,
  type Tree,
} from './cancel-tree.ts'

export type Prepared = {
  readonly request: CancelRequest
  readonly shard: Shard
  readonly id: string
  readonly key: string | null
  readonly eventId: string | null
  readonly entity: string | null
}

export type Earlier = {
  place: number
  id: string
  target_key: string | null
  target_entity: string | null
  target_event: string | null
  sequence: number
  open: boolean
  /** It called something off, or named an event that is there. */
  found: boolean
  /** It still waits for an event of its key; null: it never did. */
  waits: boolean | null
  /** It waited for its event, until its time was over. */
  lapsed: boolean | null
  called_off_since: boolean
  same_request: boolean
}

export function prepare(context: Context, request: CancelRequest): Prepared {
  const { target } = request
  const shard = 'eventId' in target ? shardOfId(target.eventId) : shardOfEntity(request.tenant, target.entity)
  return {
    request,
    shard,
    id: newId(context, shard),
    key: 'key' in target ? target.key : null,
    eventId: 'eventId' in target ? target.eventId : null,
    entity: 'entity' in target ? target.entity : null,
  }
}

/** What two requests of one batch must not share: the second is to find the first one's receipt. */
export function targetText(request: CancelRequest): string {
  const { target, tenant } = request
  return 'eventId' in target ? `${tenant}\n${target.eventId}` : `${tenant}\n${target.key}`
}

export async function cancelBatch(
  context: Context,
  tx: Tx,
  requests: readonly CancelRequest[],
  most: number,
): Promise<readonly CancelOutcome[]> {
  const prepared = requests.map(request => prepare(context, request))
  passGates(tx, prepared)
  const results: (CancelOutcome | null)[] = prepared.map(() => null)

  const { targets, anyOpen } = await findTargets(tx, prepared, most)
  const found = [...new Set([...targets.values()].flatMap(list => list.map(target => target.id)))]
  const locks = found.length > 1 ? await lockTrees(tx, found, most) : { held: new Map<string, EventRow>() }
  const [held, replays] = await Promise.all([locks.held, findRepeats(context, tx, prepared)])
  const covered = anyOpen ? await findCovered(tx, found) : new Map<string, string>()
  const fresh = prepared
    .map((p, i) => ({ p, i }))
    .filter(({ p, i }) => {
      const found = targets.get(i) ?? []
      const live = found.some(target => !covered.has(target.id))
      const verdict = repeatVerdict(p, replays.get(i) ?? [], live)
      if (verdict !== null) results[i] = verdict
      else if (p.eventId !== null && found.length === 0) results[i] = { refused: 'unknown_event' }
      return results[i] === null
    })
  const aims = fresh.map(({ p, i }) => ({
    cancellationId: p.id,
    eventIds: (targets.get(i) ?? []).map(t => t.id),
  }))
  let tree: Tree
  try {
    tree = await findTree(tx, aims, { most, anyOpen, held })
  } catch (error) {
    if (!(error instanceof OverlappingCancellations)) throw error
    // Nothing is written yet. One after the other, the later one finds what the earlier one has called off.
    const one: CancelOutcome[] = []
    for (const request of requests) one.push(...(await cancelBatch(context, tx, [request], most)))
    return one
  }
  const isEmpty = ({ i }: { readonly i: number }) => (targets.get(i) ?? []).length === 0
  const early = new Set(fresh.filter(f => f.p.request.early && isEmpty(f)).map(({ p }) => p.id))
  const calledOffBefore = await findCalledOff(
    tx,
    prepared.filter(
      (p, i) => p.key !== null && (results[i] === null ? isEmpty({ i }) : isRepeat(results[i])),
    ),
  )
  writeCancellations(
    context,
    tx,
    fresh.map(({ p }) => p),
    { early, open: false, events: calledOff(tree) },
  )
  markEvents(tx, tree)
  await markTree(context, tx, tree)
  keepItems(tx, tree)
  const owing = await writeNotices(context, tx, tree, new Map(fresh.map(({ p }) => [p.id, p.request])))

  const effectsOf = Map.groupBy(tree.effects, effect => effect.cancellationId)
  const eventsOf = Map.groupBy(tree.events, event => event.cancellationId)
  for (const [i, result] of results.entries()) {
    const p = prepared[i] as Prepared
    if (isRepeat(result)) results[i] = { ...result, is: repeatCameTo(result.is, calledOffBefore.has(p.id)) }
  }
  for (const { p, i } of fresh) {
    const events = (eventsOf.get(p.id) ?? []).filter(e => e.row.cancellation_id === null)
    const effects = effectsOf.get(p.id) ?? []
    results[i] = {
      receiptId: p.id,
      is: cameTo({
        calledOff: events.length,
        outcomes: effects.map(e => e.outcome),
        owesNotices: owing.has(p.id),
        waits: early.has(p.id),
        isKnown: !isEmpty({ i }) || calledOffBefore.has(p.id),
      }),
      replayed: false,
      eventIds: events.slice(0, 1000).map(e => e.row.id),
      counts: countOutcomes(effects.filter(e => e.row.touches_world).map(e => e.outcome)),
      early: early.has(p.id),
    } satisfies Cancelled
  }
  const asked = tree.effects.filter(e => e.outcome === 'stopping')
  tx.afterCommit(() => {
    if (asked.length > 0) {
      context.hints.asked(asked.map(e => ({ effectId: e.row.id, cancellationId: e.cancellationId })))
    }
  })
  return results as CancelOutcome[]
}

/** Of its keys alone, of its shards with others: a cancel sees every open cancellation that was acknowledged before it. */
function passGates(tx: Tx, prepared: readonly Prepared[]): void {
  tx.send(sql('cancel-gates'), [keyGates(prepared), prepared.map(p => gateOf(p.shard))])
  lockTenants(
    tx,
    prepared.map(p => p.request.tenant),
  )
}

export function keyGates(prepared: readonly Prepared[]): number[] {
  return prepared.flatMap(p => (p.key === null ? [] : [keyGate(p.request.tenant, p.key)]))
}

/** Looks for what each request may repeat; the gates are passed. */
export async function findRepeats(
  context: Context,
  tx: Tx,
  prepared: readonly Prepared[],
): Promise<Map<number, readonly Earlier[]>> {
  // A repeat by event id must find the first one's commit, so the event's lock comes before this look.
  const byId = prepared.filter(p => p.eventId !== null)
  if (byId.length > 0) tx.send(sql('lock-events'), [byId.map(p => p.eventId)])
  const rows = await tx.query<Earlier>(sql('find-requests'), [
    ...columns(prepared, 6, p => [
      p.request.tenant,
      p.request.by.principal,
      p.request.requestKey ?? null,
      p.key,
      p.entity,
      p.eventId,
    ]),
    context.clock(),
  ])
  return Map.groupBy(rows, row => row.place - 1)
}

async function findTargets(tx: Tx, prepared: readonly Prepared[], most: number) {
  const rows = await tx.query<{ place: number; id: string; sequence: number }>(sql('find-targets'), [
    ...columns(prepared, 4, p => [p.request.tenant, p.key, p.entity, p.eventId]),
    most,
  ])
  if (rows.some(row => row.place < 0)) throw new CancelTooLarge(`more than ${most} events`)
  const found = rows.filter(row => row.place > 0)
  return { targets: Map.groupBy(found, row => row.place - 1), anyOpen: found.length < rows.length }
}

/**
 * The receipt of the same request before (I5); null when this is a new one. `live`: something with the key is neither
 * called off nor covered by an open cancellation that is still to mark it.
 */
export function repeatVerdict(p: Prepared, earlier: readonly Earlier[], live: boolean): CancelOutcome | null {
  const sameRequest = earlier.find(e => e.same_request)
  if (sameRequest) {
    const { target_key, target_entity, target_event } = sameRequest
    const sameTarget =
      target_key === p.key && (p.key === null || target_entity === p.entity) && target_event === p.eventId
    return sameTarget ? replay(sameRequest) : { refused: 'request_key_reused', receiptId: sameRequest.id }
  }
  if (p.request.requestKey) return null
  const before = earlier.reduce<Earlier | null>(
    (last, e) => (last === null || e.sequence > last.sequence ? e : last),
    null,
  )
  if (before === null) return null
  // By key: something live was announced since. By id, nothing can have been.
  const nothingSince = p.key === null || !live
  // An early cancellation whose time is over has no power any more: asked for again, it is kept again (I6).
  const again = before.lapsed === true && p.request.early != null
  return nothingSince && !before.called_off_since && !again ? replay(before) : null
}

function replay({ id, found, waits }: Earlier): Cancelled {
  const is = found ? 'repeated' : waits ? 'waiting' : 'nothing'
  return { receiptId: id, is, replayed: true, eventIds: [], counts: countOutcomes([]), early: false }
}

function isRepeat(outcome: CancelOutcome | null | undefined): outcome is Cancelled {
  return outcome != null && 'replayed' in outcome && outcome.replayed
}

/** A cancel of what was over is repeated like any; of a key that nobody ever had it is said again. Pure. */
export function repeatCameTo(is: CameTo, wasCalledOff: boolean): CameTo {
  return (is === 'nothing' || is === 'waiting') && wasCalledOff ? 'repeated' : is
}

/** What a request that is no repeat came to. `isKnown`: there is, or was, something by that name. Pure. */
export function cameTo(of: {
  /** Events that this request called off. */
  readonly calledOff: number
  /** Of all that hangs from them, inner steps included. */
  readonly outcomes: readonly Outcome[]
  /** Somebody is to be told: a meeting is called off, although all its invitations had arrived. */
  readonly owesNotices: boolean
  readonly waits: boolean
  readonly isKnown: boolean
}): CameTo {
  const wasOver = (outcome: Outcome) => outcome === 'already_ended' || outcome === 'already_cancelled'
  if (!of.isKnown) return of.waits ? 'waiting' : 'nothing'
  if (of.calledOff === 0) return 'over'
  return !of.owesNotices && of.outcomes.length > 0 && of.outcomes.every(wasOver) ? 'over' : 'cancelled'
}

/** By the ids of those whose key an event had that was called off. */
export async function findCalledOff(tx: Tx, prepared: readonly Prepared[]): Promise<ReadonlySet<string>> {
  if (prepared.length === 0) return new Set()
  const rows = await tx.query<{ place: number }>(
    sql('is-called-off'),
    columns(prepared, 3, p => [p.request.tenant, p.key, p.entity]),
  )
  return new Set(rows.map(row => (prepared[row.place - 1] as Prepared).id))
}

export function writeCancellations(
  context: Context,
  tx: Tx,
  prepared: readonly Prepared[],
  {
    early,
    open,
    events,
  }: {
    readonly early: ReadonlySet<string>
    readonly open: boolean
    /** What each called off, by cancellation; of an open one that is found behind it. */
    readonly events: ReadonlyMap<string, CalledOff>
  },
): void {
  if (prepared.length === 0) return
  tx.send(sql('insert-cancellations'), [
    context.clock(),
    context.finalAfterMs,
    ...columns(prepared, 18, p => {
      const { request } = p
      return [
        p.shard,
        p.id,
        request.tenant,
        p.eventId,
        p.key,
        p.entity,
        'kind' in request.target ? request.target.kind : null,
        request.by.principal,
        request.by.api,
        request.by.name,
        request.requestKey ?? null,
        request.reason ?? null,
        request.correlationId ?? null,
        early.has(p.id) ? (request.early?.ttlMs ?? null) : null,
        open,
        request.data === undefined ? null : JSON.stringify(request.data),
        arrayLiteral(events.get(p.id)?.ids ?? []),
        events.get(p.id)?.newest ?? 0,
      ]
    }),
  ])
}

type CalledOff = { readonly ids: readonly string[]; readonly newest: number }

/** The events that each cancellation calls off, parents before children; what was called off before is the earlier one's. Pure. */
function calledOff(tree: MarkedTree): ReadonlyMap<string, CalledOff> {
  const mine = tree.events.filter(e => e.row.cancellation_id === null)
  return new Map(
    [...Map.groupBy(mine, e => e.cancellationId)].map(([id, events]) => [
      id,
      {
        ids: events.map(e => e.row.id),
        newest: events.reduce((newest, e) => Math.max(newest, e.row.sequence), 0),
      },
    ]),
  )
}

function markEvents(tx: Tx, tree: MarkedTree): void {
  if (tree.events.length === 0) return
  tx.send(
    sql('mark-events'),
    columns(tree.events, 2, e => [e.row.id, e.cancellationId]),
  )
}

/** Writes the items that no row of an effect tells by itself: it was not this cancellation that ended or stopped them. */
export function keepItems(tx: Tx, tree: MarkedTree): void {
  const items = tree.effects.filter(
    e => e.outcome === 'kept' || e.outcome === 'already_cancelled' || e.ending !== null,
  )
  if (items.length === 0) return
  tx.send(
    sql('insert-receipt-items'),
    columns(items, 8, e => [
      e.row.shard,
      e.cancellationId,
      e.row.id,
      e.outcome,
      e.ending,
      e.at,
      evidenceText(e.evidence),
      e.earlier,
    ]),
  )
}

/**
 * Asks the domains and carriers which notices follow, and writes them: they belong to the cancellations (I3). Gives back
 * which cancellations have any.
 */
export async function writeNotices(
  context: Context,
  tx: Tx,
  tree: MarkedTree,
  requests: ReadonlyMap<string, CancelRequest>,
): Promise<ReadonlySet<string>> {
  const notices: NewEffectRow[] = []
  const add = (effect: NewEffect, tenant: string, cancellationId: string) =>
    notices.push({ effect, tenant, under: { noticeOf: cancellationId } })

  for (const effect of tree.effects) {
    if (effect.outcome !== 'stopping') continue
    const notice = context.carriers.get(effect.row.kind)?.withdraw?.(effect.row)
    if (notice) add(notice, effect.row.tenant, effect.cancellationId)
  }
  const effectsOf = Map.groupBy(tree.effects, effect => effect.row.event_id)
  // What an earlier cancel called off has had its notices.
  const events = tree.events.filter(e => e.row.cancellation_id === null)
  for (const [kind, domain] of context.domains) {
    if (!domain.cancelled) continue
    const mine = events.filter(e => e.row.kind === kind)
    if (mine.length === 0) continue
    const times = await tenantTimes(
      context,
      tx,
      mine.map(e => e.row.tenant),
    )
    const following = await domain.cancelled(
      tx,
      mine.map(
        ({ row, cancellationId, isTarget }): CancelledEvent => ({
          event: storedEvent(row),
          cancellationId,
          request: requests.get(cancellationId) as CancelRequest,
          at: times.get(row.tenant) as Date,
          isTarget,
          effects: (effectsOf.get(row.id) ?? []).map(cancelledEffect),
        }),
      ),
    )
    for (const { row, cancellationId } of mine) {
      for (const effect of following.get(row.id) ?? []) add(effect, row.tenant, cancellationId)
    }
  }
  insertEffects(context, tx, notices)
  await lookAgainAtStopping(tx, tree)
  return new Set(notices.flatMap(({ under }) => ('noticeOf' in under ? [under.noticeOf] : [])))
}

function cancelledEffect(e: MarkedEffect): CancelledEffect {
  return {
    id: e.row.id,
    eventId: e.row.event_id,
    kind: e.row.kind,
    title: e.row.title,
    data: e.row.data,
    outcome: e.outcome,
  }
}

/** A domain may have ended what was stopping within the same transaction (an offer that is withdrawn). */
async function lookAgainAtStopping(tx: Tx, tree: MarkedTree): Promise<void> {
  const stopping = tree.effects.filter(e => e.outcome === 'stopping')
  if (stopping.length === 0) return
  type State = { id: string; ending: MarkedEffect['ending'] }
  const states = await tx.query<State>(sql('states-of-effects'), [stopping.map(e => e.row.id)])
  const by = new Map(states.map(state => [state.id, state]))
  for (const effect of stopping) {
    const ending = by.get(effect.row.id)?.ending
    if (ending === 'stopped' || ending === 'too_late' || ending === 'in_doubt') effect.outcome = ending
  }
}
