// Ends an offer in one commit: the engine's waiting effect, its timers, and the row. If a cancel was committed first, nothing is changed.

import type { OfferResult, OfferState } from '../core/offer-queue.ts'
import type { Tx } from '../store/database.ts'
import { displayNextOffer } from './display-next-offer.ts'
import { type Offer, type OfferRow, offerOf } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** Undoes the transaction: the offer is no longer what the caller saw. */
class OfferChanged extends Error {
  override readonly name = 'OfferChanged'
}

export type OfferEnd = {
  readonly offer: Offer
  readonly result: OfferResult
  /** For people: "dana", "time limit". */
  readonly by: string
}

/** The ended offer; null when it is no longer in the state in which the caller saw it (then nothing was changed). */
export async function endOffer(parts: NotificationParts, end: OfferEnd): Promise<Offer | null> {
  try {
    const ended = await parts.db.transaction('notifications.end', tx => endIn(parts, tx, end))
    await displayNextOffer(parts, ended)
    return ended
  } catch (error) {
    if (error instanceof OfferChanged) return null
    throw error
  }
}

async function endIn(parts: NotificationParts, tx: Tx, { offer, result, by }: OfferEnd): Promise<Offer> {
  const { tenant, id: eventId, shard } = offer
  // Locks the event, its effects, then the offer's row, in the order in which a cancel locks them too. From here on a cancel waits
  // for this transaction; a cancel that came before makes it fail. Timers are superseded. If the offer's own effect has not started
  // yet, it is superseded as well, and the offer is never shown.
  const revised = await parts.engine.revise(tx, { tenant, eventId, effects: [] })
  if (revised.is !== 'revised') throw new OfferChanged()
  const evidence = { ...result, by }
  // The start that placed the offer. There is no other start while the offer is open: placing it and detaching the effect are one
  // commit (place-offer.ts), and only a running effect can get another start. Should the engine have another start after all, the
  // effect stays as it is, and the answer is still recorded in the row, because somebody did give it.
  const startId = offer.startId ?? undefined
  await parts.engine.end(tx, [
    { tenant, effectId: offer.effectId, startId, verdict: { is: 'done', evidence } },
  ])
  const may: readonly OfferState[] = [offer.state]
  const [row] = await tx.query<OfferRow>(sql('end-offer'), [
    shard,
    tenant,
    eventId,
    result.actionName,
    result.responseReason,
    by,
    may,
  ])
  if (!row) throw new OfferChanged()
  tx.afterCommit(() => parts.hints.changed(tenant, offer.agentId))
  return offerOf(row)
}
