// Puts the first offer of the queue on a free screen. It runs after every commit that may have freed the screen, and whenever
// somebody looks at it. So after a crash between commit and display no offer waits while the screen is empty.

import { nextToDisplay } from '../core/offer-queue.ts'
import { endOffer } from './end-offer.ts'
import { type Offer, type OfferRow, offerOf } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** `of`: any offer of the agent; it only identifies the agent. */
export async function displayNextOffer(
  parts: NotificationParts,
  of: Pick<Offer, 'shard' | 'tenant' | 'agentId'>,
): Promise<void> {
  const { shard, tenant, agentId } = of
  const now = await parts.engine.now(tenant)
  // Usually there is nothing to do. Reading first without a lock means that usually nobody waits for one.
  const seen = await parts.db.query<OfferRow>(sql('open-offers'), [shard, tenant, agentId])
  if (!nextToDisplay(seen.map(offerOf), now)) return

  const shown = await parts.db.transaction('notifications.arrange', async tx => {
    await tx.query(sql('lock-agent'), [shard, tenant, agentId])
    const open = await tx.query<OfferRow>(sql('open-offers'), [shard, tenant, agentId])
    const next = nextToDisplay(open.map(offerOf), now)
    if (!next) return null
    const [row] = await tx.query<OfferRow>(sql('display-offer'), [shard, tenant, next.id, now])
    tx.afterCommit(() => parts.hints.changed(tenant, agentId))
    return row ? offerOf(row) : 'ended meanwhile'
  })
  if (shown === 'ended meanwhile') return displayNextOffer(parts, of)
  if (!shown?.autoAccept) return
  const result = { actionName: 'Accept', responseReason: 'AutoAccept' } as const
  await endOffer(parts, { offer: shown, result, by: 'the template' })
}
