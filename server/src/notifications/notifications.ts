// The room's verbs, bound to what they work with.

import { coalesce } from '../core/coalesce.ts'
import { type Answer, answerOffer } from './answer-offer.ts'
import {
  type CancelForProvider,
  cancelForProvider,
  type HoldersOf,
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
  applyNotificationWorkspace,
  channelOfApp,
  channelsOf,
  currentNotificationWorkspace,
} from './workspace.ts'

export type NotificationNeeds = Omit<NotificationParts, 'hints'>
export type Notifications = ReturnType<typeof createNotifications>

type ByToken = { readonly agent: AgentRef; readonly channel: string; readonly token: string }

export function createNotifications(needs: NotificationNeeds) {
  const hints = new ScreenHints(needs.db)
  const parts: NotificationParts = { ...needs, hints }
  const turns = needs.engine.turns('offer')
  return {
    notifyAgent: (request: NotifyRequest) => notifyAgent({ ...parts, turns }, request),
    /** As `notifyAgent` would fill it: throws what that would throw. */
    fillCard: (tenant: string, of: Parameters<typeof fillCard>[2]) => fillCard(parts, tenant, of),
    answerOffer: (agent: AgentRef, offerId: string, answer: Answer) =>
      answerOffer(parts, agent, { offerId, answer }),
    cancelOffers: (request: CancelOffers) => cancelOffers(parts, request),
    receiptsOfToken: (of: ByToken) => receiptsOfToken(parts, of),
    cancelForProvider: (request: CancelForProvider) => cancelForProvider(parts, request),
    receiptsForProvider: (of: Parameters<typeof receiptsForProvider>[1]) => receiptsForProvider(parts, of),
    tokenHolders: (tenant: string, of: HoldersOf) => tokenHolders(parts, tenant, of),
    channelOfApp: (tenant: string, app: string, channel: string) =>
      channelOfApp(parts, { tenant, app, channel }),
    openOffers: (of: ByToken) => openOffers(parts, of),
    readOffer: (agent: AgentRef, offerId: string) => readOffer(parts, agent, offerId),
    /** All windows of an agent are told of a change at once: they look together. */
    agentScreen: coalesce(
      ({ tenant, agentId }: AgentRef) => `${tenant}\n${agentId}`,
      agent => agentScreen(parts, agent),
    ),
    /** Calls `heard` after every change of the agent's screen, at times once too often. The answer stops it. */
    onScreenChange: (agent: AgentRef, heard: () => void) =>
      hints.onChange(agent.tenant, agent.agentId, heard),
    channelsOf: (agent: AgentRef & { readonly upn: string | null }) => channelsOf(parts, agent),
    applyWorkspace: applyNotificationWorkspace,
    currentWorkspace: (tenant: string) => currentNotificationWorkspace(parts, tenant),
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
