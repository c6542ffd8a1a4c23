// The agent accepts or rejects the offer on the screen. If a cancel was committed before, the answer gets OFFER_GONE.

import type { OfferResult } from '../core/offer-queue.ts'
import { endOffer } from './end-offer.ts'
import { notificationFaults } from './faults.ts'
import { type AgentRef, type Offer, type OfferRow, offerOf, shardOfAgent } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

export type Answer = 'accept' | 'reject'

const RESULT: { readonly [answer in Answer]: OfferResult } = {
  accept: { actionName: 'Accept', responseReason: 'Accept' },
  reject: { actionName: 'Reject', responseReason: 'DeclinedByAgent' },
}

/**
 * Throws OFFER_UNKNOWN, OFFER_NOT_SHOWN for one that is still in the queue, and OFFER_GONE for one that has ended. The same
 * answer given twice (another tab, a repeated request) is the same answer.
 */
export async function answerOffer(
  parts: NotificationParts,
  agent: AgentRef,
  { offerId, answer }: { readonly offerId: string; readonly answer: Answer },
): Promise<Offer> {
  const wanted = RESULT[answer]
  const shard = shardOfAgent(agent.tenant, agent.agentId)
  for (;;) {
    const [row] = await parts.db.query<OfferRow>(sql('offer'), [agent.tenant, shard, offerId])
    if (!row || row.agent_id !== agent.agentId) throw notificationFaults.OFFER_UNKNOWN()
    const offer = offerOf(row)
    if (offer.result) {
      if (offer.result.responseReason === wanted.responseReason) return offer
      throw notificationFaults.OFFER_GONE({ ...offer.result })
    }
    if (offer.state !== 'displayed') throw notificationFaults.OFFER_NOT_SHOWN({ waiting: 'others come' })
    const ended = await endOffer(parts, { offer, result: wanted, by: agent.agentName })
    if (ended) return ended
  }
}
