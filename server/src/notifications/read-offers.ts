// What an agent's pages read: the offer on the screen, how many wait, and how the offers that they announced have ended.

import type { OfferState } from '../core/offer-queue.ts'
import { deadlineOf } from '../core/offer-queue.ts'
import { displayNextOffer } from './display-next-offer.ts'
import { type AgentRef, type Offer, type OfferRow, offerOf, shardOfAgent } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** Ended offers stay in the list so long, for pages that were away for a moment. Later they can be read one by one. */
const ENDED_SECONDS = 120
const MAX_ENDED = 50

export type AgentScreen = {
  /** The tenant's clock, by which `deadline` counts. */
  readonly now: Date
  readonly displayed: { readonly offer: Offer; readonly deadline: Date | null } | null
  /** How many wait behind it. */
  readonly waiting: number
  /** All that are open, the displayed one included. */
  readonly open: readonly Offer[]
  /** What ended in the last two minutes, newest first. */
  readonly ended: readonly Offer[]
}

export async function agentScreen(
  parts: NotificationParts,
  { tenant, agentId }: AgentRef,
): Promise<AgentScreen> {
  const shard = shardOfAgent(tenant, agentId)
  await displayNextOffer(parts, { shard, tenant, agentId })
  const now = await parts.engine.now(tenant)
  // Open offers are read first, so an offer that ends between the two reads is seen twice rather than not at all.
  const open = (await parts.db.query<OfferRow>(sql('open-offers'), [shard, tenant, agentId])).map(offerOf)
  const rows = await parts.db.query<OfferRow>(sql('ended-offers'), [
    shard,
    tenant,
    agentId,
    ENDED_SECONDS,
    MAX_ENDED,
  ])
  const ended = rows.map(offerOf)
  const shown = open.find(offer => offer.state === 'displayed')
  const waits: readonly OfferState[] = ['queued', 'arriving']
  return {
    now,
    displayed: shown ? { offer: shown, deadline: deadlineOf(shown) } : null,
    waiting: open.filter(offer => waits.includes(offer.state)).length,
    open,
    ended,
  }
}

/** Null when the agent has no such offer. */
export async function readOffer(
  parts: NotificationParts,
  agent: AgentRef,
  offerId: string,
): Promise<Offer | null> {
  const shard = shardOfAgent(agent.tenant, agent.agentId)
  const [row] = await parts.db.query<OfferRow>(sql('offer'), [agent.tenant, shard, offerId])
  return row && row.agent_id === agent.agentId ? offerOf(row) : null
}

/** The open offers under a token: for a provider's page that was reloaded and lost its promises. */
export async function openOffers(
  parts: NotificationParts,
  { agent, channel, token }: { agent: AgentRef; channel: string; token: string },
): Promise<readonly Offer[]> {
  const shard = shardOfAgent(agent.tenant, agent.agentId)
  const values = [shard, agent.tenant, agent.agentId, channel, [token]]
  return (await parts.db.query<OfferRow>(sql('open-by-token'), values)).map(offerOf)
}
