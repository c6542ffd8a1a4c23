// How much stands in the engine, of all tenants: for an operator's figures. Read at a bounded cost, whatever there is.

import type { Queries } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

/** Rows of one sort that are looked at. */
export const MOST_LOOKED_AT = 10_000

export type BacklogOfKind = {
  readonly kind: string
  /** Among the {@link MOST_LOOKED_AT} that fall due first. */
  readonly pending: number
  readonly due: number
  /** 0 when nothing is. */
  readonly oldestDueSeconds: number
  readonly dead: number
}

export type Backlog = {
  readonly kinds: readonly BacklogOfKind[]
  readonly openReceipts: number
  /** There is more than was looked at. */
  readonly capped: boolean
}

type Row = { pending: number; dead: number; open_receipts: number; kinds: readonly BacklogOfKind[] }

export async function readBacklog(context: Pick<Context, 'clock'>, queries: Queries): Promise<Backlog> {
  const [row] = await queries.query<Row>(sql('backlog'), [context.clock(), MOST_LOOKED_AT])
  const { pending, dead, open_receipts: openReceipts, kinds } = row!
  return { kinds, openReceipts, capped: pending > MOST_LOOKED_AT || dead > MOST_LOOKED_AT }
}
