import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OUTCOMES, type ReceiptItem } from '../../server/src/core/cancellation.ts'
import { byTime } from '../../server/src/core/receipt.ts'

const instant = fc.integer({ min: 0, max: 5 }).map(minute => `2026-06-01T12:0${minute}:00.000Z`)
const item = fc.record({
  outcome: fc.constantFrom(...OUTCOMES),
  at: fc.option(instant),
  dueAt: instant,
  effectId: fc.uuid(),
}) as fc.Arbitrary<ReceiptItem>

/** What a reader sees beside an item. */
const shown = ({ outcome, at, dueAt }: ReceiptItem) =>
  outcome === 'prevented' || outcome === 'kept' || at === null ? dueAt : at

test('items are in the order of the times that are shown beside them, in whatever order they came', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), items => {
      const sorted = items.toSorted(byTime)
      for (const [i, one] of sorted.entries())
        if (i > 0) assert.ok(Date.parse(shown(sorted[i - 1]!)) <= Date.parse(shown(one)))
      assert.deepEqual(items.toReversed().toSorted(byTime), sorted)
    }),
  )
})
