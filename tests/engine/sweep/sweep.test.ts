// The sweep, case by case: what is whole and old goes in small batches, what somebody takes up again at that very moment
// stays, and what cannot be swept keeps nothing else waiting. (All that may and may not go: sweep.property.test.ts.)

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Receipt } from '../../../server/src/core/cancellation.ts'
import { sql } from '../../../server/src/engine/statements.ts'
import { chooseOver, type Part, sweepOnce } from '../../../server/src/engine/sweep/sweep.ts'
import { testDatabase } from '../../support/database.ts'
import { byId, byKey, effect, overOrWaiting, TENANT } from '../engine-parts.ts'
import { checkInvariants } from '../model/invariants.ts'
import { DAY, RETENTION, World } from './sweep-world.ts'

const SHARD_0 = { retentionMs: RETENTION, everyMs: 1000 * DAY }

function itemsOf(receipt: unknown): unknown {
  const { items, counts } = receipt as Receipt
  return { items, counts }
}

async function runAll(world: World): Promise<void> {
  await world.do({ do: 'run', leave: 0, how: 'done' })
}

test('a tree with anything alive in it stays whole, and goes when that has been over for as long', async () => {
  await using database = await testDatabase()
  const world = new World(database.db)
  await world.announce('parent', [effect('done')], { key: 'k', entity: 'e' })
  const [parent] = world.events
  await world.announce('child', [effect('later', { due: { afterMs: 200 * DAY } })], {
    parent: { id: parent!, link: 'keep' },
    key: 'elsewhere',
    entity: 'elsewhere',
  })
  await world.announce('other', [effect('done')])
  await runAll(world)
  await world.engine.cancel(byId(parent!))
  await runAll(world)
  const before = await world.receipts()

  world.ms += 100 * DAY
  await runAll(world)
  assert.equal(await world.sweep(), 2, 'the other one')
  assert.deepEqual(await world.receipts(), before)
  world.ms += 100 * DAY
  await runAll(world)
  assert.equal(await world.sweep(), 0, 'over, not yet old')
  world.ms += 91 * DAY
  await runAll(world)
  await world.sweep()
  assert.deepEqual(await world.ids(), new Set())
  assert.deepEqual(await database.db.query({ text: 'select * from engine.alias' }), [])
})

test('what its room keeps stays whole however old it is, and what is beside it goes', async () => {
  await using database = await testDatabase()
  const world = new World(database.db)
  await world.announce('kept', [effect('done')])
  await world.announce('beside', [effect('done')])
  await runAll(world)
  const [kept] = world.events
  world.room.keeps.add(kept!)
  world.ms += 1000 * DAY
  await world.sweep()
  const ids = await world.ids()
  assert.ok([...ids].some(id => id.includes(kept!)))
  assert.ok(![...ids].some(id => id.includes(world.events[1]!)))
  world.room.keeps.clear()
  await world.sweep()
  assert.deepEqual(await world.ids(), new Set())
})

test('a tree that no batch can hold goes piece by piece', async () => {
  await using database = await testDatabase()
  const { db } = database
  const world = new World(db, 50, 2)
  const many = (count: number) => Array.from({ length: count }, (_, i) => effect(`effect ${i}`))
  await world.announce('root', many(90))
  const [root] = world.events
  for (let i = 0; i < 30; i++)
    await world.announce(`child ${i}`, many(3), { parent: { id: root!, link: 'cancel' } })
  await runAll(world)
  // A receipt is younger than what it is about, and found behind it.
  world.ms += 1000
  await world.engine.cancel(byId(root!))
  await world.do({ do: 'mark' })
  await runAll(world)
  world.ms += 400 * DAY
  const all = (await world.ids()).size
  assert.ok(all > 200)
  const receipts = await world.receipts()
  await world.beginSweep()
  let gone = 0
  for (let batches = 1; ; batches++) {
    assert.ok(batches < 200)
    // So few that even the notices of the receipt do not fit into one.
    const swept = await sweepOnce(world.context, { ...SHARD_0, seeds: 5, limit: 4 })
    const count = swept.events + swept.effects + swept.receipts
    assert.ok(count <= 4 * 10 * 2 + 2, `${count} in one batch`)
    gone += count
    for (const [id, receipt] of await world.receipts())
      assert.deepEqual(itemsOf(receipt), itemsOf(receipts.get(id)))
    await checkInvariants(db, [], { settled: false })
    if (!swept.more) break
  }
  await world.sweep({ limit: 4 })
  assert.deepEqual(await world.ids(), new Set(), `${gone} of ${all}`)
})

test('what is taken up again while it is swept stays', async t => {
  await using database = await testDatabase()
  const { db } = database
  const world = new World(db)
  const { engine } = world

  await t.test('a child is announced', async () => {
    await world.announce('parent', [effect('done'), effect('done too')])
    const parent = world.events.at(-1)!
    await runAll(world)
    world.ms += 100 * DAY
    await db.transaction('announce', async tx => {
      const child = { tenant: TENANT, kind: 'native.event', key: null, entity: 'e', title: 'child', data: {} }
      await engine.announce(tx, [
        { ...child, parent: { id: parent, link: 'cancel' }, effects: [effect('later')] },
      ])
      // Held: left out, and not waited for; also where it is too large for a batch.
      assert.equal(await world.sweep(), 0)
      assert.equal(await world.sweep({ limit: 1 }), 0)
    })
    assert.equal(await world.sweep(), 0)
    assert.ok(await engine.event(TENANT, parent))
    await runAll(world)
  })

  await t.test('a dead effect is tried again', async () => {
    await world.announce('dead', [effect('dead')])
    const id = world.events.at(-1)!
    await world.do({ do: 'run', leave: 0, how: 'failed' })
    world.ms += 100 * DAY
    const [dead] = await engine.effectsOf(TENANT, id)
    assert.equal(await engine.retry(TENANT, dead!.id), 'retried')
    await world.sweep()
    assert.ok(await engine.event(TENANT, id))
    await world.do({ do: 'run', leave: 0, how: 'failed' })
    world.ms += 100 * DAY
    await world.sweep()
    assert.equal(await engine.retry(TENANT, dead!.id), 'unknown')
  })

  await t.test('a dead notice is tried again in the middle of its deletion', async () => {
    await world.announce('called off', [effect('never', { due: { afterMs: DAY } })])
    const id = world.events.at(-1)!
    await world.announce('child', [], { parent: { id, link: 'cancel' } })
    const cancelled = await engine.cancel(byId(id))
    await world.do({ do: 'run', leave: 0, how: 'failed' })
    world.ms += 100 * DAY
    const receiptId = 'receiptId' in cancelled ? cancelled.receiptId : ''
    const [notice, other] = (await engine.receipt(TENANT, receiptId))!.notices
    assert.deepEqual([notice?.state, other?.state], ['dead', 'dead'])
    const client = await db.connect()
    try {
      await client.query('begin')
      // As revive.sql does.
      await client.query(sql('revive').text, [null, [notice!.effectId], TENANT])
      const sweep = world.sweep()
      assert.equal(await overOrWaiting(db, sweep), 'waiting')
      await client.query('commit')
      assert.equal(await sweep, 0)
    } finally {
      await client.end()
    }
    const { notices } = (await engine.receipt(TENANT, receiptId))!
    assert.deepEqual(notices.map(({ state }) => state).sort(), ['dead', 'pending'], 'neither half')
    await checkInvariants(db, [], { settled: false })
    await runAll(world)
  })

  await t.test('an open cancellation is acknowledged', async () => {
    const large = new World(db, 1)
    large.ms = world.ms
    await large.announce('large', [effect('a'), effect('b')], { key: 'k' })
    await runAll(large)
    large.ms += 100 * DAY
    // By key: nothing but its row says yet what it covers.
    const cancelled = await large.engine.cancel(byKey('k'))
    assert.equal(await large.sweep(), 0)
    await large.do({ do: 'mark' })
    const receipt = await large.engine.receipt(TENANT, 'receiptId' in cancelled ? cancelled.receiptId : '')
    assert.deepEqual(
      receipt?.items.map(item => item.outcome),
      ['already_ended', 'already_ended'],
    )
  })
})

test('what cannot be swept keeps nothing else waiting', async () => {
  await using database = await testDatabase()
  const world = new World(database.db)
  for (let i = 0; i < 3; i++) await world.announce(`event ${i}`, [], { entity: 'the same shard' })
  const [, broken] = world.events.toSorted()
  world.ms += 100 * DAY
  const [domain] = world.context.domains.values()
  const { keeps } = domain!
  Object.assign(domain!, {
    keeps: async (...args: Parameters<NonNullable<typeof keeps>>) => {
      if (args[1].includes(broken!)) throw new Error('broken')
      return keeps!(...args)
    },
  })
  await world.beginSweep()
  // All at once, then one by one: the first goes, the broken one is stepped over, and the rest goes too.
  assert.equal((await sweepOnce(world.context, SHARD_0)).events, 1)
  await assert.rejects(sweepOnce(world.context, SHARD_0), /broken/)
  assert.equal((await sweepOnce(world.context, SHARD_0)).events, 1)
  assert.deepEqual(await world.ids(), new Set([`event ${broken}`]))
})

test('as many as fit are chosen, from the front', () => {
  const part = (seed: number, id: string, effects: number, alive = false): Part => ({
    seed,
    is_event: true,
    id,
    kind: null,
    effects,
    alive,
  })
  const parts = [part(1, 'a', 2), part(2, 'b', 9, true), part(3, 'c', 1), part(3, 'a', 2), part(4, 'd', 5)]
  assert.deepEqual(chooseOver(parts, 4, 100), { over: [1, 3, 4], upTo: 4, tooLarge: false })
  assert.deepEqual(
    chooseOver(parts, 4, 5),
    { over: [1, 3], upTo: 3, tooLarge: false },
    'what is shared counts once',
  )
  assert.deepEqual(chooseOver(parts, 4, 2), { over: [], upTo: 0, tooLarge: true })
  assert.deepEqual(chooseOver([], 2, 1), { over: [], upTo: 2, tooLarge: false }, 'gone meanwhile')
})
