// The rules of an agent's queue of offers, without any I/O: who is on the screen, who waits, who is turned away, and what
// a timer means when it rings.
//
//   raised --> arriving --place--> displayed -----------> ended: Accept | Reject/DeclinedByAgent | Timeout/DisplayTimeout
//                 |        |          ^  (agent, timer)
//                 |        v          | screen is free, first in line
//                 |      queued ------+
//                 |        |  timer ---------------------> ended: Reject/NotificationQueueTimeLimitExceeded
//                 |  full at its arrival ----------------> ended: Reject/NotificationQueueLimitExceeded
//                 +-- cancel, from any of the three -----> ended: Cancel/Cancelled
//
// Order is arrival: a number given when the offer was raised, never a clock.

/** How many may wait behind the one that is displayed (the documentation's "ten notifications in the queue"). */
export const QUEUE_LIMIT = 10

/** How long a later offer stands back for an earlier one that is still on its way to the screen. */
export const ARRIVING_GRACE_MS = 2000

export type OfferState = 'arriving' | 'queued' | 'displayed' | 'ended'

export type OfferResult =
  | { readonly actionName: 'Accept'; readonly responseReason: 'Accept' | 'AutoAccept' }
  | {
      readonly actionName: 'Reject'
      readonly responseReason:
        | 'DeclinedByAgent'
        | 'NotificationQueueLimitExceeded'
        | 'NotificationQueueTimeLimitExceeded'
    }
  | { readonly actionName: 'Timeout'; readonly responseReason: 'DisplayTimeout' }
  | { readonly actionName: 'Cancel'; readonly responseReason: 'Cancelled' }

/** What the rules need of an offer. */
export type QueuedOffer = {
  readonly id: string
  readonly state: OfferState
  /** Order of arrival at all agents; only its order counts. */
  readonly arrival: number
  readonly arrivedAt: Date
  readonly displayedAt: Date | null
  /** The template's timeout: from arrival while it waits, from display once it is shown. */
  readonly timeoutMs: number
  readonly autoAccept: boolean
}

/** Where an arriving offer goes: on the screen, in line, or away because the line was full when it arrived. */
export type Place = 'display' | 'queue' | 'refuse'

/** `open`: the agent's offers that have not ended, this one included or not. */
export function placeFor(offer: QueuedOffer, open: readonly QueuedOffer[]): Place {
  const before = open.filter(other => other.state !== 'ended' && other.arrival < offer.arrival).length
  if (before > QUEUE_LIMIT) return 'refuse'
  const taken = open.some(other => other.state === 'displayed')
  return before === 0 && !taken ? 'display' : 'queue'
}

/** The offer to put on a free screen: the first in line. Null: the screen is taken, or nobody is ready. */
export function nextToDisplay(open: readonly QueuedOffer[], now: Date): QueuedOffer | null {
  let first: QueuedOffer | null = null
  for (const offer of open) {
    if (offer.state === 'displayed') return null
    if (offer.state === 'ended') continue
    const stale = now.getTime() - offer.arrivedAt.getTime() >= ARRIVING_GRACE_MS
    if (offer.state === 'arriving' && stale) continue
    if (!first || offer.arrival < first.arrival) first = offer
  }
  return first?.state === 'queued' ? first : null
}

/** When the offer's time is up: the display's once it is shown, else the queue's. */
export function deadlineOf(offer: QueuedOffer): Date {
  return new Date((offer.displayedAt ?? offer.arrivedAt).getTime() + offer.timeoutMs)
}

/** What a timer that rings at `now` means: how the offer ends, when to ring again, or null for one that has ended. */
export function whenTimerRings(
  offer: QueuedOffer,
  now: Date,
): { readonly ends: OfferResult } | { readonly againAt: Date } | null {
  if (offer.state === 'ended') return null
  if (deadlineOf(offer) > now) return { againAt: deadlineOf(offer) }
  if (offer.state !== 'displayed')
    return { ends: { actionName: 'Reject', responseReason: 'NotificationQueueTimeLimitExceeded' } }
  // A template that accepts by itself never lets a displayed offer run out, even if the acceptance was lost in a crash.
  if (offer.autoAccept) return { ends: { actionName: 'Accept', responseReason: 'AutoAccept' } }
  return { ends: { actionName: 'Timeout', responseReason: 'DisplayTimeout' } }
}
