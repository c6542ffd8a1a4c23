// This folder reads and finds receipts. A receipt is read from what the effects' own ends say, so it cannot
// disagree with them. It is *final* when nothing of it is running any more, or when its time is up; the
// reader who finds that out closes it first, under the locks that a settle takes. What a final receipt says
// must never change.

import type { Caller, Outcome, Receipt, ReceiptItem, ReceiptNotice } from '../../core/cancellation.ts'
import type { Ending } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'
import { byTime, countOutcomes, noticesByTime, sumOutcomes } from '../../core/receipt.ts'
import type { Context } from '../context.ts'
import { closeReceipts } from '../run/rescue.ts'
import { sql } from '../statements.ts'

const FIRST = '00000000-0000-0000-0000-000000000000'
/** Items of one page of a receipt. */
export const RECEIPT_PAGE = 1000

type CancellationRow = {
  shard: number
  id: string
  tenant: string
  target_event: string | null
  target_key: string | null
  target_entity: string | null
  target_kind: string | null
  caller: string
  caller_api: Caller['api']
  caller_name: string
  reason: string | null
  correlation_id: string | null
  at: Date
  early_until_shown: Date | null
  marked: number
  open: boolean
  counts: Receipt['counts'] | null
  time_is_up: boolean
  /** How long the marking of an open cancellation took after its acknowledgement. The receipt's time counts from the end of it. */
  marked_for_ms: string | number
  stopping: boolean
  final_in_ms: string | number
}

type ItemRow = {
  effect_id: string
  outcome: Outcome
  ending: Ending | null
  at: Date | null
  evidence: JsonObject | null
  error: string | null
  by_cancellation: string | null
  event_id: string
  kind: string
  title: string
  due_at: Date
  next: string[] | null
  touches_world: boolean
}

type NoticeRow = {
  id: string
  kind: string
  title: string
  ending: 'done' | 'skipped' | 'dead' | null
  at: Date | null
  evidence: JsonObject | null
  error: string | null
  running: boolean
}

/** Outcomes of effects whose next steps will not be reached. */
const CUT_OFF: ReadonlySet<Outcome> = new Set(['prevented', 'stopping', 'stopped', 'too_late', 'in_doubt'])

export async function readReceipt(
  context: Context,
  tenant: string,
  id: string,
  after?: string,
): Promise<Receipt | null> {
  const c = await readCancellation(context, tenant, id)
  if (c === null) return null
  const { db } = context
  const items = await db.query<ItemRow>(sql('read-items'), [id, tenant, after ?? FIRST, RECEIPT_PAGE + 1])
  // Pages are cut by effect id. Only within a page are the items in the order of time.
  const page = items.slice(0, RECEIPT_PAGE)
  const shown = (touchesWorld: boolean) =>
    page
      .filter(row => row.touches_world === touchesWorld)
      .map(row => item(row, c.at))
      .sort(byTime)
  const counts = await countsOf(context, c, after === undefined ? items : null)
  const state = c.open ? 'counting' : c.stopping ? 'open' : 'final'
  if (state === 'final' && c.counts === null) await db.query(sql('keep-counts'), [id, JSON.stringify(counts)])
  const events = await db.query<{
    id: string
    kind: string
    title: string
    key: string | null
    met_later: boolean
  }>(sql('read-receipt-events'), [id, RECEIPT_PAGE])
  const notices = await db.query<NoticeRow>(sql('read-notices'), [id, RECEIPT_PAGE])
  const notes = await db.query<{ at: Date; effect_id: string; text: string; evidence: JsonObject | null }>(
    sql('read-notes'),
    [id],
  )
  return {
    id,
    tenant,
    state,
    cancelledAt: c.at.toISOString(),
    finalBy: new Date(c.at.getTime() + Number(c.marked_for_ms) + context.finalAfterMs).toISOString(),
    by: { principal: c.caller, api: c.caller_api, name: c.caller_name },
    target: {
      kind: c.target_kind ?? '',
      key: c.target_key,
      eventId: c.target_event,
      entity: c.target_entity ?? '',
    },
    reason: c.reason,
    correlationId: c.correlation_id,
    early:
      c.early_until_shown === null
        ? null
        : {
            until: c.early_until_shown.toISOString(),
            metEventIds: events.filter(e => e.met_later).map(e => e.id),
          },
    events: events.map(({ id, kind, title, key }) => ({ id, kind, title, key })),
    counts,
    items: shown(true),
    innerSteps: shown(false),
    itemsAfter: items.length > RECEIPT_PAGE ? (items[RECEIPT_PAGE - 1]?.effect_id ?? null) : null,
    notices: notices.map(notice).sort(noticesByTime),
    notes: notes.map(n => ({
      at: n.at.toISOString(),
      effectId: n.effect_id,
      text: n.text,
      evidence: n.evidence,
    })),
    progress: c.open ? { marked: c.marked } : null,
  }
}

/** Stored counts have jsonb's order of keys. If `items` has all items, they are counted, so that counts and items agree. */
async function countsOf(
  context: Context,
  c: CancellationRow,
  items: readonly ItemRow[] | null,
): Promise<Receipt['counts']> {
  if (c.counts !== null) return { ...countOutcomes([]), ...c.counts }
  if (items !== null && items.length <= RECEIPT_PAGE)
    return countOutcomes(items.filter(i => i.touches_world).map(i => i.outcome))
  return sumOutcomes(await context.db.query<{ outcome: Outcome; items: number }>(sql('count-items'), [c.id]))
}

/** `inMs`: in how many milliseconds the receipt is final at the latest. Null: there is no such receipt. */
export async function receiptWait(
  context: Context,
  tenant: string,
  id: string,
): Promise<{ final: boolean; inMs: number } | null> {
  const c = await readCancellation(context, tenant, id)
  return c === null ? null : { final: !c.open && !c.stopping, inMs: Math.max(0, Number(c.final_in_ms)) }
}

async function readCancellation(
  context: Context,
  tenant: string,
  id: string,
): Promise<CancellationRow | null> {
  const read = () =>
    context.db.query<CancellationRow>(sql('read-cancellation'), [context.clock(), id, tenant])
  const [c] = await read()
  if (!c) return null
  if (!c.stopping || !c.time_is_up) return c
  await closeReceipts(context, id)
  return (await read())[0] ?? null
}

/** A prevented effect was prevented at `cancelledAt`, although the marking of an open cancellation writes it down later. */
function item(row: ItemRow, cancelledAt: Date): ReceiptItem {
  const at = row.outcome === 'prevented' ? cancelledAt : row.at
  return {
    effectId: row.effect_id,
    eventId: row.event_id,
    kind: row.kind,
    title: row.title,
    outcome: row.outcome,
    ending: row.ending,
    at: at?.toISOString() ?? null,
    dueAt: row.due_at.toISOString(),
    evidence: row.error === null ? row.evidence : { ...row.evidence, error: row.error },
    // An effect that had ended before has had its next steps. A kept effect will have them.
    next: CUT_OFF.has(row.outcome) ? (row.next ?? []) : [],
    cancellationId: row.by_cancellation,
  }
}

function notice(row: NoticeRow): ReceiptNotice {
  return {
    effectId: row.id,
    kind: row.kind,
    title: row.title,
    state: row.ending ?? (row.running ? 'running' : 'pending'),
    at: row.at?.toISOString() ?? null,
    evidence: row.error === null ? row.evidence : { ...row.evidence, error: row.error },
  }
}
