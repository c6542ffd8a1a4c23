// Revise: replaces an event's pending effects in one commit. The old ones end superseded; what is running goes on.

import type { NewEffect } from '../../core/effects/effect.ts'
import { shardOfId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { type Context, gateOf, lockTenants } from '../context.ts'
import { sql } from '../statements.ts'
import { lockParents } from './announce.ts'
import { insertEffects } from './insert-effects.ts'

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
  // Two revises of one event must not both replace: the second is to see what the first has written. Hence the whole lock,
  // after gate and tenant.
  tx.send(sql('gates-shared'), [[gateOf(shardOfId(eventId))]])
  lockTenants(tx, [tenant])
  tx.send(sql('lock-events'), [[eventId]])
  const event = (await lockParents(tx, [eventId], { tenants: [] })).get(eventId)
  if (!event || event.tenant !== tenant) return { is: 'unknown' }
  if (event.cancellation_id !== null) return { is: 'cancelled', cancellationId: event.cancellation_id }
  tx.send(sql('supersede'), [context.clock(), eventId])
  if (revision.title !== undefined || revision.data !== undefined) {
    tx.send(sql('revise-event'), [
      eventId,
      revision.title ?? null,
      revision.data === undefined ? null : JSON.stringify(revision.data),
    ])
  }
  const rows = revision.effects.map(effect => ({
    effect,
    tenant,
    under: { eventId, eventKind: event.kind },
  }))
  return { is: 'revised', effectIds: insertEffects(context, tx, rows) }
}
