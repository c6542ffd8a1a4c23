// Marks what open cancellations cover (see cancel-open.ts), one batch and one commit at a time. Every process runs it.
//
// A batch continues at a position in engine.receipt_event. Only the process that holds the row lock of the open cancellation adds
// rows there, in the order in which it finds them. So no event is passed over, whoever else cancels at the same time.

import type { CancelRequest } from '../../core/cancellation.ts'
import { isUnavailable, type Tx } from '../../store/database.ts'
import { type EffectRow, type MarkedEffect, markEffects, unmarked } from '../cancel/cancel-tree.ts'
import type { EventRow } from '../cancel/event-row.ts'
import { writeNotices } from '../cancel/notices.ts'
import { keepItems } from '../cancel/write-cancellations.ts'
import { type Context, lockTenants } from '../context.ts'
import { sql } from '../statements.ts'

/** How long a tenant is left out whose open cancellation could not be marked. */
const LEFT_OUT_MS = 10_000

const FIRST = '00000000-0000-0000-0000-000000000000'

type OpenRow = {
  shard: number
  cancellation_id: string
  tenant: string
  target_event: string | null
  target_key: string | null
  sequence_limit: number
  parents_after: number
  child_after: string
  /** The open cancellations that the tenant already had when this one was acknowledged. */
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
 * Marks open cancellations, one batch at a time, of one tenant after the other, so that no receipt waits for another tenant's huge tree. A
 * tenant whose oldest open cancellation cannot be marked is left out for a while.
 */
export class OpenMarker {
  private readonly context: Context
  private readonly failed: (error: unknown) => void
  private readonly batch: number
  /** Tenants that are left out, and until when, on this process's clock. The clock only decides when the database is asked again. */
  private readonly leftOut = new Map<string, number>()
  private last: string | null = null

  constructor(context: Context, failed: (error: unknown) => void, batch = 2000) {
    this.context = context
    this.failed = failed
    this.batch = batch
  }

  /** False: there is nothing to mark, or other processes are marking all that there is. */
  async markSome(): Promise<boolean> {
    const { context, leftOut } = this
    for (const [tenant, until] of leftOut) if (until <= performance.now()) leftOut.delete(tenant)
    const busy = new Set<string>()
    for (;;) {
      // Mostly there is no open cancellation. Then no transaction is made.
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

/** Marks one batch, as one of many markers would. False: there is nothing to mark. Throws where a marker would leave a tenant out. */
export async function markSomeOpen(context: Context, batch?: number): Promise<boolean> {
  const fail = (error: unknown) => {
    throw error
  }
  return await new OpenMarker(context, fail, batch).markSome()
}

/** Marks one batch of a tenant's oldest open cancellation. False: another process is marking it. */
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
 * Finds targets that another open cancellation has marked meanwhile. When this request came, they had its key and were not marked. So they
 * are in both receipts: in this one as called off before.
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
  // If the page is full, the parent of its last child may have more children.
  const at = children.length < batch ? null : (children.at(-1) as (typeof children)[number])
  const done = at === null ? last.sequence : (parents[at.parent - 2]?.sequence ?? open.parents_after)
  tx.send(sql('open-children-after'), [id, done, at?.id ?? FIRST])
  return true
}

/**
 * What a cancel means for a child. Below a kept event everything is kept. Below an event that was called off before, a `keep` link keeps the
 * child, and any other child was called off before too. Pure.
 */
function standingBelow(parent: Standing, link: 'cancel' | 'keep'): Standing {
  return link === 'keep' || parent === 'kept' ? 'kept' : parent
}

/** Throws if the rows are not in order. The next batch continues after the last row, so it would pass over rows. */
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

/** Locks the events that are called off, finds those that another cancel has marked first, marks the others, and writes all of them down. */
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
    position: number
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
  const found = (last?.position ?? 0) as number
  const atEnd = found < batch
  // If an event was called off before, the effects that were prevented then may be in the row of that cancellation only.
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
  const toStop = effects.filter(e => e.outcome === 'stopping')
  tx.afterCommit(() =>
    context.hints.stopRequested(toStop.map(e => ({ effectId: e.row.id, cancellationId: id }))),
  )
  return true
}

function sequenceBefore(events: readonly FoundEvent[], sequence: number, open: OpenRow): number {
  const at = events.findIndex(e => e.sequence === sequence)
  return events[at - 1]?.sequence ?? open.effects_event
}

/** Corrects the outcome of an effect that ended between the acknowledgement and the marking, of which {@link markEffects} does not know. */
function giveOutcome(effect: MarkedEffect, how: Standing, open: OpenRow): void {
  // The effect was running at the acknowledgement and has ended since: too late, or without effect.
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
