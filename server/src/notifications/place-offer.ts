// Carrier of `notifications.offer`: puts an offer on its agent's screen or in line, and lets go. What it began ends from
// outside: by the agent, a timer, or a cancel. Since the start was committed before, an offer that a receipt calls
// prevented was never on a screen.

import type { Carrier } from '../core/effects/carrier.ts'
import {
  DATABASE_ATTEMPTS,
  type NewEffect,
  type StartedEffect,
  type Verdict,
} from '../core/effects/effect.ts'
import type { JsonObject } from '../core/json.ts'
import { type Place, placeFor } from '../core/offer-queue.ts'
import type { Tx } from '../store/database.ts'
import { arrangeScreen } from './display-next-offer.ts'
import { OFFER_EFFECT, type Offer, type OfferRow, offerOf, shardOfAgent, TIMER_EFFECT } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** What both effects of an offer carry. */
export type OfferEffectData = {
  readonly offerId: string
  readonly agentId: string
  readonly agentName: string
}

export function offerEffectData(data: JsonObject): OfferEffectData {
  return { offerId: String(data.offerId), agentId: String(data.agentId), agentName: String(data.agentName) }
}

/** Undoes the transaction: between look and lock the queue became another. */
class QueueChanged extends Error {
  override readonly name = 'QueueChanged'
}

const LOOKS = 5
const LOOK_AGAIN_MS = 100

export function offerCarrier(parts: NotificationParts): Carrier {
  return {
    kind: OFFER_EFFECT,
    // The lane is the agent: its offers are placed one after another, in the order of arrival.
    slots: 1,
    maxAttempts: DATABASE_ATTEMPTS,
    async run(effect) {
      for (let look = 0; look < LOOKS; look++) {
        const verdict = await tryToPlace(parts, effect)
        if (verdict) return verdict
      }
      return { is: 'retry', error: 'the queue kept changing', afterMs: LOOK_AGAIN_MS }
    },
  }
}

/** The timer of an offer; `due` counts on the tenant's clock. */
export function timerEffect(data: OfferEffectData, at: Date): NewEffect {
  return {
    kind: TIMER_EFFECT,
    title: `Time limit of the offer to ${data.agentName}`,
    due: { at },
    data: { ...data },
  }
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
  // Placed by another start, of a server of an earlier version that died before it could say so; or by this one, which then
  // heard nothing of its commit.
  if (offer.state !== 'arriving') return { is: 'waiting', evidence: { placed: offer.state } }

  const place = placeFor(offer, seen)
  const endsHere = place === 'refuse' || (place === 'display' && offer.autoAccept)
  try {
    await parts.db.transaction('notifications.place', async tx => {
      if (!endsHere) {
        await setTimer(parts, tx, { offer, place, data, now })
        // In this same commit: an offer that an agent may answer never goes back to pending, whoever dies. Of two starts, one
        // of which was lost, only the one that counts places it.
        const { id: effectId, startId } = effect
        const evidence = { placed: stateAt(place) }
        if (!(await parts.engine.letGo(tx, { effectId, startId, evidence }))) throw new QueueChanged()
      }
      await lockAgent(tx, offer)
      const open = (await tx.query<OfferRow>(sql('open-offers'), [shard, tenant, offer.agentId])).map(offerOf)
      if (placeFor(offer, open) !== place) throw new QueueChanged()
      const rows = endsHere
        ? await endAtOnce(tx, offer, place)
        : await put(tx, { offer, place, now, startId: effect.startId })
      if (rows.length === 0) throw new QueueChanged()
      tx.afterCommit(() => parts.hints.changed(tenant, offer.agentId))
    })
  } catch (error) {
    if (error instanceof QueueChanged) return null
    throw error
  }
  await arrangeScreen(parts, offer)
  if (endsHere) return ended(parts, offer)
  return { is: 'waiting', evidence: { placed: stateAt(place) } }
}

/** Locks the event, so that a cancel is wholly before or wholly after. One that came before leaves nothing to place. */
async function setTimer(
  parts: NotificationParts,
  tx: Tx,
  of: { offer: Offer; place: Place; data: OfferEffectData; now: Date },
): Promise<void> {
  const from = of.place === 'display' ? of.now : of.offer.arrivedAt
  const timer = timerEffect(of.data, new Date(from.getTime() + of.offer.timeoutMs))
  const { tenant, id: eventId } = of.offer
  const revised = await parts.engine.revise(tx, { tenant, eventId, effects: [timer] })
  if (revised.is !== 'revised') throw new QueueChanged()
}

async function lockAgent(tx: Tx, { shard, tenant, agentId }: Offer): Promise<void> {
  await tx.query(sql('know-agent'), [shard, tenant, agentId])
  await tx.query(sql('lock-agent'), [shard, tenant, agentId])
}

function stateAt(place: Place): 'displayed' | 'queued' {
  return place === 'display' ? 'displayed' : 'queued'
}

function put(tx: Tx, of: { offer: Offer; place: Place; now: Date; startId: string }) {
  const { shard, tenant, id } = of.offer
  const state = stateAt(of.place)
  const displayedAt = state === 'displayed' ? of.now : null
  return tx.query(sql('place-offer'), [shard, tenant, id, state, displayedAt, of.startId])
}

function endAtOnce(tx: Tx, { shard, tenant, id }: Offer, place: Place) {
  const end =
    place === 'refuse'
      ? ['Reject', 'NotificationQueueLimitExceeded', 'the full queue']
      : ['Accept', 'AutoAccept', 'the template']
  return tx.query(sql('end-offer'), [shard, tenant, id, ...end, ['arriving']])
}

/** What to say of an offer that has ended before it was placed, or by its placing. */
async function ended(parts: NotificationParts, of: Pick<Offer, 'shard' | 'tenant' | 'id'>): Promise<Verdict> {
  const [row] = await parts.db.query<OfferRow>(sql('offer'), [of.tenant, of.shard, of.id])
  if (row?.state !== 'ended') return { is: 'retry', error: 'the offer is not there yet' }
  const evidence = { actionName: row.action_name, responseReason: row.response_reason, by: row.ended_by }
  return row.action_name === 'Cancel' ? { is: 'stopped', evidence } : { is: 'done', evidence }
}
