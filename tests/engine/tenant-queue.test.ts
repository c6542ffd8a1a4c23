// Transactions of one caller's own: a few at once, tenants by turns, one's fault nobody else's, and a bounded queue.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Overloaded } from '../../server/src/engine/batcher.ts'
import { SLOTS_OF_A_QUEUE, TenantQueue } from '../../server/src/engine/tenant-queue.ts'

test('so many at once but for one place, and as soon as they come; the next one when one has ended; one that fails fails alone', async () => {
  const turns = new TenantQueue('t')
  let [running, most] = [0, 0]
  const full = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const work = async (n: number) => {
    most = Math.max(most, ++running)
    if (running === SLOTS_OF_A_QUEUE - 1) full.resolve()
    await gate.promise
    running -= 1
    if (n === 1) throw new Error('one')
    return n
  }
  const all = Array.from({ length: 20 }, (_, n) => turns.take('a', () => work(n)))
  await full.promise
  gate.resolve()
  const results = await Promise.allSettled(all)
  assert.deepEqual(
    results.map(result => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    Array.from({ length: 20 }, (_, n) => (n === 1 ? 'one' : n)),
  )
  assert.equal(most, SLOTS_OF_A_QUEUE - 1)
})

test('a tenant of many waits for itself: it fills its share, and another is served by turns', async () => {
  const turns = new TenantQueue('t', { maxQueue: 40 })
  const gate = Promise.withResolvers<void>()
  const order: string[] = []
  const take = (owner: string) =>
    turns.take(owner, async () => {
      await gate.promise
      order.push(owner)
    })
  const many = Array.from({ length: 100 }, () => take('many'))
  const refused = Promise.allSettled(many)
  const one = take('one')
  await new Promise(resolve => setImmediate(resolve))
  gate.resolve()
  await one
  assert.ok(order.length <= 3 * SLOTS_OF_A_QUEUE, `${order.length} were served before`)
  const results = await refused
  const left = results.filter(result => result.status === 'rejected')
  assert.ok(left.length > 0 && left.every(result => result.reason instanceof Overloaded))
})

test('what one tenant has under way, and what hangs there, leaves a place for another', async () => {
  const turns = new TenantQueue('t')
  const hanging = Promise.withResolvers<void>()
  const all = Array.from({ length: 10 }, () => turns.take('hangs', () => hanging.promise))
  for (let n = 0; n < 20; n++) assert.equal(await turns.take('calm', async () => n), n)
  hanging.resolve()
  await Promise.all(all)
  assert.equal(turns.fill.waiting, 0)
})
