// What all functions of the engine work with; made once, in engine.ts.

import type { Carrier } from '../core/effects/carrier.ts'
import type { Random } from '../core/ids.ts'
import { makeId, type Shard } from '../core/ids.ts'
import type { Database, Tx } from '../store/database.ts'
import type { Domain } from './domain.ts'
import { sql } from './statements.ts'
import type { EngineWatch } from './watch.ts'

/** Number of gates that the 256 shards share. It is small, because a start passes all of them. */
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
  /** A cancel of more effects or events than this is acknowledged first, and marked afterwards (I10). */
  readonly maxMarkedAtOnce: number
  /** A receipt is final at the latest this long after its commit. */
  readonly finalAfterMs: number
}

/** Tells runners, here and in other processes, that there is something to do. A lost hint costs latency only. */
export type Hints = {
  /** Something may be due. */
  due(): void
  /** These running effects were asked to stop. */
  stopRequested(effects: readonly { readonly effectId: string; readonly cancellationId: string }[]): void
}

export const ALL_GATES: readonly number[] = Array.from({ length: GATES }, (_, gate) => gate)

/** For a transaction that may write effects of these tenants; to be called before events and effects are locked. See lock-tenants.sql. */
export function lockTenants(tx: Tx, tenants: Iterable<string>): void {
  const unique = [...new Set(tenants)]
  if (unique.length > 0) tx.send(sql('lock-tenants'), [unique])
}

export function gateOf(shard: Shard): number {
  return shard % GATES
}

export function newId(context: Pick<Context, 'random' | 'clock'>, shard: Shard): string {
  // The time in an id is for sorting only, so the wall clock is good enough.
  return makeId(shard, (context.clock() ?? new Date()).getTime(), context.random)
}

/** Whether anybody outside notices effects of this kind. True also for a kind without a known carrier. */
export function touchesWorld(context: Pick<Context, 'carriers'>, kind: string): boolean {
  return context.carriers.get(kind)?.touchesWorld !== false
}

/** Whether the receiver of such an effect can be told that it was called off, and may answer how it went. */
export function isAskable(context: Pick<Context, 'carriers'>, kind: string): boolean {
  return context.carriers.get(kind)?.withdraw !== undefined
}
