// Calls off what a provider announced to an agent under one token: the function behind cancelEvent. Every open offer
// with the token is withdrawn, on the screen or in the queue. An offer that has ended stays as it ended, and the receipt says
// how. A token that no offer had yet is remembered for 30 s.

import type { Caller, Cancelled, CancelOutcome, Receipt } from '../core/cancellation.ts'
import { type AgentRef, tokenKey, tokenTarget } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'

/** How long a cancel that comes before its offer is kept. */
export const EARLY_CANCEL_MS = 30_000

export type CancelOffers = {
  readonly agent: AgentRef
  readonly channel: string
  readonly token: string
  readonly correlationId: string | null
  readonly by: Caller
}

export async function cancelOffers(parts: NotificationParts, request: CancelOffers): Promise<Cancelled> {
  const { agent, channel, token } = request
  const outcome: CancelOutcome = await parts.engine.cancel({
    tenant: agent.tenant,
    target: tokenTarget(channel, agent.agentId, token),
    by: request.by,
    correlationId: request.correlationId,
    early: { ttlMs: EARLY_CANCEL_MS },
  })
  // Both refusals concern requests that name an event or have a request key. This request has neither.
  if ('refused' in outcome) throw new Error(`cancel by token was refused: ${outcome.refused}`)
  return outcome
}

/** Receipts of cancels of a token, newest first. */
export function receiptsOfToken(
  parts: NotificationParts,
  { agent, channel, token }: { agent: AgentRef; channel: string; token: string },
): Promise<readonly Receipt[]> {
  return parts.engine.findReceipts(agent.tenant, {
    keys: [tokenKey(channel, agent.agentId, token)],
    limit: 20,
  })
}
