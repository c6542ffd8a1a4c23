// The fast path of a cancel: one statement (sql/functions/cancel_plain.sql) does all requests of a batch that are simple, and decides before
// it writes. The prevented items of such a receipt are in the cancellation's own row. Other requests are not touched.

import type { Cancelled, CancelRequest } from '../../core/cancellation.ts'
import { countOutcomes } from '../../core/receipt.ts'
import type { Database } from '../../store/database.ts'
import { functionName } from '../../store/functions.ts'
import type { Statement } from '../../store/statements.ts'
import { columns } from '../columns.ts'
import { type Context, gateOf } from '../context.ts'
import { keyGates, type Prepared, prepare } from './prepare.ts'

const FUNCTION = functionName('engine', 'cancel_plain')
const CANCEL_PLAIN: Statement = {
  name: FUNCTION,
  text: `select place as position, event_ids, prevented, already_ended, was_over
    from ${FUNCTION}($1::timestamptz, $2::double precision, $3::text[], $4::int, $5::int[], $6::int[], $7::text[], $8::text[],
    $9::text[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::uuid[], $20::smallint[])`,
}

/** Effects of one request that its row may hold. */
const MAX_ITEMS = 1000

type PlainRow = {
  position: number
  event_ids: string[]
  prevented: number
  already_ended: number
  was_over: boolean
}

/** Results by position; null for requests that have to take the general path. One round trip. */
export async function cancelPlain(
  context: Context,
  db: Pick<Database, 'flush'>,
  requests: readonly CancelRequest[],
): Promise<readonly (Cancelled | null)[]> {
  const prepared = requests.map(request => prepare(context, request))
  const kindsWithHook = [...context.domains].flatMap(([kind, domain]) => (domain.cancelled ? [kind] : []))
  const [rows] = await db.flush('cancel-plain', [
    {
      statement: CANCEL_PLAIN,
      values: [
        context.clock(),
        context.finalAfterMs,
        kindsWithHook,
        Math.min(MAX_ITEMS, context.maxMarkedAtOnce),
        keyGates(prepared),
        prepared.map(p => gateOf(p.shard)),
        ...columns(prepared, 14, valuesOf),
      ],
    },
  ])
  const results: (Cancelled | null)[] = prepared.map(() => null)
  for (const row of rows as readonly PlainRow[]) {
    const { id } = prepared[row.position - 1] as Prepared
    results[row.position - 1] = {
      receiptId: id,
      is: row.was_over ? 'over' : 'cancelled',
      replayed: false,
      eventIds: row.event_ids.slice(0, 1000),
      counts: {
        ...countOutcomes([]),
        total: row.prevented + row.already_ended,
        prevented: row.prevented,
        already_ended: row.already_ended,
      },
      early: false,
    }
  }
  return results
}

function valuesOf(p: Prepared): readonly unknown[] {
  const { request } = p
  return [
    request.tenant,
    p.key,
    p.entity,
    p.eventId,
    'kind' in request.target ? request.target.kind : null,
    request.by.principal,
    request.by.api,
    request.by.name,
    request.requestKey ?? null,
    request.reason ?? null,
    request.correlationId ?? null,
    request.data === undefined ? null : JSON.stringify(request.data),
    p.id,
    p.shard,
  ]
}
