// Counting and ordering of receipts, without I/O.

import {
  OUTCOMES,
  type Outcome,
  type ReceiptCounts,
  type ReceiptItem,
  type ReceiptNotice,
} from './cancellation.ts'

/** Counts of a list of outcomes; `total` is their number. */
export function countOutcomes(outcomes: Iterable<Outcome>): ReceiptCounts {
  const counts = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0])) as Record<Outcome, number>
  let total = 0
  for (const outcome of outcomes) {
    counts[outcome] += 1
    total += 1
  }
  return { total, ...counts }
}

/** Counts from rows of (outcome, items). */
export function sumOutcomes(
  rows: Iterable<{ readonly outcome: Outcome; readonly items: number }>,
): ReceiptCounts {
  const counts = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0])) as Record<Outcome, number>
  let total = 0
  for (const { outcome, items } of rows) {
    counts[outcome] += items
    total += items
  }
  return { total, ...counts }
}

/**
 * For `sort`: orders items by the time at which they happened; items that have not happened, by the time at which they were due.
 * Items of the same time are ordered by id. All instants are written in one form, so comparing their texts compares the instants.
 */
export function byTime(a: ReceiptItem, b: ReceiptItem): number {
  return compare(timeOf(a), timeOf(b)) || compare(a.effectId, b.effectId)
}

/** The notice that ended first comes first. Notices that have not ended come last. */
export function noticesByTime(a: ReceiptNotice, b: ReceiptNotice): number {
  if ((a.at === null) !== (b.at === null)) return a.at === null ? 1 : -1
  return compare(a.at ?? '', b.at ?? '') || compare(a.effectId, b.effectId)
}

function timeOf({ outcome, at, dueAt }: ReceiptItem): string {
  return outcome === 'prevented' || outcome === 'kept' || at === null ? dueAt : at
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
