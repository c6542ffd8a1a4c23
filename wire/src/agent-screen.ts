// Shapes of the calls between the agent desktop's page and the server.

export type OfferOutcome = {
  readonly actionName: 'Accept' | 'Reject' | 'Timeout' | 'Cancel'
  readonly responseReason: string
}

/** An offer to an agent. Times are RFC 3339, on the tenant's clock. */
export type OfferView = {
  readonly id: string
  readonly channel: string
  readonly cancellationTokens: readonly string[]
  readonly correlationId: string | null
  readonly templateName: string
  readonly title: string
  readonly state: 'arriving' | 'queued' | 'displayed' | 'ended'
  readonly arrivedAt: string
  readonly displayedAt: string | null
  /** When its time is up in its present state; null once it has ended, and where its template has no timeout. */
  readonly deadline: string | null
  readonly result: OfferOutcome | null
  /** Who or what ended it, for people. */
  readonly endedBy: string | null
  /** In the answer to the call that raised it: sentences that say what of the request was not used. */
  readonly notes?: readonly string[]
}

/** The agent's screen. Each event of the stream carries all of it. */
export type ScreenView = {
  /** The tenant's clock when this was made. */
  readonly now: string
  readonly displayed: OfferView | null
  /** The HTML of the displayed offer, made and escaped on the server. */
  readonly card: string | null
  readonly waiting: number
  readonly openIds: readonly string[]
  /** Offers that ended in the last two minutes, newest first. */
  readonly ended: readonly OfferView[]
}

export type RaiseOffer = {
  readonly channel: string
  readonly templateName: string
  readonly templateParameters?: unknown
  readonly cancellationTokens?: readonly string[]
  readonly correlationId?: string | null
  /** A random name that the page made when it was opened. It tells a second tab from the same call of one page that comes again. */
  readonly page?: string | null
  /** The parent of the offer: an event's id, as any of the APIs spells it. */
  readonly parent?: { readonly id: string; readonly link?: 'cancel' | 'keep' } | null
}

export type CancelOffer = {
  readonly channel: string
  readonly cancellationToken: string
  readonly correlationId?: string | null
  /** For a provider's server: userPrincipalName or id. Left out: every agent who has an offer with the token. */
  readonly agent?: string
}

export type CancelledOffer = {
  readonly cancellationToken: string
  readonly receiptId: string
  /** The result; see CameTo in cancellation.ts. */
  readonly is: 'cancelled' | 'repeated' | 'over' | 'waiting' | 'nothing'
  /** For a provider's server: the agent whose offers they were. */
  readonly agent?: string
}

/** The offers of several agents, each with a receipt of its own; or of none. */
export type CancelledOffers = {
  readonly cancellationToken: string
  readonly receipts: readonly CancelledOffer[]
  readonly is: CancelledOffer['is']
}
