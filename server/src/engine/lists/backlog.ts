// Counts what is in the engine, over all tenants, for an operator's figures. The cost is bounded, however much there is.

import type { Queries } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

/** How many rows of one sort are read at most. */
export const MAX_LOOKED_AT = 10_000

export type BacklogOfKind = {
  readonly kind: string
  /** Among the {@link MAX_LOOKED_AT} that fall due first. */
  readonly pending: number
  readonly due: number
  /** 0 if nothing is due. */
  readonly oldestDueSeconds: number
  readonly dead: number
}

export type Backlog = {
  readonly kinds: readonly BacklogOfKind[]
  readonly openReceipts: number
  /** There is more than was read. */
  readonly capped: boolean
}

type Row = { pending: number; dead: number; open_receipts: number; kinds: readonly BacklogOfKind[] }

export async function readBacklog(context: Pick<Context, 'clock'>, queries: Queries): Promise<Backlog> {
  const [row] = await queries.query<Row>(sql('backlog'), [context.clock(), MAX_LOOKED_AT])
  const { pending, dead, open_receipts: openReceipts, kinds } = row!
  return { kinds, openReceipts, capped: pending > MAX_LOOKED_AT || dead > MAX_LOOKED_AT }
}
