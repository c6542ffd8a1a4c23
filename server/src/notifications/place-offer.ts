// Carrier of `notifications.offer`: puts an offer on its agent's screen or into the queue, and detaches the effect. The effect
// then ends from outside: by the agent, a timer, or a cancel. Its start was committed before, so an offer that a receipt calls
// prevented was never on a screen.

import type { Carrier } from '../core/effects/carrier.ts'
import type { NewEffect, StartedEffect, Verdict } from '../core/effects/effect.ts'
import { notificationsTimeout } from '../core/effects/effect-builders.ts'
import {
  describeCarrier,
  EFFECT_KINDS,
  NOTIFICATIONS_OFFER,
  NOTIFICATIONS_TIMEOUT,
  type OfferTimeoutData,
} from '../core/effects/effect-kinds.ts'
import type { JsonObject } from '../core/json.ts'
import { type Slot, slotFor, timerOf } from '../core/offer-queue.ts'
import type { Tx } from '../store/database.ts'
import { displayNextOffer } from './display-next-offer.ts'
import { type Offer, type OfferRow, offerOf, shardOfAgent } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { retryOnConflict } from './retry-on-conflict.ts'
import { sql } from './statements.ts'

/** The data that both effects of an offer have, read from either. */
export function offerEffectData(data: JsonObject): OfferTimeoutData {
  return { offerId: String(data.offerId), agentId: String(data.agentId), agentName: String(data.agentName) }
}

/** Undoes the transaction: the queue changed between the look and the lock. */
class OfferQueueChanged extends Error {
  override readonly name = 'OfferQueueChanged'
}

export function offerCarrier(parts: NotificationParts): Carrier {
  return {
    ...describeCarrier(NOTIFICATIONS_OFFER),
    // The lane is the agent: its offers are placed one after another, in the order of arrival.
    slots: 1,
    run: effect => retryOnConflict('the queue kept changing', () => tryToPlace(parts, effect)),
  }
}

/** The timer of an offer; `due` counts on the tenant's clock. */
export function timerEffect(data: OfferTimeoutData, at: Date): NewEffect {
  return notificationsTimeout(data, {
    title: EFFECT_KINDS[NOTIFICATIONS_TIMEOUT].title(data.agentName),
    due: { at },
  })
}

async function tryToPlace(parts: NotificationParts, effect: StartedEffect): Promise<Verdict | null> {
  const { tenant } = effect
  const data = offerEffectData(effect.data)
  const shard = shardOfAgent(tenant, data.agentId)
  const now = await parts.engine.now(tenant)
  const seen = (await parts.db.query<OfferRow>(sql('open-offers'), [shard, tenant, data.agentId])).map(
    offerOf,
  )
  const offer = seen.find(each => each.id === data.offerId)
  if (!offer) return ended(parts, { shard, tenant, id: data.offerId })
  // It was placed before: by another start, in a server of an earlier version that died before it could report that, or by this
  // start, which got no answer to its commit.
  if (offer.state !== 'arriving') return { is: 'waiting', evidence: { placed: offer.state } }

  const slot = slotFor(offer, seen)
  const endsHere = slot === 'refuse' || (slot === 'display' && offer.autoAccept)
  try {
    await parts.db.transaction('notifications.place', async tx => {
      if (!endsHere) {
        await setTimer(parts, tx, { offer, slot, data, now })
        // In the same commit, so that an offer that an agent may answer never goes back to pending, whichever process dies. If there
        // are two starts, because one was lost, only the current one places the offer.
        const { id: effectId, startId } = effect
        const evidence = { placed: stateAt(slot) }
        if (!(await parts.engine.detachEffect(tx, { effectId, startId, evidence })))
          throw new OfferQueueChanged()
      }
      await lockAgent(tx, offer)
      const open = (await tx.query<OfferRow>(sql('open-offers'), [shard, tenant, offer.agentId])).map(offerOf)
      if (slotFor(offer, open) !== slot) throw new OfferQueueChanged()
      const rows = endsHere
        ? await endAtOnce(tx, offer, slot)
        : await put(tx, { offer, slot, now, startId: effect.startId })
      if (rows.length === 0) throw new OfferQueueChanged()
      tx.afterCommit(() => parts.hints.changed(tenant, offer.agentId))
    })
  } catch (error) {
    if (error instanceof OfferQueueChanged) return null
    throw error
  }
  await displayNextOffer(parts, offer)
  if (endsHere) return ended(parts, offer)
  return { is: 'waiting', evidence: { placed: stateAt(slot) } }
}

/** Locks the event, so that a cancel is completely before or completely after this. After a cancel there is nothing to place. */
async function setTimer(
  parts: NotificationParts,
  tx: Tx,
  of: { offer: Offer; slot: Slot; data: OfferTimeoutData; now: Date },
): Promise<void> {
  const at = timerOf(of.offer, of.slot, of.now)
  const { tenant, id: eventId } = of.offer
  const effects = at ? [timerEffect(of.data, at)] : []
  const revised = await parts.engine.revise(tx, { tenant, eventId, effects })
  if (revised.is !== 'revised') throw new OfferQueueChanged()
}

async function lockAgent(tx: Tx, { shard, tenant, agentId }: Offer): Promise<void> {
  await tx.query(sql('know-agent'), [shard, tenant, agentId])
  await tx.query(sql('lock-agent'), [shard, tenant, agentId])
}

function stateAt(slot: Slot): 'displayed' | 'queued' {
  return slot === 'display' ? 'displayed' : 'queued'
}

function put(tx: Tx, of: { offer: Offer; slot: Slot; now: Date; startId: string }) {
  const { shard, tenant, id } = of.offer
  const state = stateAt(of.slot)
  const displayedAt = state === 'displayed' ? of.now : null
  return tx.query(sql('place-offer'), [shard, tenant, id, state, displayedAt, of.startId])
}

function endAtOnce(tx: Tx, { shard, tenant, id }: Offer, slot: Slot) {
  const end =
    slot === 'refuse'
      ? ['Reject', 'NotificationQueueLimitExceeded', 'the full queue']
      : ['Accept', 'AutoAccept', 'the template']
  return tx.query(sql('end-offer'), [shard, tenant, id, ...end, ['arriving']])
}

/** The verdict about an offer that ended before it was placed, or when it was placed. */
async function ended(parts: NotificationParts, of: Pick<Offer, 'shard' | 'tenant' | 'id'>): Promise<Verdict> {
  const [row] = await parts.db.query<OfferRow>(sql('offer'), [of.tenant, of.shard, of.id])
  if (row?.state !== 'ended') return { is: 'retry', error: 'the offer is not there yet' }
  const evidence = { actionName: row.action_name, responseReason: row.response_reason, by: row.ended_by }
  return row.action_name === 'Cancel' ? { is: 'stopped', evidence } : { is: 'done', evidence }
}
