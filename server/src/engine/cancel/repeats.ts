// Whether a request repeats an earlier cancellation (I5), and which of its outcomes a repeat is answered with.

import type { Cancelled, CancelOutcome, CancelStatus } from '../../core/cancellation.ts'
import { countOutcomes } from '../../core/receipt.ts'
import type { Tx } from '../../store/database.ts'
import { columns } from '../columns.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import type { Prepared } from './prepare.ts'

export type Earlier = {
  position: number
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

/** Finds earlier cancellations that each request may repeat. The caller has passed the gates. */
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
  return Map.groupBy(rows, row => row.position - 1)
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

export function replay({ id, found, waits }: Earlier): Cancelled {
  const is = found ? 'repeated' : waits ? 'waiting' : 'nothing'
  return { receiptId: id, is, replayed: true, eventIds: [], counts: countOutcomes([]), early: false }
}

export function isRepeat(outcome: CancelOutcome | null | undefined): outcome is Cancelled {
  return outcome != null && 'replayed' in outcome && outcome.replayed
}

/** A cancel of what was over is repeated like any; of a key that nobody ever had it is said again. Pure. */
export function repeatCameTo(is: CancelStatus, wasCalledOff: boolean): CancelStatus {
  return (is === 'nothing' || is === 'waiting') && wasCalledOff ? 'repeated' : is
}

/** By the ids of those whose key an event had that was called off. */
export async function findCalledOff(tx: Tx, prepared: readonly Prepared[]): Promise<ReadonlySet<string>> {
  if (prepared.length === 0) return new Set()
  const rows = await tx.query<{ position: number }>(
    sql('is-called-off'),
    columns(prepared, 3, p => [p.request.tenant, p.key, p.entity]),
  )
  return new Set(rows.map(row => (prepared[row.position - 1] as Prepared).id))
}
