// Carrier of `notifications.timeout`: ends an offer whose time is up. A timer that was set when the offer was queued may fall
// due when the offer is on the screen, with its full time still to come: it is then set again (see offer-domain.ts).

import type { Carrier } from '../core/effects/carrier.ts'
import type { StartedEffect, Verdict } from '../core/effects/effect.ts'
import { describeCarrier, NOTIFICATIONS_TIMEOUT } from '../core/effects/effect-kinds.ts'
import { whenTimerRings } from '../core/offer-queue.ts'
import { displayNextOffer } from './display-next-offer.ts'
import { endOffer } from './end-offer.ts'
import { type OfferRow, offerOf, shardOfAgent } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { offerEffectData } from './place-offer.ts'
import { retryOnConflict } from './retry-on-conflict.ts'
import { sql } from './statements.ts'

export function timerCarrier(parts: NotificationParts): Carrier {
  return {
    ...describeCarrier(NOTIFICATIONS_TIMEOUT),
    slots: 16,
    run: effect => retryOnConflict('the offer kept changing', () => tryToEnd(parts, effect)),
  }
}

async function tryToEnd(parts: NotificationParts, effect: StartedEffect): Promise<Verdict | null> {
  const { tenant } = effect
  const { offerId, agentId } = offerEffectData(effect.data)
  const shard = shardOfAgent(tenant, agentId)
  const [row] = await parts.db.query<OfferRow>(sql('offer'), [tenant, shard, offerId])
  if (!row) return { is: 'skipped', evidence: { offer: 'unknown' } }
  const offer = offerOf(row)
  const rings = whenTimerRings(offer, later(await parts.engine.now(tenant), effect.dueAt))
  if (!rings) return { is: 'skipped', evidence: { ...offer.result } }
  if ('againAt' in rings) {
    // A crash may have left the screen free before it, and nobody may be looking.
    await displayNextOffer(parts, offer)
    const againAt = rings.againAt.toISOString()
    return { is: 'skipped', evidence: { shown: 'with its full time' }, result: { againAt } }
  }
  const by = offer.autoAccept && rings.ends.actionName === 'Accept' ? 'the template' : 'the time limit'
  const ended = await endOffer(parts, { offer, result: rings.ends, by })
  return ended && { is: 'done', evidence: { ...rings.ends } }
}

/** A timer has fallen due, so the time is at least its due time, even if the clock was rounded down to milliseconds. */
function later(a: Date, b: Date): Date {
  return a > b ? a : b
}
