// Start: the line that makes a claim "started". Gates first, then the guarded write, in statements of their own: the
// write sees every open cancellation that was acknowledged before it.

import type { JsonObject } from '../core/json.ts'
import type { Tx } from '../store/database.ts'
import { type Context, gateOf, sql } from './context.ts'

export type StartedRow = {
  shard: number
  id: string
  tenant: string
  event_id: string | null
  notice_of: string | null
  kind: string
  title: string
  data: JsonObject
  due_at: Date
  max_attempts: number
  link: 'cancel' | 'keep'
  attempt: number
  lane: string
  event_kind: string | null
}

export type Chosen = { readonly shard: number; readonly effect_id: string }

/** Starts of the chosen effects those that are still pending, due, covered by no open cancellation and held by nobody. */
export async function startChosen(
  context: Context,
  tx: Tx,
  worker: string,
  chosen: readonly Chosen[],
): Promise<readonly StartedRow[]> {
  const passed = tx.look(sql('gates-shared'), [chosen.map(c => gateOf(c.shard))])
  const started = tx.query<StartedRow>(sql('start'), [
    context.clock(),
    worker,
    chosen.map(c => c.shard),
    chosen.map(c => c.effect_id),
  ])
  const [rows] = await Promise.all([started, passed])
  return rows
}

/**
 * What a start has begun whose answer was lost: its commit may have happened, and the rows would stay running under a
 * worker that does not run them, and lives. First waits for a commit that is still under way, then looks.
 */
export async function startedUnheard(
  tx: Tx,
  worker: string,
  chosen: readonly Chosen[],
): Promise<readonly StartedRow[]> {
  const shards = chosen.map(c => c.shard)
  const ids = chosen.map(c => c.effect_id)
  await tx.query(sql('wait-for-pending'), [shards, ids])
  return await tx.query<StartedRow>(sql('started-by'), [worker, shards, ids])
}
