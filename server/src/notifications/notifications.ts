// The face of the notifications room: its verbs, bound to what they work with. This room knows offers to
// agents, their queue, templates and channels. It must not know the browser's messages, and it must not end
// an offer in a way of its own: an offer is an effect of the engine.

import { coalesce } from '../core/coalesce.ts'
import type { Tx } from '../store/database.ts'
import { type Answer, answerOffer } from './answer-offer.ts'
import {
  type CancelForProvider,
  cancelForProvider,
  type HolderQuery,
  receiptsForProvider,
  tokenHolders,
} from './cancel-for-provider.ts'
import { type CancelOffers, cancelOffers, receiptsOfToken } from './cancel-offers.ts'
import { fillCard, type NotifyRequest, notifyAgent } from './notify-agent.ts'
import type { AgentRef } from './offer.ts'
import { offerDomain } from './offer-domain.ts'
import type { NotificationParts } from './offer-engine.ts'
import { timerCarrier } from './offer-timeout-carrier.ts'
import { offerCarrier } from './place-offer.ts'
import { agentScreen, openOffers, readOffer } from './read-offers.ts'
import { ScreenHints } from './screen-hints.ts'
import {
  type ApplyNotificationWorkspace,
  applyNotificationWorkspace,
  channelOfApp,
  channelsOf,
} from './workspace.ts'

export type NotificationNeeds = Omit<NotificationParts, 'hints'>
export type Notifications = ReturnType<typeof createNotifications>

type ByToken = { readonly agent: AgentRef; readonly channel: string; readonly token: string }

export function createNotifications(needs: NotificationNeeds) {
  const hints = new ScreenHints(needs.db)
  const parts: NotificationParts = { ...needs, hints }
  const turns = needs.engine.tenantQueue('offer')
  return {
    notifyAgent: (request: NotifyRequest) => notifyAgent({ ...parts, turns }, request),
    /** Fills the card as `notifyAgent` does, and throws the same faults. */
    fillCard: (tenant: string, of: Parameters<typeof fillCard>[2]) => fillCard(parts, tenant, of),
    answerOffer: (agent: AgentRef, offerId: string, answer: Answer) =>
      answerOffer(parts, agent, { offerId, answer }),
    cancelOffers: (request: CancelOffers) => cancelOffers(parts, request),
    receiptsOfToken: (of: ByToken) => receiptsOfToken(parts, of),
    cancelForProvider: (request: CancelForProvider) => cancelForProvider(parts, request),
    receiptsForProvider: (of: Parameters<typeof receiptsForProvider>[1]) => receiptsForProvider(parts, of),
    tokenHolders: (tenant: string, of: HolderQuery) => tokenHolders(parts, tenant, of),
    channelOfApp: (tenant: string, app: string, channel: string) =>
      channelOfApp(parts, { tenant, app, channel }),
    openOffers: (of: ByToken) => openOffers(parts, of),
    readOffer: (agent: AgentRef, offerId: string) => readOffer(parts, agent, offerId),
    /** All windows of an agent get a change at the same time, so they read together. */
    agentScreen: coalesce(
      ({ tenant, agentId }: AgentRef) => `${tenant}\n${agentId}`,
      agent => agentScreen(parts, agent),
    ),
    /** Calls `heard` after every change of the agent's screen, sometimes without a change. The result stops it. */
    onScreenChange: (agent: AgentRef, heard: () => void) =>
      hints.onChange(agent.tenant, agent.agentId, heard),
    channelsOf: (agent: AgentRef & { readonly upn: string | null }) => channelsOf(parts, agent),
    applyWorkspace: (tx: Tx, workspace: ApplyNotificationWorkspace) =>
      applyNotificationWorkspace(parts, tx, workspace),
    domain: offerDomain(parts),
    carriers: [offerCarrier(parts), timerCarrier(parts)],
    /** Calls `ended` when `stop` is called. */
    onStop: (ended: () => void) => hints.onStop(ended),
    /**
     * Ends the pages' streams and lets go of the connection that listens for other processes: before the HTTP server is
     * closed, which waits for its connections. May be called twice.
     */
    stop: () => hints.stop(),
  }
}
