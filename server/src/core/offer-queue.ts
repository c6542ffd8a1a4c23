// The rules of an agent's queue of offers, without any I/O: which offer is on the screen, which waits, which is refused, and
// what happens when a timer fires.
//
//   raised --> arriving --place--> displayed -----------> ended: Accept | Reject/DeclinedByAgent | Timeout/DisplayTimeout
//                 |        |          ^  (agent, timer)
//                 |        v          | screen is free, first in line
//                 |      queued ------+
//                 |        |  timer ---------------------> ended: Reject/NotificationQueueTimeLimitExceeded
//                 |  full at its arrival ----------------> ended: Reject/NotificationQueueLimitExceeded
//                 +-- cancel, from any of the three -----> ended: Cancel/Cancelled
//
// Offers are ordered by arrival: a number that an offer gets when it is raised, never a clock.

/** How many may wait behind the one that is displayed (the documentation's "ten notifications in the queue"). */
export const QUEUE_LIMIT = 10

/** How long a later offer waits for an earlier one that is still on its way to the screen. */
export const ARRIVING_GRACE_MS = 2000

/** How often an offer is looked at that accepts by itself and has no timeout. */
const LOOK_AGAIN_MS = 60_000

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

/** The part of an offer that the rules need. */
export type QueuedOffer = {
  readonly id: string
  readonly state: OfferState
  /** Order of arrival at all agents; only its order counts. */
  readonly arrival: number
  readonly arrivedAt: Date
  readonly displayedAt: Date | null
  /** The template's timeout: from arrival while it waits, from display once it is shown. 0: none. */
  readonly timeoutMs: number
  readonly autoAccept: boolean
}

/** What happens to an arriving offer: on the screen, into the queue, or refused because the queue was full when it arrived. */
export type Slot = 'display' | 'queue' | 'refuse'

/** `open`: the agent's offers that have not ended, this one included or not. */
export function slotFor(offer: QueuedOffer, open: readonly QueuedOffer[]): Slot {
  const before = open.filter(other => other.state !== 'ended' && other.arrival < offer.arrival).length
  if (before > QUEUE_LIMIT) return 'refuse'
  const taken = open.some(other => other.state === 'displayed')
  return before === 0 && !taken ? 'display' : 'queue'
}

/** The offer to put on a free screen: the first of the queue. Null when the screen is taken or no offer is ready. */
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

/** When the offer's time is up: counted from display once it is shown, and from arrival before that. Null: never. */
export function deadlineOf(offer: QueuedOffer): Date | null {
  if (offer.timeoutMs === 0) return null
  return new Date((offer.displayedAt ?? offer.arrivedAt).getTime() + offer.timeoutMs)
}

/**
 * When to look at an offer that gets its place at `now`; null: never. An offer without a timeout that accepts by itself is looked at all
 * the same: its acceptance may have been lost in a crash.
 */
export function timerOf(offer: QueuedOffer, slot: Slot, now: Date): Date | null {
  const placed = slot === 'display' ? { ...offer, displayedAt: now } : offer
  return deadlineOf(placed) ?? (offer.autoAccept ? new Date(now.getTime() + LOOK_AGAIN_MS) : null)
}

/** What a timer that fires at `now` does: how the offer ends, or when to fire again. Null for an offer that has ended. */
export function whenTimerRings(
  offer: QueuedOffer,
  now: Date,
): { readonly ends: OfferResult } | { readonly againAt: Date } | null {
  if (offer.state === 'ended') return null
  const deadline = deadlineOf(offer)
  // A timer of before it had no timeout: of an earlier version, or of a backup.
  if (deadline === null && !offer.autoAccept) return null
  const hasTime = deadline === null ? offer.state !== 'displayed' : deadline > now
  if (hasTime) return { againAt: deadline ?? new Date(now.getTime() + LOOK_AGAIN_MS) }
  if (offer.state !== 'displayed')
    return { ends: { actionName: 'Reject', responseReason: 'NotificationQueueTimeLimitExceeded' } }
  // With a template that accepts automatically, a displayed offer never times out, even if the acceptance was lost in a crash. Only such an
  // offer has a timer without having a timeout.
  if (offer.autoAccept) return { ends: { actionName: 'Accept', responseReason: 'AutoAccept' } }
  return { ends: { actionName: 'Timeout', responseReason: 'DisplayTimeout' } }
}
