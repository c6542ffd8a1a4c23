// Cancel: a batch of requests, one commit. The commit is the moment that counts.
//
//   key gates -> find targets -> lock their trees -> same request before? -> write the cancellations -> mark (cancel-tree.ts)
//     -> each domain writes its own rows and says what the cancel owes (notices) -> commit -> hints

import type { Cancelled, CancelOutcome, CancelRequest } from '../core/cancellation.ts'
import type { NewEffect } from '../core/effect.ts'
import { type Shard, shardOfEntity, shardOfId } from '../core/ids.ts'
import { countOutcomes } from '../core/receipt.ts'
import type { Tx } from '../store/database.ts'
import { keyGate } from './announce.ts'
import { type Birth, bearEffects } from './births.ts'
import {
  type EventRow,
  findCovered,
  findTree,
  lockTrees,
  type MarkedEffect,
  type MarkedTree,
  markTree,
  storedEvent,
  TooMuchAtOnce,
  type Tree,
  TreesMeet,
} from './cancel-tree.ts'
import { columns } from './columns.ts'
import { type Context, gateOf, newId, sql } from './context.ts'
import type { CancelledEffect, CancelledEvent } from './hooks.ts'
import { tenantTimes } from './sandbox-clock.ts'

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
  shard: Shard
  target_key: string | null
  target_entity: string | null
  target_event: string | null
  birth: number
  open: boolean
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
  const passed = passGates(tx, prepared)
  const results: (CancelOutcome | null)[] = prepared.map(() => null)

  const [{ targets, anyOpen }] = await Promise.all([findTargets(tx, prepared, most), passed])
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
    if (!(error instanceof TreesMeet)) throw error
    // Nothing is written yet. One after the other, the later one finds what the earlier one has called off.
    const one: CancelOutcome[] = []
    for (const request of requests) one.push(...(await cancelBatch(context, tx, [request], most)))
    return one
  }
  const early = new Set(
    fresh.filter(({ p, i }) => p.request.early && (targets.get(i) ?? []).length === 0).map(({ p }) => p.id),
  )
  writeCancellations(
    context,
    tx,
    fresh.map(({ p }) => p),
    { early, open: false },
  )
  markEvents(tx, tree)
  await markTree(context, tx, tree)
  keepItems(tx, tree)
  await oweNotices(context, tx, tree, new Map(fresh.map(({ p }) => [p.id, p.request])))

  const effectsOf = Map.groupBy(tree.effects, effect => effect.cancellationId)
  const eventsOf = Map.groupBy(tree.events, event => event.cancellationId)
  for (const { p, i } of fresh) {
    results[i] = {
      receiptId: p.id,
      replayed: false,
      eventIds: (eventsOf.get(p.id) ?? [])
        .filter(e => e.row.cancellation_id === null)
        .slice(0, 1000)
        .map(e => e.row.id),
      counts: countOutcomes((effectsOf.get(p.id) ?? []).map(e => e.outcome)),
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
async function passGates(tx: Tx, prepared: readonly Prepared[]): Promise<void> {
  await tx.look(sql('cancel-gates'), [keyGates(prepared), prepared.map(p => gateOf(p.shard))])
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
  if (byId.length > 0) tx.send(sql('lock-events'), [byId.map(p => p.shard), byId.map(p => p.eventId)])
  const rows = await tx.query<Earlier>(sql('find-requests'), [
    ...columns(prepared, 7, p => [
      p.shard,
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
  const rows = await tx.look<{ place: number; shard: Shard; id: string; birth: number }>(
    sql('find-targets'),
    [...columns(prepared, 5, p => [p.shard, p.request.tenant, p.key, p.entity, p.eventId]), most],
  )
  if (rows.some(row => row.place < 0)) throw new TooMuchAtOnce(`more than ${most} events`)
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
    return sameTarget ? replay(sameRequest.id) : { refused: 'request_key_reused', receiptId: sameRequest.id }
  }
  if (p.request.requestKey) return null
  const before = earlier.reduce<Earlier | null>(
    (last, e) => (last === null || e.birth > last.birth ? e : last),
    null,
  )
  if (before === null) return null
  // By key: something live was announced since. By id, nothing can have been.
  const nothingSince = p.key === null || !live
  // An early cancellation whose time is over has no power any more: asked for again, it is kept again (I6).
  const again = before.lapsed === true && p.request.early != null
  return nothingSince && !before.called_off_since && !again ? replay(before.id) : null
}

function replay(receiptId: string): Cancelled {
  return { receiptId, replayed: true, eventIds: [], counts: countOutcomes([]), early: false }
}

export function writeCancellations(
  context: Context,
  tx: Tx,
  prepared: readonly Prepared[],
  { early, open }: { readonly early: ReadonlySet<string>; readonly open: boolean },
): void {
  if (prepared.length === 0) return
  tx.send(sql('insert-cancellations'), [
    context.clock(),
    context.finalAfterMs,
    ...columns(prepared, 16, p => {
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
      ]
    }),
  ])
}

function markEvents(tx: Tx, tree: MarkedTree): void {
  if (tree.events.length === 0) return
  tx.send(
    sql('mark-events'),
    columns(tree.events, 3, e => [e.row.shard, e.row.id, e.cancellationId]),
  )
}

/** Keeps the items that no ended row of this cancellation tells. */
export function keepItems(tx: Tx, tree: MarkedTree): void {
  // What this cancellation ends, or is stopping, tells so itself.
  const told = tree.effects.filter(
    e => e.outcome === 'kept' || e.outcome === 'already_cancelled' || e.ending !== null,
  )
  if (told.length === 0) return
  tx.send(
    sql('insert-receipt-items'),
    columns(told, 8, e => [
      e.row.shard,
      e.cancellationId,
      e.row.id,
      e.outcome,
      e.ending,
      e.at,
      e.evidence === null ? null : JSON.stringify(e.evidence),
      e.earlier,
    ]),
  )
}

/** Asks the domains and carriers what this owes the world, and writes it, born of the cancellations (I3). */
export async function oweNotices(
  context: Context,
  tx: Tx,
  tree: MarkedTree,
  requests: ReadonlyMap<string, CancelRequest>,
): Promise<void> {
  const births: Birth[] = []
  const owe = (effect: NewEffect, tenant: string, cancellationId: string) =>
    births.push({ effect, tenant, under: { noticeOf: cancellationId } })

  for (const effect of tree.effects) {
    if (effect.outcome !== 'stopping') continue
    const notice = context.carriers.get(effect.row.kind)?.withdraw?.(effect.row)
    if (notice) owe(notice, effect.row.tenant, effect.cancellationId)
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
    const notices = await domain.cancelled(
      tx,
      mine.map(
        ({ row, cancellationId, asked }): CancelledEvent => ({
          event: storedEvent(row),
          cancellationId,
          request: requests.get(cancellationId) as CancelRequest,
          at: times.get(row.tenant) as Date,
          asked,
          effects: (effectsOf.get(row.id) ?? []).map(cancelledEffect),
        }),
      ),
    )
    for (const { row, cancellationId } of mine) {
      for (const effect of notices.get(row.id) ?? []) owe(effect, row.tenant, cancellationId)
    }
  }
  bearEffects(context, tx, births)
  await lookAgainAtStopping(tx, tree)
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
  type State = { effect_id: string; ending: MarkedEffect['ending']; at: Date | null }
  const states = await tx.query<State>(sql('states-of-effects'), [
    stopping.map(e => e.row.shard),
    stopping.map(e => e.row.id),
  ])
  const by = new Map(states.map(s => [s.effect_id, s]))
  for (const effect of stopping) {
    const ending = by.get(effect.row.id)?.ending
    if (ending === 'stopped' || ending === 'too_late' || ending === 'in_doubt') effect.outcome = ending
  }
}
