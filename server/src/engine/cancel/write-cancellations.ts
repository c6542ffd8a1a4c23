// Writes cancellations, marks the events that they call off, and keeps those receipt items that no row of an effect tells.

import type { Tx } from '../../store/database.ts'
import { arrayLiteral, columns } from '../columns.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { evidenceText } from '../stored-text.ts'
import type { MarkedTree } from './cancel-tree.ts'
import type { Prepared } from './prepare.ts'

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

export type CalledOff = { readonly ids: readonly string[]; readonly newest: number }
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

/** The events that each cancellation calls off, parents before children; what was called off before is the earlier one's. Pure. */
export function calledOff(tree: MarkedTree): ReadonlyMap<string, CalledOff> {
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

export function markEvents(tx: Tx, tree: MarkedTree): void {
  if (tree.events.length === 0) return
  tx.send(
    sql('mark-events'),
    columns(tree.events, 2, e => [e.row.id, e.cancellationId]),
  )
}
