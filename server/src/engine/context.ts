// What every verb of the engine works with; made once, in engine.ts.

import type { Carrier } from '../core/effects/carrier.ts'
import type { Random } from '../core/ids.ts'
import { makeId, type Shard } from '../core/ids.ts'
import type { Database, Tx } from '../store/database.ts'
import type { Domain } from './domain.ts'
import { sql } from './statements.ts'
import type { EngineWatch } from './watch.ts'

/** Number of gates that the shards share: few, since a start passes all that its batch touches. */
export const GATES = 8

export type Context = {
  readonly db: Database
  /** Null in production: statements then take the database's clock. A test passes its own. */
  readonly clock: () => Date | null
  readonly random: Random
  readonly carriers: ReadonlyMap<string, Carrier>
  readonly domains: ReadonlyMap<string, Domain>
  readonly hints: Hints
  readonly watch?: EngineWatch | undefined
  /** A cancel of more effects or events than this is acknowledged first and written down behind (I10). */
  readonly maxMarkedAtOnce: number
  /** A receipt is final at the latest this long after its commit. */
  readonly finalAfterMs: number
}

/** Tells runners, here and in other processes, that there is something to look at. Losing one costs latency only. */
export type Hints = {
  /** Something may be due. */
  due(): void
  /** These running effects were asked to stop. */
  asked(effects: readonly { readonly effectId: string; readonly cancellationId: string }[]): void
}

export const ALL_GATES: readonly number[] = Array.from({ length: GATES }, (_, gate) => gate)

/** Before events and effects are locked, in a transaction that may write effects of these tenants: see lock-tenants.sql. */
export function lockTenants(tx: Tx, tenants: Iterable<string>): void {
  const unique = [...new Set(tenants)]
  if (unique.length > 0) tx.send(sql('lock-tenants'), [unique])
}

export function gateOf(shard: Shard): number {
  return shard % GATES
}

export function newId(context: Pick<Context, 'random' | 'clock'>, shard: Shard): string {
  // The time in an id only sorts; the wall clock is good enough for it.
  return makeId(shard, (context.clock() ?? new Date()).getTime(), context.random)
}

/** Whether anybody outside notices effects of this kind; a kind that no carrier is known for counts as such. */
export function touchesWorld(context: Pick<Context, 'carriers'>, kind: string): boolean {
  return context.carriers.get(kind)?.touchesWorld !== false
}

/** Whether the other side of such an effect can be told that it was called off, and may answer how it went. */
export function isAskable(context: Pick<Context, 'carriers'>, kind: string): boolean {
  return context.carriers.get(kind)?.withdraw !== undefined
}
