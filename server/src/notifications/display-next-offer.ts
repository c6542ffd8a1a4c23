// Puts the first in line on a free screen. Runs after every commit that may have freed it, and whenever somebody looks, so
// that a crash between the two leaves nobody waiting in front of an empty screen.

import { nextToDisplay } from '../core/offer-queue.ts'
import { endOffer } from './end-offer.ts'
import { type Offer, type OfferRow, offerOf } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** Only the agent of `of` counts: any of its offers will do. */
export async function arrangeScreen(
  parts: NotificationParts,
  of: Pick<Offer, 'shard' | 'tenant' | 'agentId'>,
): Promise<void> {
  const { shard, tenant, agentId } = of
  const now = await parts.engine.now(tenant)
  // Mostly there is nothing to do, and then nobody has to wait for a lock.
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
  if (shown === 'ended meanwhile') return arrangeScreen(parts, of)
  if (!shown?.autoAccept) return
  const result = { actionName: 'Accept', responseReason: 'AutoAccept' } as const
  await endOffer(parts, { offer: shown, result, by: 'the template' })
}
