// Calls off what a provider announced to an agent under one token: the verb behind cancelEvent. Everything that is open
// under the token goes, on the screen or in line; what has ended already stays as it ended, and the receipt says how. A
// token that nothing has come with yet is remembered for 30 s.

import type { Caller, Cancelled, CancelOutcome, Receipt } from '../core/cancellation.ts'
import { type AgentRef, tokenKey, tokenTarget } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'

/** How long a cancel that came first waits for its offer. */
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
  // Both refusals are about requests that name an event or carry a request key: ours does neither.
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
