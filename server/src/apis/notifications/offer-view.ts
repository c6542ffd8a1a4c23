// Converts the domain's values to the shapes that are sent to browsers.

import type { OfferView, ScreenView } from '../../../../wire/src/agent-screen.ts'
import { deadlineOf } from '../../core/offer-queue.ts'
import type { Offer } from '../../notifications/offer.ts'
import type { AgentScreen } from '../../notifications/read-offers.ts'
import { offerCard } from './offer-card.ts'

export function offerView(offer: Offer): OfferView {
  return {
    id: offer.id,
    channel: offer.channel,
    cancellationTokens: offer.tokens,
    correlationId: offer.correlationId,
    templateName: offer.template,
    title: offer.card.title,
    state: offer.state,
    arrivedAt: offer.arrivedAt.toISOString(),
    displayedAt: offer.displayedAt?.toISOString() ?? null,
    deadline: offer.state === 'ended' ? null : (deadlineOf(offer)?.toISOString() ?? null),
    result: offer.result,
    endedBy: offer.endedBy,
  }
}

export function screenView(screen: AgentScreen): ScreenView {
  return {
    now: screen.now.toISOString(),
    displayed: screen.displayed && offerView(screen.displayed.offer),
    card: screen.displayed && offerCard(screen.displayed.offer).toString(),
    waiting: screen.waiting,
    openIds: screen.open.map(offer => offer.id),
    ended: screen.ended.map(offerView),
  }
}
