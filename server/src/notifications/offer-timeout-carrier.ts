// Carrier of `notifications.timeout`: ends an offer whose time is up. A timer that was set when the offer went in line
// finds it on the screen later, with its full time before it: the timer then rings again (see offer-domain.ts).

import type { Carrier } from '../core/effects/carrier.ts'
import { DATABASE_ATTEMPTS, type Verdict } from '../core/effects/effect.ts'
import { whenTimerRings } from '../core/offer-queue.ts'
import { endOffer } from './end-offer.ts'
import { type OfferRow, offerOf, shardOfAgent, TIMER_EFFECT } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { offerEffectData } from './place-offer.ts'
import { sql } from './statements.ts'

const LOOKS = 5
const LOOK_AGAIN_MS = 100

export function timerCarrier(parts: NotificationParts): Carrier {
  return {
    kind: TIMER_EFFECT,
    slots: 16,
    maxAttempts: DATABASE_ATTEMPTS,
    touchesWorld: false,
    async run(effect): Promise<Verdict> {
      const { tenant } = effect
      const { offerId, agentId } = offerEffectData(effect.data)
      const shard = shardOfAgent(tenant, agentId)
      for (let look = 0; look < LOOKS; look++) {
        const [row] = await parts.db.query<OfferRow>(sql('offer'), [tenant, shard, offerId])
        if (!row) return { is: 'skipped', evidence: { offer: 'unknown' } }
        const offer = offerOf(row)
        const rings = whenTimerRings(offer, later(await parts.engine.now(tenant), effect.dueAt))
        if (!rings) return { is: 'skipped', evidence: { ...offer.result } }
        if ('againAt' in rings) {
          const againAt = rings.againAt.toISOString()
          return { is: 'skipped', evidence: { shown: 'with its full time' }, result: { againAt } }
        }
        const by = offer.autoAccept && rings.ends.actionName === 'Accept' ? 'the template' : 'the time limit'
        if (await endOffer(parts, { offer, result: rings.ends, by }))
          return { is: 'done', evidence: { ...rings.ends } }
      }
      return { is: 'retry', error: 'the offer kept changing', afterMs: LOOK_AGAIN_MS }
    },
  }
}

/** A timer that has fallen due is due, whatever was lost in rounding a clock to milliseconds. */
function later(a: Date, b: Date): Date {
  return a > b ? a : b
}
