// Pure arithmetic of receipts.

import { OUTCOMES, type Outcome, type ReceiptCounts } from './cancellation.ts'

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
