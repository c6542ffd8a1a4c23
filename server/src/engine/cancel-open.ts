// A cancel of a huge tree (I10): one open-cancellation row, written with the shard's gate held alone, is what every start
// and birth reads from then on; marking goes on behind the acknowledgement, in batches, by whichever process is free.
//
//   acknowledged: open_cancellation row committed        -> no covered effect starts any more
//   counting:     mark-open takes the events in batches  -> receipt grows, `progress` tells
//   row deleted:  everything under it is marked          -> receipt open or final

import type { CancelOutcome, CancelRequest } from '../core/cancellation.ts'
import { countOutcomes } from '../core/receipt.ts'
import type { Tx } from '../store/database.ts'
import {
  type Earlier,
  findRepeats,
  keepItems,
  keyGates,
  oweNotices,
  type Prepared,
  prepare,
  repeatVerdict,
  writeCancellations,
} from './cancel.ts'
import { type EffectRow, type EventRow, type MarkedEffect, markEffects, unmarked } from './cancel-tree.ts'
import { type Context, GATES, gateOf, sql } from './context.ts'

/** Acknowledges a cancel that is too large to be marked at once. One short transaction, whatever the size. */
export async function openCancellation(context: Context, request: CancelRequest): Promise<CancelOutcome> {
  const p = prepare(context, request)
  return await context.db.transaction('cancel-open', async tx => {
    // Before the event is locked: whoever waits for that has passed the gate. A key's aliases may be behind any gate.
    const gates = p.key === null ? [gateOf(p.shard)] : Array.from({ length: GATES }, (_, gate) => gate)
    await tx.query(sql('open-gates'), [keyGates([p]), gates])
    const earlier = (await findRepeats(context, tx, [p])).get(0) ?? []
    const verdict = repeatVerdict(p, earlier, await bornSince(tx, p, earlier))
    if (verdict !== null) return verdict
    writeCancellations(context, tx, [p], { early: new Set(), open: true })
    tx.send(sql('insert-open'), [p.shard, p.id, request.tenant, p.eventId, p.key, p.entity])
    tx.afterCommit(() => {
      context.hints.due()
      context.hints.asked([])
    })
    return { receiptId: p.id, replayed: false, eventIds: [], counts: countOutcomes([]), early: false }
  })
}

/** Whether something live with the key was born after the last open cancel of it; that there is something live is known. */
async function bornSince(tx: Tx, p: Prepared, earlier: readonly Earlier[]): Promise<boolean> {
  const last = Math.max(0, ...earlier.filter(e => e.open).map(e => e.birth))
  if (p.key === null || last === 0) return true
  const values = [p.shard, p.request.tenant, p.key, p.entity, last]
  const [row] = await tx.query<{ announced: boolean }>(sql('announced-since'), values)
  return row?.announced === true
}

type OpenRow = {
  shard: number
  cancellation_id: string
  tenant: string
  target_event: string | null
  target_key: string | null
  birth_limit: number
  children_after: number
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

/**
 * Marks one batch of one open cancellation: first events, roots before children, then the effects of marked events, under
 * which nothing can be born any more. False when there is no open cancellation that nobody else is at.
 */
export async function markSomeOpen(context: Context, batch = 2000): Promise<boolean> {
  // Mostly there is none: then no transaction is made.
  if ((await context.db.query(sql('take-open'))).length === 0) return false
  return await context.db.transaction('mark-open', async tx => {
    const [open] = await tx.query<OpenRow>(sql('take-open'))
    if (!open) return false
    if (await markRoots(context, tx, open, batch)) return true
    if (await markChildren(context, tx, open, batch)) return true
    if (await markEffectsOfMarked(context, tx, open, batch)) return true
    // Its target was called off by another before: nothing of it is marked here, all of it stands in the receipt.
    if (open.target_event !== null) {
      await tx.query(sql('open-untouched'), [[open.shard], [open.target_event], open.cancellation_id, true])
    }
    await tx.query(sql('close-open'), [open.shard, open.cancellation_id])
    return true
  })
}

async function markRoots(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  const roots = await tx.query<{ shard: number; id: string }>(sql('open-roots'), [
    open.shard,
    open.tenant,
    open.target_event,
    open.target_key,
    open.birth_limit,
    batch,
    open.target_entity,
  ])
  if (roots.length === 0) return false
  await markEvents(context, tx, open, roots, true)
  return true
}

async function markChildren(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  const { shard, cancellation_id: id, children_after: after } = open
  const parents = await tx.query<{ shard: number; id: string; birth: number }>(sql('open-marked'), [
    id,
    after,
    batch,
  ])
  const last = parents.at(-1)
  if (!last) return false
  const children = await tx.query<{ shard: number; id: string; birth: number }>(sql('open-children'), [
    parents.map(p => p.shard),
    parents.map(p => p.id),
    batch,
  ])
  await tx.query(sql('open-untouched'), [parents.map(p => p.shard), parents.map(p => p.id), id, false])
  if (children.length > 0) await markEvents(context, tx, open, children, false)
  // A child is younger than its parent, but may be older than the last parent of this batch: look at it again, as a parent.
  const next = children.reduce((least, child) => Math.min(least, child.birth - 1), last.birth)
  await tx.query(sql('open-children-after'), [
    shard,
    id,
    children.length === batch ? after : Math.max(after, next),
  ])
  return true
}

async function markEvents(
  context: Context,
  tx: Tx,
  open: OpenRow,
  found: readonly { readonly shard: number; readonly id: string }[],
  asked: boolean,
): Promise<void> {
  const sorted = found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const rows = await tx.query<EventRow>(sql('open-mark-events'), [
    sorted.map(e => e.shard),
    sorted.map(e => e.id),
    open.cancellation_id,
    [...context.domains].flatMap(([kind, domain]) => (domain.cancelled ? [kind] : [])),
  ])
  const events = rows.map(row => ({ row, cancellationId: open.cancellation_id, asked }))
  await oweNotices(context, tx, { events, effects: [] }, new Map([[open.cancellation_id, requestOf(open)]]))
}

async function markEffectsOfMarked(context: Context, tx: Tx, open: OpenRow, batch: number): Promise<boolean> {
  const { shard, cancellation_id: id } = open
  type Looked = EffectRow & { event_birth: number; place: number; prevented: boolean }
  const rows = await tx.query<Looked>(sql('open-prevent'), [
    context.clock(),
    id,
    open.effects_event,
    open.effects_after,
    batch,
  ])
  const last = rows.at(-1)
  if (!last) return false
  const effects = rows.flatMap((row): MarkedEffect[] => (row.prevented ? [] : [unmarked(row, id)]))
  await markEffects(context, tx, effects, row => row.link === 'keep')
  // What was running at the acknowledgement and has ended since did so too late, or without effect.
  for (const effect of effects) {
    if (effect.outcome !== 'done' || effect.at === null || effect.at < open.at || effect.row.link === 'keep')
      continue
    if (effect.ending === 'done') effect.outcome = 'too_late'
    else if (effect.ending === 'skipped') effect.outcome = 'stopped'
  }
  keepItems(tx, { events: [], effects })
  await oweNotices(context, tx, { events: [], effects }, new Map())
  tx.send(sql('open-effects-after'), [shard, id, last.event_birth, last.id, last.place])
  const asked = effects.filter(e => e.outcome === 'stopping')
  tx.afterCommit(() => context.hints.asked(asked.map(e => ({ effectId: e.row.id, cancellationId: id }))))
  return true
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
