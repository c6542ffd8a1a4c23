// The hooks that this room gives to the engine: taking cancelled offers from the screens, in the transaction of the cancel, and
// setting a timer again.

import type { NewEffect } from '../core/effects/effect.ts'
import { NOTIFICATIONS_OFFER, NOTIFICATIONS_TIMEOUT } from '../core/effects/effect-kinds.ts'
import { shardOfEntity } from '../core/ids.ts'
import { ownInstant } from '../core/instant.ts'
import type { CancelledEvent, Domain, Settled } from '../engine/domain.ts'
import type { Tx } from '../store/database.ts'
import { displayNextOffer } from './display-next-offer.ts'
import { OFFER_EVENT, type OfferRow, offerOf, shardOfAgent } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { offerEffectData, timerEffect } from './place-offer.ts'
import { sql } from './statements.ts'

export function offerDomain(parts: NotificationParts): Domain {
  return {
    eventKind: OFFER_EVENT,
    wantsSettled: kind => kind === NOTIFICATIONS_TIMEOUT || kind === NOTIFICATIONS_OFFER,
    async settled(tx, settled) {
      await endUnplaced(tx, settled)
      return new Map(settled.flatMap(one => again(one)))
    },
    async cancelled(tx, events) {
      await withdraw(parts, tx, events)
      // A cancelled offer has no notice. It is only taken from the screen.
      return new Map<string, readonly NewEffect[]>()
    },
    async swept(tx, { events }) {
      if (events.length === 0) return
      await tx.query(sql('drop-offers'), [
        // The entity of the event is the agent, so the offer is in the agent's shard.
        events.map(({ tenant, entity }) => shardOfEntity(tenant, entity)),
        events.map(({ tenant }) => tenant),
        events.map(({ id }) => id),
      ])
    },
  }
}

/** An offer that could not be placed after all attempts is ended, so that its caller does not wait for ever. */
async function endUnplaced(tx: Tx, settled: readonly Settled[]): Promise<void> {
  for (const { effect, ending } of settled) {
    if (effect.kind !== NOTIFICATIONS_OFFER || ending !== 'dead') continue
    const { offerId, agentId } = offerEffectData(effect.data)
    const end = [
      'Reject',
      'NotificationQueueTimeLimitExceeded',
      'a fault: it could not be shown',
      ['arriving'],
    ]
    await tx.query(sql('end-offer'), [shardOfAgent(effect.tenant, agentId), effect.tenant, offerId, ...end])
  }
}

function again({ effect, result }: Settled): [string, { effects: NewEffect[] }][] {
  if (typeof result?.againAt !== 'string') return []
  return [[effect.id, { effects: [timerEffect(offerEffectData(effect.data), ownInstant(result.againAt))] }]]
}

/**
 * The engine has locked and marked the events; the rows follow in id order. An offer whose start was committed is stopped
 * here and now: from this commit on no page shows it, and an answer that comes later finds it gone.
 */
async function withdraw(parts: NotificationParts, tx: Tx, events: readonly CancelledEvent[]): Promise<void> {
  const of = events.map(({ event, request }) => ({
    shard: shardOfAgent(event.tenant, String(event.data.agentId)),
    tenant: event.tenant,
    id: event.id,
    by: request.by.name,
  }))
  const columns = [of.map(o => o.shard), of.map(o => o.tenant), of.map(o => o.id)]
  const offers = (await tx.query<OfferRow>(sql('lock-offers'), columns)).map(offerOf)
  await tx.query(sql('withdraw-offers'), [...columns, of.map(o => o.by)])

  const byId = new Map(offers.map(offer => [offer.id, offer]))
  const ends = events.flatMap(({ event, effects }) => {
    const offer = byId.get(event.id)
    // It ended by itself at the same time (refused, or accepted by its template), and its carrier is about to report that.
    if (!offer) return []
    const evidence = { shown: offer.state === 'displayed', was: offer.state }
    return effects
      .filter(effect => effect.kind === NOTIFICATIONS_OFFER && effect.outcome === 'stopping')
      .map(effect => ({
        tenant: event.tenant,
        effectId: effect.id,
        verdict: { is: 'stopped', evidence } as const,
      }))
  })
  if (ends.length > 0) await parts.engine.end(tx, ends)

  const agents = new Map(offers.map(offer => [`${offer.tenant}\n${offer.agentId}`, offer]))
  tx.afterCommit(() => {
    for (const offer of agents.values()) {
      parts.hints.changed(offer.tenant, offer.agentId)
      // If this fails, the next read of the screen displays the next offer too.
      displayNextOffer(parts, offer).catch(() => {})
    }
  })
}
