// Promises of offers that were raised from this page. They are settled from the ended offers of the screen. If the screen does not list an
// offer any more (this page was disconnected for too long), the server is asked.

import type { OfferOutcome, ScreenView } from '../../wire/src/agent-screen.ts'
import { readOffer } from './desktop-api.ts'

const pending = new Map<string, PromiseWithResolvers<OfferOutcome>>()

/** Waits until the offer ends. Several may wait for one offer: tabs, and pages that joined it. */
export function endOf(offerId: string): Promise<OfferOutcome> {
  const known = pending.get(offerId)
  if (known) return known.promise
  const waits = Promise.withResolvers<OfferOutcome>()
  pending.set(offerId, waits)
  // It may have ended before anybody waited for it.
  void ask(offerId)
  return waits.promise
}

export function settleFrom(screen: ScreenView): void {
  for (const { id, result } of screen.ended) if (result) settle(id, result)
  const open = new Set(screen.openIds)
  for (const id of pending.keys()) if (!open.has(id)) void ask(id)
}

function settle(id: string, result: OfferOutcome): void {
  pending.get(id)?.resolve(result)
  pending.delete(id)
}

async function ask(id: string): Promise<void> {
  try {
    const { result } = await readOffer(id)
    if (result) settle(id, result)
  } catch (error) {
    // The server cannot be reached now. The next screen asks again.
    if ((error as { code?: string }).code !== 'OFFER_UNKNOWN') return
    pending.get(id)?.reject(error)
    pending.delete(id)
  }
}
