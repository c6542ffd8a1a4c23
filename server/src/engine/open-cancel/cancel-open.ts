// This folder cancels a tree that is too large to mark in one commit (I10). The cancel writes one
// open_cancellation row while it holds the gates alone; every start and announcement reads that row from then
// on. The marking (open-marker.ts) comes after the acknowledgement, in batches, by whichever process is free.
// A start of a covered effect must never commit after the acknowledgement, however long the marking takes.
//
//   acknowledged: open_cancellation row committed      -> no covered effect starts any more
//   counting:     in batches of one commit each        -> the receipt grows, `progress` says how far
//     roots       what the request names is found, locked, marked
//     children    of what was found, in the order in which it was found: locked, then looked at, then marked
//     effects     of what was found, in the same order: prevented, asked to stop, or noted as they are
//   row deleted:  everything is marked                 -> receipt open or final
//
// What was found stands in engine.receipt_event with the number at which it was found. Only the process that holds the
// open cancellation's row adds to it, so a place in that order passes over nothing, whoever else cancels beside it.

import type { CancelOutcome, CancelRequest } from '../../core/cancellation.ts'
import { countOutcomes } from '../../core/receipt.ts'
import type { Tx } from '../../store/database.ts'
import { Overloaded } from '../batcher.ts'
import { findCovered } from '../cancel/cancel-tree.ts'
import type { EventRow } from '../cancel/event-row.ts'
import { keyGates, type Prepared, prepare } from '../cancel/prepare.ts'
import { type Earlier, findCalledOff, findRepeats, repeatCameTo, repeatVerdict } from '../cancel/repeats.ts'
import { writeCancellations } from '../cancel/write-cancellations.ts'
import { ALL_GATES, type Context, gateOf } from '../context.ts'
import { sql } from '../statements.ts'

/**
 * The most open cancellations of one tenant. Every start in its shard reads each of them until it is marked, so a caller must not be able
 * to pile them up.
 */
export const MAX_OPEN = 16

/**
 * Acknowledges a cancel that is too large to be marked at once. One short transaction, whatever the size.
 * @throws Overloaded when {@link MAX_OPEN} of the tenant are open
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
    if (beside.length >= MAX_OPEN)
      throw new Overloaded(
        `cancel: ${beside.length} huge cancels of this tenant are still being written down`,
      )
    const isOver = await wasCalledOff(tx, p, beside)
    writeCancellations(context, tx, [p], { early: new Set(), open: true, events: new Map() })
    const ids = beside.map(open => open.id)
    tx.send(sql('insert-open'), [p.shard, p.id, request.tenant, p.eventId, p.key, p.entity, ids])
    tx.afterCommit(() => {
      context.hints.due()
      context.hints.stopRequested([])
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
  const last = earlier.reduce((newest, e) => (e.open ? Math.max(newest, e.sequence) : newest), 0)
  return await announcedAfter(tx, p, last === 0 ? undefined : last)
}

/** True if a live event with the key was announced after that number, and where there is no key or no number. */
async function announcedAfter(tx: Tx, p: Prepared, sequence: number | undefined): Promise<boolean> {
  if (p.key === null || sequence === undefined) return true
  const values = [p.request.tenant, p.key, p.entity, sequence]
  const [row] = await tx.query<{ announced: boolean }>(sql('announced-since'), values)
  return row?.announced === true
}
