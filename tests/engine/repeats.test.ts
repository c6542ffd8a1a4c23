// I5 and I6: the same request again, and a cancel that comes before its event.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Announced, EarlyPolicy } from '../../server/src/core/event.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { random, SteeredCarrier } from '../support/engine.ts'
import {
  attemptOf,
  byId,
  byKey,
  cancelled,
  contextOn,
  effect,
  event,
  settleNow,
  startAllDue,
  TENANT,
} from './engine-parts.ts'

const T0 = Date.parse('2026-06-01T12:00:00Z')

function world(database: TestDatabase) {
  const time = { ms: T0 }
  const engine = new Engine({ db: database.db, random, clock: () => new Date(time.ms) })
  engine.register({ carriers: [new SteeredCarrier('mail')] })
  const announce = async (over: Parameters<typeof event>[2] = {}) => {
    const [result] = await database.db.transaction('t', tx =>
      engine.announce(tx, [
        event('e', [effect('f', { due: { afterMs: 3_600_000 } })], { key: 'k', ...over }),
      ]),
    )
    return result!
  }
  const cancel = async (request: Parameters<Engine['cancel']>[0]) => cancelled(await engine.cancel(request))
  return { time, engine, announce, cancel }
}

test('the same caller and target: the same receipt, until something is announced for it', async () => {
  await using database = await testDatabase()
  const { announce, cancel, engine } = world(database)
  await announce()
  const first = await cancel(byKey('k'))
  const again = await cancel(byKey('k'))
  assert.deepEqual([again.receiptId, again.replayed], [first.receiptId, true])
  const another = await cancel(byKey('k', 'b'))
  assert.notEqual(another.receiptId, first.receiptId)
  await announce()
  const fresh = await cancel(byKey('k'))
  assert.deepEqual([fresh.replayed, fresh.counts.prevented], [false, 1])
  assert.equal((await engine.receipt(TENANT, first.receiptId))?.counts.total, 1)
})

test('by id: the same caller gets its receipt again, another gets one that names the first', async () => {
  await using database = await testDatabase()
  const { announce, cancel } = world(database)
  const announced = await announce()
  assert.ok(announced.is === 'announced')
  const first = await cancel(byId(announced.eventId))
  assert.equal((await cancel(byId(announced.eventId))).receiptId, first.receiptId)
  const other = await cancel(byId(announced.eventId, 'b'))
  assert.deepEqual(
    [other.replayed, other.counts.already_cancelled, other.counts.total, other.eventIds],
    [false, 1, 1, []],
  )
})

test('a request key: one receipt for ever, whatever is announced since; for another target it is refused', async () => {
  await using database = await testDatabase()
  const { announce, cancel, engine } = world(database)
  await announce()
  const first = await cancel(byKey('k', 'a', { requestKey: 'r' }))
  await announce()
  assert.deepEqual((await cancel(byKey('k', 'a', { requestKey: 'r' }))).receiptId, first.receiptId)
  assert.deepEqual(await engine.cancel(byKey('other', 'a', { requestKey: 'r' })), {
    refused: 'request_key_reused',
    receiptId: first.receiptId,
  })
  assert.equal(
    (await cancel(byKey('k', 'b', { requestKey: 'r' }))).counts.prevented,
    1,
    "another caller's key is its own",
  )
})

test('twenty of the same at once: one cancels, the rest get its receipt', async () => {
  await using database = await testDatabase()
  const { announce, cancel } = world(database)
  await announce()
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => cancel(byKey('k'))))
  assert.equal(new Set(outcomes.map(o => o.receiptId)).size, 1)
  assert.equal(outcomes.filter(o => !o.replayed).length, 1)
})

test('an unknown event is refused, and so is one of another tenant', async () => {
  await using database = await testDatabase()
  const { announce, engine } = world(database)
  const foreign = await announce({ tenant: 'fabrikam' })
  assert.ok(foreign.is === 'announced')
  assert.deepEqual(await engine.cancel(byId(foreign.eventId)), { refused: 'unknown_event' })
  assert.equal((await engine.event('fabrikam', foreign.eventId))?.cancellationId, null)
  assert.deepEqual(await engine.cancel(byKey('k')).then(o => cancelled(o).counts.total), 0)
})

for (const [early, is] of [
  ['absorb', 'absorbed'],
  ['reject', 'rejected'],
  ['ignore', 'announced'],
] as [EarlyPolicy, string][]) {
  test(`a cancel before its event, policy ${early}: ${is} until its time is over`, async () => {
    await using database = await testDatabase()
    const { time, announce, cancel, engine } = world(database)
    const kept = await cancel(byKey('k', 'a', { early: { ttlMs: 60_000 } }))
    assert.equal(kept.early, true)
    const met = await announce({ early })
    assert.equal(met.is, is)
    if (met.is === 'absorbed') {
      assert.equal(met.cancellationId, kept.receiptId)
      assert.deepEqual((await engine.receipt(TENANT, kept.receiptId))?.early?.metEventIds, [met.eventId])
      assert.equal((await engine.event(TENANT, met.eventId))?.cancellationId, kept.receiptId)
    }
    assert.equal((await announce({ early, entity: 'entity', key: 'other' })).is, 'announced')
    time.ms += 60_000
    assert.equal((await announce({ early })).is, 'announced')
  })
}

test('an early cancellation whose time is over is not what the same cancel is answered with', async () => {
  await using database = await testDatabase()
  const { time, announce, cancel } = world(database)
  const early = { early: { ttlMs: 60_000 } }
  const first = await cancel(byKey('k', 'a', early))
  assert.equal((await cancel(byKey('k', 'a', early))).receiptId, first.receiptId)
  time.ms += 60_000
  const second = await cancel(byKey('k', 'a', early))
  assert.deepEqual([second.replayed, second.early], [false, true])
  assert.equal((await announce({ early: 'absorb' })).is, 'absorbed')
})

test('announced since and called off since by its id, or with its parent: the same cancel by key is a new one', async () => {
  await using database = await testDatabase()
  const { announce, cancel, engine } = world(database)
  const idOf = (result: Announced) => {
    assert.ok(result.is === 'announced')
    return result.eventId
  }
  await announce()
  const first = await cancel(byKey('k'))
  for (const by of ['a', 'b']) {
    const before = await cancel(byKey('k'))
    await cancel(byId(idOf(await announce()), by))
    const again = await cancel(byKey('k'))
    assert.deepEqual([again.replayed, again.is], [false, 'over'], `called off by ${by}`)
    assert.notEqual(again.receiptId, before.receiptId)
  }
  const parent = idOf(await announce({ key: null }))
  await announce({ parent: { id: parent, link: 'cancel' } })
  const before = await cancel(byKey('other'))
  await cancel(byId(parent))
  const again = await cancel(byKey('k'))
  assert.deepEqual([again.replayed, again.is], [false, 'over'])
  assert.equal((await cancel(byKey('k'))).receiptId, again.receiptId, 'and that one is repeated')
  assert.equal((await engine.receipt(TENANT, first.receiptId))?.counts.total, 1)
  assert.notEqual(before.receiptId, first.receiptId)
})

test('what a cancel came to: cancelled, repeated, over, waiting, nothing', async () => {
  await using database = await testDatabase()
  const { announce, cancel, engine, time } = world(database)
  const is = async (request: Parameters<typeof cancel>[0]) => (await cancel(request)).is
  assert.equal(await is(byKey('k')), 'nothing')
  assert.equal(await is(byKey('k')), 'nothing', 'nobody has it still')
  const early = { early: { ttlMs: 60_000 } }
  assert.equal(await is(byKey('soon', 'a', early)), 'waiting')
  assert.equal(await is(byKey('soon', 'a', early)), 'waiting', 'it waits still')
  await announce({ key: 'soon', early: 'absorb' })
  assert.equal(await is(byKey('soon', 'a', early)), 'repeated', 'it has met its event')

  const announced = await announce()
  assert.equal(await is(byKey('k')), 'cancelled')
  assert.equal(await is(byKey('k')), 'repeated')
  assert.equal(await is(byKey('k', 'b')), 'over', 'called off by somebody else')
  assert.equal(await is(byKey('k', 'b')), 'repeated')
  assert.ok(announced.is === 'announced')
  assert.equal(await is(byId(announced.eventId)), 'over')
  assert.equal(await is(byId(announced.eventId)), 'repeated')

  // Everything had ended; the same with something beside it that had not.
  for (const [key, effects, came] of [
    ['ended', [effect('over')], 'over'],
    ['half', [effect('over'), effect('later', { due: { afterMs: 3_600_000 } })], 'cancelled'],
    ['none', [], 'cancelled'],
  ] as const) {
    const [result] = await database.db.transaction('t', tx =>
      engine.announce(tx, [event(key, effects, { key })]),
    )
    assert.ok(result?.is === 'announced')
    const context = { ...contextOn(database.db), clock: () => new Date(time.ms) }
    const started = await startAllDue(context, database.db)
    for (const row of started) await settleNow(context, attemptOf(row, { is: 'done' }))
    assert.equal(await is(byKey(key)), came, key)
    assert.equal(await is(byKey(key)), 'repeated', key)
  }
})

test('announced by one and called off by another since: the first one’s cancel is a new one', async () => {
  await using database = await testDatabase()
  const { announce, cancel } = world(database)
  await announce()
  const first = await cancel(byKey('k'))
  await announce()
  await cancel(byKey('k', 'b'))
  const again = await cancel(byKey('k'))
  assert.notEqual(again.receiptId, first.receiptId)
})
