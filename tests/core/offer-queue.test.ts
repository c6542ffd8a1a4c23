// What a timer of an offer does, by the offer's template and state.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type QueuedOffer, timerOf, whenTimerRings } from '../../server/src/core/offer-queue.ts'

const NOW = new Date('2031-05-06T10:00:00Z')
const offer = (change: Partial<QueuedOffer>): QueuedOffer => ({
  id: 'o',
  state: 'displayed',
  arrival: 1,
  arrivedAt: NOW,
  displayedAt: null,
  timeoutMs: 0,
  autoAccept: false,
  ...change,
})

test('an offer without a timeout is ended by no timer, also by one that an earlier version has set', () => {
  for (const state of ['arriving', 'queued', 'displayed'] as const)
    assert.equal(whenTimerRings(offer({ state }), NOW), null)
  for (const slot of ['display', 'queue'] as const) assert.equal(timerOf(offer({}), slot, NOW), null)
})

test('one that accepts by itself and has no timeout is looked at again in line, and accepted on the screen', () => {
  const waits = offer({ state: 'queued', autoAccept: true })
  assert.deepEqual(whenTimerRings(waits, NOW), { againAt: new Date(NOW.getTime() + 60_000) })
  assert.deepEqual(timerOf(waits, 'queue', NOW), new Date(NOW.getTime() + 60_000))
  assert.deepEqual(whenTimerRings(offer({ autoAccept: true }), NOW), {
    ends: { actionName: 'Accept', responseReason: 'AutoAccept' },
  })
})
