// Revise: replaces an event's pending effects in one commit. The old ones end superseded; what is running goes on.

import type { NewEffect } from '../core/effect.ts'
import { shardOfId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Tx } from '../store/database.ts'
import { lockParents } from './announce.ts'
import { bearEffects } from './births.ts'
import { type Context, gateOf, sql } from './context.ts'

export type Revision = {
  readonly tenant: string
  readonly eventId: string
  readonly effects: readonly NewEffect[]
  /** Left out: as it was. */
  readonly title?: string
  readonly data?: JsonObject
}

export type Revised =
  | { readonly is: 'revised'; readonly effectIds: readonly string[] }
  | { readonly is: 'cancelled'; readonly cancellationId: string | null }
  | { readonly is: 'unknown' }

export async function revise(context: Context, tx: Tx, revision: Revision): Promise<Revised> {
  const { eventId, tenant } = revision
  const shard = shardOfId(eventId)
  // Two revises of one event must not both replace: the second is to see what the first has born. Hence the whole lock,
  // after the gate.
  await tx.query(sql('gates-shared'), [[gateOf(shard)]])
  await tx.query(sql('lock-events'), [[shard], [eventId]])
  const event = (await lockParents(tx, [eventId])).get(eventId)
  if (!event || event.tenant !== tenant) return { is: 'unknown' }
  if (event.cancellation_id !== null) return { is: 'cancelled', cancellationId: event.cancellation_id }
  await tx.query(sql('supersede'), [context.clock(), shard, eventId])
  if (revision.title !== undefined || revision.data !== undefined) {
    await tx.query(sql('revise-event'), [
      shard,
      eventId,
      revision.title ?? null,
      revision.data === undefined ? null : JSON.stringify(revision.data),
    ])
  }
  const births = revision.effects.map(effect => ({ effect, tenant, under: { eventId } }))
  return { is: 'revised', effectIds: bearEffects(context, tx, births) }
}
