// Callers that are gathered: a bounded queue, one caller's fault is never another's, equal ones never share a batch.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batcher, MANY, Overloaded } from '../../server/src/engine/batcher.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { testDatabase } from '../support/database.ts'
import { random, SteeredCarrier } from '../support/engine.ts'
import { byKey, effect, event } from './engine-parts.ts'

test('full: the next caller is told so at once, those who wait are served', async () => {
  const gate = Promise.withResolvers<void>()
  const gather = new Batcher<number, number>({
    name: 't',
    maxQueue: 3,
    maxBatch: 1,
    maxInFlight: 1,
    run: async batch => gate.promise.then(() => batch),
  })
  const waiting = [1, 2, 3].map(n => gather.submit(n))
  await assert.rejects(gather.submit(4), Overloaded)
  gate.resolve()
  assert.deepEqual(await Promise.all(waiting), [1, 2, 3])
  await gather.drained()
})

test('an option that is left open is no option: the queue stays bounded', async () => {
  const gate = Promise.withResolvers<void>()
  const gather = new Batcher<number, number>({
    name: 't',
    maxQueue: undefined,
    maxBatch: 1,
    maxInFlight: 1,
    run: async batch => gate.promise.then(() => batch),
  })
  const waiting = Array.from({ length: 10_000 }, (_, n) => gather.submit(n))
  await assert.rejects(gather.submit(10_000), Overloaded)
  gate.resolve()
  await Promise.all(waiting)
})

test('a request that breaks its batch fails alone, and a result may be an error', async () => {
  const batches: number[][] = []
  const gather = new Batcher<number, number>({
    name: 't',
    run: async batch => {
      batches.push([...batch])
      if (batch.includes(3)) throw new Error('three')
      return batch.map(n => (n === 5 ? new Error('five') : n * 10))
    },
  })
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map(n => gather.submit(n)))
  assert.deepEqual(
    results.map(r => (r.status === 'fulfilled' ? r.value : (r.reason as Error).message)),
    [10, 20, 'three', 40, 'five'],
  )
  assert.deepEqual(batches[0], [1, 2, 3, 4, 5])
})

test('the victim of a deadlock is run again whole', async () => {
  let failures = 3
  const sizes: number[] = []
  const gather = new Batcher<number, number>({
    name: 't',
    run: async batch => {
      sizes.push(batch.length)
      if (failures-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
      return batch
    },
  })
  assert.deepEqual(await Promise.all([1, 2].map(n => gather.submit(n))), [1, 2])
  assert.deepEqual(sizes, [2, 2, 2, 2])
})

test('few go together, one batch after the other; many are shared out to all batches that may go', async () => {
  for (const [waiting, expected] of [
    [MANY - 1, [MANY - 1]],
    [2 * MANY, [MANY, MANY]],
    [2 * MANY + 2, [MANY + 1, MANY + 1]],
  ] as const) {
    const gate = Promise.withResolvers<void>()
    const sizes: number[] = []
    const gather = new Batcher<number, number>({
      name: 'test',
      run: batch => {
        sizes.push(batch.length)
        if (sizes.length === expected.length) gate.resolve()
        return gate.promise.then(() => batch)
      },
    })
    await Promise.all(Array.from({ length: waiting }, (_, n) => gather.submit(n)))
    assert.deepEqual(sizes, expected)
  }
})

test('a batch that waits for something of its own does not keep the others waiting', async () => {
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const gather = new Batcher<string, string>({
    name: 'test',
    run: async batch => {
      if (!batch.includes('slow')) return batch
      begun.resolve()
      await gate.promise
      return batch
    },
  })
  const slow = gather.submit('slow')
  await begun.promise
  // Would never end, if it waited for the slow one.
  assert.equal(await gather.submit('quick'), 'quick')
  gate.resolve()
  assert.equal(await slow, 'slow')
})

test('equal ones go into different batches, in their order', async () => {
  const batches: string[][] = []
  const gather = new Batcher<string, string>({
    name: 't',
    maxInFlight: 1,
    distinct: text => text,
    run: async batch => {
      batches.push([...batch])
      return batch
    },
  })
  await Promise.all(['a', 'a', 'b', 'a'].map(text => gather.submit(text)))
  assert.deepEqual(batches, [['a', 'b'], ['a'], ['a']])
})

test('a cancel with a NUL in its reason fails alone; the others of its batch are done', async () => {
  await using database = await testDatabase()
  const engine = new Engine({ db: database.db, random })
  engine.register({ carriers: [new SteeredCarrier('mail')] })
  const keys = ['k1', 'k2', 'k3', 'k4']
  await database.db.transaction('t', tx =>
    engine.announce(
      tx,
      keys.map(key => event(key, [effect(key, { due: { afterMs: 3_600_000 } })], { key })),
    ),
  )
  const results = await Promise.allSettled(
    keys.map(key => engine.cancel(byKey(key, 'a', { reason: key === 'k3' ? 'a\0b' : 'fine' }))),
  )
  assert.deepEqual(
    results.map(r => r.status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  const left = await database.db.query<{ title: string }>({
    text: `select f.title from engine.effect f where f.state = 'pending'`,
  })
  assert.deepEqual(left, [{ title: 'k3' }])
})

test('one owner fills its share of the queue and no more; another one is still taken, and served in turn', async () => {
  const gate = Promise.withResolvers<void>()
  const batches: string[][] = []
  const gather = new Batcher<string, string>({
    name: 't',
    maxQueue: 16,
    maxBatch: 4,
    maxInFlight: 1,
    tenantOf: request => request[0]!,
    run: async batch => {
      batches.push([...batch])
      await gate.promise
      return batch
    },
  })
  const first = gather.submit('z0')
  await new Promise(setImmediate)
  const greedy = Array.from({ length: 16 }, (_, n) => gather.submit(`a${n}`))
  const modest = ['b0', 'b1', 'c0'].map(request => gather.submit(request))
  const taken = await Promise.all([
    ...greedy.map(each =>
      Promise.race([
        each.then(
          () => 'taken',
          () => 'refused',
        ),
        new Promise(r => setImmediate(r, 'taken')),
      ]),
    ),
  ])
  assert.deepEqual([taken.indexOf('refused'), taken.lastIndexOf('taken')], [8, 7])
  gate.resolve()
  await Promise.all([first, ...modest])
  const settled = await Promise.allSettled(greedy)
  assert.ok(settled.slice(0, 8).every(({ status }) => status === 'fulfilled'))
  assert.ok(
    settled.slice(8).every(result => result.status === 'rejected' && result.reason instanceof Overloaded),
  )
  // Turn by turn: nobody who asked once or twice waits for all that another asked before.
  assert.deepEqual(batches.slice(0, 3), [['z0'], ['a0', 'b0', 'c0', 'a1'], ['b1', 'a2', 'a3', 'a4']])
})
