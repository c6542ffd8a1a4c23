// Ends an offer in one commit: the engine's waiting effect, its timers, and the row. A cancel that came first wins.

import type { OfferResult, OfferState } from '../core/offer-queue.ts'
import type { Tx } from '../store/database.ts'
import { arrangeScreen } from './display-next-offer.ts'
import { type Offer, type OfferRow, offerOf } from './offer.ts'
import type { NotificationParts } from './offer-engine.ts'
import { sql } from './statements.ts'

/** Undoes the transaction: the offer is no longer what the caller saw. */
class OfferChanged extends Error {
  override readonly name = 'OfferChanged'
}

export type End = {
  readonly offer: Offer
  readonly result: OfferResult
  /** For people: "dana", "time limit". */
  readonly by: string
}

/** The ended offer; null when it is no longer in the state in which the caller saw it (then nothing was changed). */
export async function endOffer(parts: NotificationParts, end: End): Promise<Offer | null> {
  try {
    const ended = await parts.db.transaction('notifications.end', tx => endIn(parts, tx, end))
    await arrangeScreen(parts, ended)
    return ended
  } catch (error) {
    if (error instanceof OfferChanged) return null
    throw error
  }
}

async function endIn(parts: NotificationParts, tx: Tx, { offer, result, by }: End): Promise<Offer> {
  const { tenant, id: eventId, shard } = offer
  // The event, its effects, then our row: the order in which a cancel goes too. From here on a cancel waits for us, and
  // one that came before has won. Timers are superseded; an offer that was not started yet loses its own effect as well,
  // and is never shown.
  const revised = await parts.engine.revise(tx, { tenant, eventId, effects: [] })
  if (revised.is !== 'revised') throw new OfferChanged()
  const evidence = { ...result, by }
  // Of the start that put it where the agent saw it. There is no other while the offer is open: placing it and letting go of
  // the effect are one commit (place-offer.ts), and only what runs is given to another start. Should the engine know better,
  // the effect is left alone, and the answer, which somebody did give, stands in the row all the same.
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
