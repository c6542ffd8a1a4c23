// Turns the engine's values into what callers see.

import type { CancelledView, NameOwner } from '@standdown/wire/src/cancellation.ts'
import type { EffectView } from '@standdown/wire/src/event.ts'
import type { CancelledOf } from '@standdown/wire/src/hold.ts'
import type { PreviewView } from '@standdown/wire/src/preview.ts'
import type { ReceiptItemView, ReceiptView } from '@standdown/wire/src/receipt.ts'
import type { Cancelled, CancelOutcome, Receipt, ReceiptItem } from '../../core/cancellation.ts'
import { countOutcomes } from '../../core/receipt.ts'
import type { Preview } from '../../engine/cancel/preview.ts'
import type { EffectState } from '../../engine/engine.ts'
import { nameOfKey } from './access.ts'
import type { Name } from './name-finder.ts'

export function receiptLink(id: string): string {
  return `/api/v1/receipts/${id}`
}

/** One of many events that were called off at once; empty for an event that was gone by then. */
export function cancelledOf(outcome: CancelOutcome): readonly CancelledOf[] {
  if ('refused' in outcome) return []
  const { prevented, total } = outcome.counts
  return [{ receipt: receiptLink(outcome.receiptId), prevented, total }]
}

export function effectView(effect: EffectState): EffectView {
  return {
    id: effect.id,
    kind: effect.kind,
    title: effect.title,
    state: effect.ending ?? effect.state,
    dueAt: effect.dueAt.toISOString(),
    at: effect.at?.toISOString() ?? null,
    attempt: effect.attempt,
    error: effect.error,
    evidence: effect.evidence,
    replaces: effect.replaces,
    replacedBy: effect.replacedBy,
  }
}

export function ownerView({ app, site, agent, channel }: Name): NameOwner {
  return { app, site, agent, channel }
}

export function cancelledView(cancelled: Cancelled): CancelledView {
  return {
    receipt: receiptLink(cancelled.receiptId),
    receiptId: cancelled.receiptId,
    is: cancelled.is,
    replayed: cancelled.replayed,
    early: cancelled.early,
    eventIds: cancelled.eventIds,
    counts: cancelled.counts,
  }
}

export function receiptView(receipt: Receipt): ReceiptView {
  return {
    id: receipt.id,
    link: receiptLink(receipt.id),
    state: receipt.state,
    cancelledAt: receipt.cancelledAt,
    finalBy: receipt.finalBy,
    by: receipt.by,
    target: { ...receipt.target, key: nameOfKey(receipt.target.key) },
    reason: receipt.reason,
    correlationId: receipt.correlationId,
    early: receipt.early,
    events: receipt.events.map(event => ({ ...event, key: nameOfKey(event.key) })),
    counts: receipt.counts,
    items: receipt.items.map(itemView),
    itemsAfter: receipt.itemsAfter,
    innerSteps: receipt.innerSteps.map(itemView),
    notices: receipt.notices,
    notes: receipt.notes.map(({ at, effectId, text }) => ({ at, effectId, text })),
    progress: receipt.progress,
  }
}

function itemView({ cancellationId, ...item }: ReceiptItem): ReceiptItemView {
  return {
    ...item,
    // The next steps of an action that had ended before were announced, so they are items of their own.
    next: item.outcome === 'already_ended' || item.outcome === 'already_cancelled' ? [] : item.next,
    earlierReceipt: cancellationId === null ? null : receiptLink(cancellationId),
  }
}

export function previewView({ eventIds, items, after }: Preview): PreviewView {
  const shown = items.map(({ touchesWorld, dueAt, ...item }) => ({
    touchesWorld,
    item: { ...item, dueAt: dueAt.toISOString() },
  }))
  const counted = shown.filter(each => each.touchesWorld).map(each => each.item)
  return {
    eventIds,
    counts: countOutcomes(counted.map(item => item.outcome)),
    items: counted,
    innerSteps: shown.filter(each => !each.touchesWorld).map(each => each.item),
    itemsAfter: after,
  }
}
