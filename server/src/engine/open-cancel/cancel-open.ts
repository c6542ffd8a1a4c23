// A cancel of a huge tree (I10): one open-cancellation row, written with the gates held alone, is what every start and
// announcement reads from then on; marking goes on behind the acknowledgement, in batches, by whichever process is free.
//
//   acknowledged: open_cancellation row committed      -> no covered effect starts any more
//   counting:     in batches of one commit each        -> the receipt grows, `progress` tells
//     roots       what the request names is found, locked, marked
//     children    of what was found, in the order in which it was found: locked, then looked at, then marked
//     effects     of what was found, in the same order: prevented, asked to stop, or noted as they are
//   row deleted:  everything is written down           -> receipt open or final
//
// What was found stands in engine.receipt_event with the number at which it was found. Only the process that holds the
// open cancellation's row adds to it, so a place in that order passes over nothing, whoever else cancels beside it.

import type { CancelOutcome, CancelRequest } from '../../core/cancellation.ts'
import { countOutcomes } from '../../core/receipt.ts'
import { isUnavailable, type Tx } from '../../store/database.ts'
import { Overloaded } from '../batcher.ts'
import {
  type Earlier,
  findCalledOff,
  findRepeats,
  keepItems,
  keyGates,
  type Prepared,
  prepare,
  repeatCameTo,
  repeatVerdict,
  writeCancellations,
  writeNotices,
} from '../cancel/cancel.ts'
import {
  type EffectRow,
  type EventRow,
  findCovered,
  type MarkedEffect,
  markEffects,
  unmarked,
} from '../cancel/cancel-tree.ts'
import { ALL_GATES, type Context, gateOf, lockTenants } from '../context.ts'
import { sql } from '../statements.ts'

/**
 * Open cancellations of one tenant. Each is looked at by every start in its shard until it is written down, so a caller must not
 * be able to pile them up.
 */
export const MOST_OPEN = 16
/** How long a tenant is left out whose open cancellation could not be marked. */
const LEFT_OUT_MS = 10_000
const FIRST = '00000000-0000-0000-0000-000000000000'

/**
 * Acknowledges a cancel that is too large to be marked at once. One short transaction, whatever the size.
 * @throws Overloaded when {@link MOST_OPEN} of the tenant are open
 */
export async function openCancellation(context: Context, request: CancelRequest): Promise<CancelOutcome> {
  const p = prepare(context, request)
  return await context.db.transaction('cancel-open', async tx => {
    // Before the event is locked: whoever waits for that has passed the gate. What a key names may be in any shard.
    const gates = p.key === null ? [gateOf(p.shard)] : ALL_GATES
    tx.send(sql('open-gates'), [keyGates([p]), gates])
    const earlier = (await findRepeats(context, tx, [p])).get(0) ?? []
    const verdict = repeatVerdict(p, earlier, await announcedSince(tx, p, earlier))
    if (verdict !== null) {
      if (!('is' in verdict)) return verdict
      return { ...verdict, is: repeatCameTo(verdict.is, (await findCalledOff(tx, [p])).size > 0) }
    }
    const beside = await tx.query<Beside>(sql('open-beside'), [request.tenant, p.key, p.entity])
    if (beside.length >= MOST_OPEN)
      throw new Overloaded(
        `cancel: ${beside.length} huge cancels of this tenant are still being written down`,
      )
    const isOver = await wasCalledOff(tx, p, beside)
    writeCancellations(context, tx, [p], { early: new Set(), open: true, events: new Map() })
    const ids = beside.map(open => open.id)
    tx.send(sql('insert-open'), [p.shard, p.id, request.tenant, p.eventId, p.key, p.entity, ids])
    tx.afterCommit(() => {
      context.hints.due()
      context.hints.asked([])
    })
    const is = isOver ? 'over' : 'cancelled'
    return { receiptId: p.id, is, replayed: false, eventIds: [], counts: countOutcomes([]), early: false }
  })
}

/** True when all that the request names was called off before, or is covered by an open cancellation of the same. */
async function wasCalledOff(tx: Tx, p: Prepared, beside: readonly Beside[]): Promise<boolean> {
  if (p.eventId === null)
    return !(await announcedAfter(tx, p, beside.findLast(open => open.is_same)?.sequence_limit))
  const [event] = await tx.query<EventRow>(sql('lock-events'), [[p.eventId]])
  return (event?.cancellation_id ?? null) !== null || (await findCovered(tx, [p.eventId])).size > 0
}

/** Another cancellation that is still to mark all of what it covers. */
type Beside = { readonly id: string; readonly sequence_limit: number; readonly is_same: boolean }

/** True if an event with the key was announced after its last open cancel. The caller has established that a live one exists. */
async function announcedSince(tx: Tx, p: Prepared, earlier: readonly Earlier[]): Promise<boolean> {
  const last = earlier.reduce((most, e) => (e.open ? Math.max(most, e.sequence) : most), 0)
  return await announcedAfter(tx, p, last === 0 ? undefined : last)
}

/** True if a live event with the key was announced after that number, and where there is no key or no number. */
async function announcedAfter(tx: Tx, p: Prepared, sequence: number | undefined): Promise<boolean> {
  if (p.key === null || sequence === undefined) return true
  const values = [p.request.tenant, p.key, p.entity, sequence]
  const [row] = await tx.query<{ announced: boolean }>(sql('announced-since'), values)
  return row?.announced === true
}

type OpenRow = {
  shard: number
  cancellation_id: string
  tenant: string
  target_event: string | null
  target_key: string | null
  sequence_limit: number
  parents_after: number
  child_after: string
  /** The tenant's open cancellations that were there before it. */
  beside: string[]
  roots_after: number
  effects_event: number
  effects_after: string
  caller: string
  caller_api: CancelRequest['by']['api']
  caller_name: string
  reason: string | null
  correlation_id: string | null
  data: CancelRequest['data'] | null
  target_entity: string | null
  target_kind: string | null
  at: Date
}

/** How an event stands in an open cancellation; see the migration. */
type Standing = 'called_off' | 'kept' | 'called_off_before'
type FoundEvent = { readonly id: string; readonly sequence: number; readonly how: Standing }

/**
 * Marks open cancellations, one batch at a time: those of different tenants by turns, so that nobody's receipt waits for
 * another's huge tree. A tenant whose oldest one cannot be marked is left out for a while.
 */
export class OpenMarker {
  private readonly context: Context
  private readonly failed: (error: unknown) => void
  private readonly batch: number
  /** Until when; the process's own clock, which only decides when the database is asked again. */
  private readonly leftOut = new Map<string, number>()
  private last: string | null = null

  constructor(context: Context, failed: (error: unknown) => void, batch = 2000) {
    this.context = context
    this.failed = failed
    this.batch = batch
  }

  /** False when there is nothing that it could mark, and that nobody else is at. */
  async markSome(): Promise<boolean> {
    const { context, leftOut } = this
    for (const [tenant, until] of leftOut) if (until <= performance.now()) leftOut.delete(tenant)
    const busy = new Set<string>()
    for (;;) {
      // Mostly there is none: then no transaction is made.
      const [next] = await context.db.query<{ tenant: string }>(sql('open-tenants'), [
        [...leftOut.keys(), ...busy],
        this.last,
      ])
      if (next === undefined) return false
      this.last = next.tenant
      try {
        if (await markSomeOf(context, next.tenant, this.batch)) return true
        busy.add(next.tenant)
      } catch (error) {
        if (isUnavailable(error)) throw error
        leftOut.set(next.tenant, performance.now() + LEFT_OUT_MS)
        this.failed(error)
      }
    }
  }
}

/** Marks one batch of whatever is open, as one marker of many does; false when there is nothing. An error is thrown. */
export async function markSomeOpen(context: Context, batch?: number): Promise<boolean> {
  const fail = (error: unknown) => {
    throw error
  }
  return await new OpenMarker(context, fail, batch).markSome()
}

/** One batch of a tenant's oldest open cancellation. False: another process is at it. */
async function markSomeOf(context: Context, tenant: string, batch: number): Promise<boolean> {
  return await context.db.transaction('mark-open', async tx => {
    // The notices that follow are effects of the tenant, whose clock comes before events in the lock order.
    lockTenants(tx, [tenant])
    const [open] = await tx.query<OpenRow>(sql('take-open'), [tenant])
    if (!open) return false
    if (await markRoots(context, tx, open, batch)) return true
    if (await markChildren(context, tx, open, batch)) return true
    if (await markEffectsOfFound(context, tx, open, batch)) return true
    await tx.query(sql('close-open'), [context.clock(), open.cancellation_id, context.finalAfterMs])
    return true
  })
}

async function markRoots(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  const roots = await tx.query<{ id: string }>(sql('open-roots'), [
    open.tenant,
    open.target_event,
    open.target_key,
    open.target_entity,
    open.sequence_limit,
    batch,
    open.cancellation_id,
  ])
  if (roots.length === 0) return await findRootsBefore(context, tx, open, batch)
  await markFound(
    context,
    tx,
    open,
    roots.map(({ id }) => ({ id, how: 'called_off' })),
    true,
  )
  return true
}

/**
 * What the request names by key was live for its caller, and has been marked by another open cancellation meanwhile: it
 * stands in both receipts, in this one as called off before.
 */
async function findRootsBefore(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  if (open.target_key === null || open.beside.length === 0) return false
  const { cancellation_id: id } = open
  const looked = await tx.query<{ id: string; sequence: number; is_mine: boolean }>(
    sql('open-roots-before'),
    [
      open.tenant,
      open.target_key,
      open.target_entity,
      open.roots_after,
      open.sequence_limit,
      batch,
      open.beside,
    ],
  )
  const last = looked.at(-1)
  if (!last) return false
  const found = looked.filter(row => row.is_mine).map(row => ({ id: row.id, how: 'called_off' as const }))
  await markFound(context, tx, open, found, true)
  tx.send(sql('open-roots-after'), [id, last.sequence])
  return true
}

async function markChildren(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  const { cancellation_id: id } = open
  const parents = await tx.query<FoundEvent>(sql('open-parents'), [id, open.parents_after, batch])
  const last = parents.at(-1)
  if (!last) return false
  const children = await tx.query<{ parent: number; id: string; link: 'cancel' | 'keep' }>(
    sql('open-children'),
    [parents.map(p => p.id), open.child_after, batch],
  )
  const parentOf = (child: { readonly parent: number }) => parents[child.parent - 1] as FoundEvent
  refuseOutOfOrder(id, children)
  await markFound(
    context,
    tx,
    open,
    children.map(child => ({ id: child.id, how: standingBelow(parentOf(child).how, child.link) })),
    false,
  )
  // A full page: more may follow below the parent of its last child.
  const at = children.length < batch ? null : (children.at(-1) as (typeof children)[number])
  const done = at === null ? last.sequence : (parents[at.parent - 2]?.sequence ?? open.parents_after)
  tx.send(sql('open-children-after'), [id, done, at?.id ?? FIRST])
  return true
}

/** What a cancel means for a child. Below a kept event everything is kept; below one that was called off before, as its link says. Pure. */
function standingBelow(parent: Standing, link: 'cancel' | 'keep'): Standing {
  return link === 'keep' || parent === 'kept' ? 'kept' : parent
}

/** A place in the order is only worth something if the rows come in that order. */
function refuseOutOfOrder(
  cancellationId: string,
  rows: readonly { readonly parent: number; readonly id: string }[],
): void {
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1]
    if (before && (before.parent > row.parent || (before.parent === row.parent && before.id >= row.id)))
      throw new Error(`open cancellation ${cancellationId}: children are not in order at ${row.id}`)
  }
}

/** Locks what is called off, looks whether another cancel was there first, marks the rest, and writes all of it down. */
async function markFound(
  context: Context,
  tx: Tx,
  open: OpenRow,
  found: readonly { readonly id: string; readonly how: Standing }[],
  isTarget: boolean,
): Promise<void> {
  if (found.length === 0) return
  const { cancellation_id: id } = open
  const wanted = found.filter(e => e.how === 'called_off').map(e => e.id)
  const locked = wanted.length === 0 ? [] : await tx.query<EventRow>(sql('lock-events'), [wanted.toSorted()])
  const before = new Set(
    locked.flatMap(row => (row.cancellation_id === null || row.cancellation_id === id ? [] : [row.id])),
  )
  tx.send(sql('open-found'), [
    id,
    found.map(e => e.id),
    found.map(e => (before.has(e.id) ? 'called_off_before' : e.how)),
  ])
  const mine = locked.flatMap(row => (row.cancellation_id === null ? [row.id] : []))
  if (mine.length === 0) return
  const rows = await tx.query<EventRow>(sql('open-mark-events'), [
    mine,
    id,
    [...context.domains].flatMap(([kind, domain]) => (domain.cancelled ? [kind] : [])),
  ])
  const events = rows.map(row => ({ row, cancellationId: id, isTarget }))
  await writeNotices(context, tx, { events, effects: [] }, new Map([[id, requestOf(open)]]))
}

async function markEffectsOfFound(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  const { cancellation_id: id } = open
  const events = await tx.query<FoundEvent>(sql('open-parents'), [id, open.effects_event, batch])
  const lastEvent = events.at(-1)
  if (!lastEvent) return false
  type Looked = EffectRow & {
    event_sequence: number
    how: Standing
    place: number
    prevented: boolean
    worker: string | null
  }
  const rows = await tx.query<Looked>(sql('open-effects'), [
    context.clock(),
    id,
    events.map(e => e.id),
    events.map(e => e.sequence),
    events.map(e => e.how),
    open.effects_after,
    batch,
  ])
  const last = rows.at(-1)
  const found = (last?.place ?? 0) as number
  const atEnd = found < batch
  // Where an event was called off before, what was prevented then may stand in that cancellation's row only.
  const before = events.filter(
    e => e.how === 'called_off_before' && (atEnd || e.sequence < (last as Looked).event_sequence),
  )
  if (before.length > 0) tx.send(sql('open-prevented-before'), [id, before.map(e => e.id)])
  const how = new Map(rows.map(row => [row.id, row.how]))
  const effects = rows.flatMap((row): MarkedEffect[] => (row.prevented ? [] : [unmarked(row, id, null)]))
  await markEffects(context, tx, effects, row => row.keep || how.get(row.id) !== 'called_off')
  for (const effect of effects) giveOutcome(effect, how.get(effect.row.id) as Standing, open)
  keepItems(tx, { events: [], effects })
  await writeNotices(context, tx, { events: [], effects }, new Map())
  const done = atEnd ? lastEvent.sequence : sequenceBefore(events, (last as Looked).event_sequence, open)
  tx.send(sql('open-effects-after'), [id, done, atEnd ? FIRST : (last as Looked).id, found])
  const asked = effects.filter(e => e.outcome === 'stopping')
  tx.afterCommit(() => context.hints.asked(asked.map(e => ({ effectId: e.row.id, cancellationId: id }))))
  return true
}

function sequenceBefore(events: readonly FoundEvent[], sequence: number, open: OpenRow): number {
  const at = events.findIndex(e => e.sequence === sequence)
  return events[at - 1]?.sequence ?? open.effects_event
}

/** What {@link markEffects} cannot know: how the time between acknowledgement and mark counts. */
function giveOutcome(effect: MarkedEffect, how: Standing, open: OpenRow): void {
  // What was running at the acknowledgement and has ended since did so too late, or without effect.
  const endedSince = effect.at !== null && effect.at >= open.at
  if (effect.outcome === 'already_ended' && endedSince && !effect.row.keep && how === 'called_off') {
    if (effect.ending === 'done') effect.outcome = 'too_late'
    else if (effect.ending === 'skipped') effect.outcome = 'stopped'
  }
}

function requestOf(open: OpenRow): CancelRequest {
  return {
    tenant: open.tenant,
    target:
      open.target_event !== null
        ? { eventId: open.target_event }
        : { key: open.target_key ?? '', entity: open.target_entity ?? '', kind: open.target_kind ?? '' },
    by: { principal: open.caller, api: open.caller_api, name: open.caller_name },
    reason: open.reason,
    correlationId: open.correlation_id,
    data: open.data ?? undefined,
  }
}
