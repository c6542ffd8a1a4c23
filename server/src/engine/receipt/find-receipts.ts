// Finds the receipts of a tenant by what a caller knows: keys, an event or a correlation id.

import type { Receipt } from '../../core/cancellation.ts'
import { isGuid } from '../../core/ids.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { readReceipt } from './read-receipt.ts'

/** At most one of `keys`, `eventId` and `correlationId`. Without any: the tenant's latest receipts. */
export type ReceiptSearch = {
  /** Cancellations by any of these keys. */
  readonly keys?: readonly string[]
  readonly eventId?: string
  readonly correlationId?: string
  /** Default 20. */
  readonly limit?: number
}

/** Newest first. */
export async function findReceipts(
  context: Context,
  tenant: string,
  search: ReceiptSearch,
): Promise<readonly Receipt[]> {
  const rows = await findCancellations(context, tenant, search)
  const receipts = await Promise.all(rows.map(row => readReceipt(context, tenant, row.id)))
  return receipts.filter(receipt => receipt !== null)
}

async function findCancellations(
  { db }: Pick<Context, 'db'>,
  tenant: string,
  { eventId, keys, correlationId, limit = 20 }: ReceiptSearch,
): Promise<readonly { readonly id: string }[]> {
  type Row = { id: string }
  if (eventId !== undefined) {
    if (!isGuid(eventId)) return []
    return await db.query<Row>(sql('receipts-of-event'), [tenant, eventId, limit])
  }
  if (keys !== undefined)
    return await db.query<Row>(sql('receipts-of-keys'), [tenant, [...new Set(keys)], limit])
  if (correlationId !== undefined)
    return await db.query<Row>(sql('receipts-of-correlation'), [tenant, correlationId, limit])
  return await db.query<Row>(sql('receipts-recent'), [tenant, limit])
}
