// I10: a cancel of a huge tree is acknowledged in one short commit. From that commit on nothing it covers starts, although
// marking goes on behind it; what is announced later lives.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CancelRequest, Receipt } from '../../../server/src/core/cancellation.ts'
import { shardOfEntity } from '../../../server/src/core/ids.ts'
import { announce, UnstorableAnnouncement } from '../../../server/src/engine/announce/announce.ts'
import { cancelBatch } from '../../../server/src/engine/cancel/cancel.ts'
import type { Engine } from '../../../server/src/engine/engine.ts'
import { openCancellation } from '../../../server/src/engine/open-cancel/cancel-open.ts'
import { markSomeOpen } from '../../../server/src/engine/open-cancel/open-marker.ts'
import { sql } from '../../../server/src/engine/statements.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { testDatabase } from '../../support/database.ts'
import { SteeredCarrier, testEngine } from '../../support/engine.ts'
import {
  announced,
  attemptOf,
  byId,
  byKey,
  cancelled,
  contextOn,
  effect,
  event,
  idleEngine,
  overOrWaiting,
  settleNow,
  startAllDue,
  TENANT,
  WORKER,
} from '../engine-parts.ts'
import { checkInvariants, type Seen } from '../model/invariants.ts'

const startAll = async (db: Database) => {
  return await startAllDue(contextOn(db), db)
}

const markAll = async (db: Database, batch?: number) => {
  while (await markSomeOpen(contextOn(db), batch)) {}
}

async function wholeReceipt(
  engine: Engine,
  id: string,
): Promise<{ receipt: Receipt; items: Receipt['items'] }> {
  const items = []
  let receipt = await engine.receipt(TENANT, id)
  for (;;) {
    items.push(...receipt!.items)
    if (receipt!.itemsAfter === null) return { receipt: receipt!, items }
    receipt = await engine.receipt(TENANT, id, { after: receipt!.itemsAfter })
  }
}

test('20,000 effects: acknowledged at once, none starts, every one in the receipt once, later ones live', async () => {
  await using database = await testDatabase()
  const { db } = database
  const engine = idleEngine(db, { maxMarkedAtOnce: 100 })
  const many = (n: number, name: string) => Array.from({ length: n }, (_, i) => effect(`${name} ${i}`))
  const root = await announced(db, event('root', many(5000, 'root'), { key: 'k' }))
  for (let c = 0; c < 3; c++) {
    await announced(
      db,
      event(`child ${c}`, many(5000, `child ${c}`), { parent: { id: root, link: 'cancel' } }),
    )
  }
  await announced(db, event('kept', [effect('kept')], { parent: { id: root, link: 'keep' } }))
  const first = cancelled(await engine.cancel(byKey('k')))
  assert.equal((await engine.receipt(TENANT, first.receiptId))?.state, 'counting')

  // Acknowledged: only what is kept starts, however often one tries.
  assert.deepEqual(
    (await startAll(db)).map(row => row.title),
    ['kept'],
  )
  // A child of what is covered is not announced, and what is announced from here on is another matter.
  const [late] = await db.transaction('t', tx =>
    announce(contextOn(db), tx, [
      event('late child', [effect('late')], { parent: { id: root, link: 'cancel' } }),
    ]),
  )
  assert.deepEqual(late, { is: 'parent_cancelled', parentId: root, cancellationId: first.receiptId })
  const after = await announced(db, event('after', [effect('after')], { key: 'k' }))

  // The same caller again has announced something since, so this is a new one; another's id cancel names the first.
  const other = cancelled(await engine.cancel(byId(root, 'b')))
  await markAll(db)
  const { receipt, items } = await wholeReceipt(engine, first.receiptId)
  assert.equal(receipt.state, 'final')
  assert.equal(receipt.counts.total, 20_001)
  assert.equal(receipt.counts.prevented, 20_000)
  assert.equal(receipt.counts.kept, 1)
  assert.equal(new Set(items.map(item => item.effectId)).size, 20_001)
  assert.equal(items.length, 20_001)
  const { receipt: second, items: seconds } = await wholeReceipt(engine, other.receiptId)
  assert.equal(second.counts.already_cancelled, 20_000)
  assert.equal(second.counts.total, 20_001)
  assert.equal(seconds.find(item => item.outcome === 'already_cancelled')?.cancellationId, first.receiptId)
  assert.equal((await engine.event(TENANT, after))?.cancellationId, null)
  assert.deepEqual(
    (await startAll(db)).map(row => row.title),
    ['after'],
  )
  await checkInvariants(db, [], { settled: false })
})

test('a key below a tree that is being marked has a receipt of all below it, which names the one that came first', async () => {
  await using database = await testDatabase()
  const { db } = database
  const engine = idleEngine(db, { maxMarkedAtOnce: 3 })
  const below = (id: string) => ({ id, link: 'cancel' as const })
  const root = await announced(db, event('root', [], { key: 'k1' }))
  const keyed = await announced(db, event('keyed', [], { key: 'k0', parent: below(root) }))
  await announced(db, event('leaf', [effect('of leaf')], { parent: below(keyed) }))
  await announced(db, event('other', [], { parent: below(root) }))
  const first = cancelled(await engine.cancel(byKey('k1')))
  const second = cancelled(await engine.cancel(byKey('k0')))
  const { receipt, items } = await wholeReceipt(engine, second.receiptId)
  assert.equal(receipt.counts.total, 1)
  assert.deepEqual(
    items.map(item => [item.title, item.outcome, item.cancellationId]),
    [['of leaf', 'already_cancelled', first.receiptId]],
  )
  await markAll(db)
  await checkInvariants(db, [], { settled: false })
})

test('the same cancel again while it is being marked has the same receipt; after a new announcement it is a new one', async () => {
  await using database = await testDatabase()
  const { db } = database
  const engine = idleEngine(db, { maxMarkedAtOnce: 2 })
  await announced(db, event('root', [effect('1'), effect('2'), effect('3')], { key: 'k' }))
  const first = cancelled(await engine.cancel(byKey('k')))
  const again = cancelled(await engine.cancel(byKey('k')))
  assert.deepEqual([again.receiptId, again.replayed], [first.receiptId, true])
  const keyed = cancelled(await engine.cancel(byKey('k', 'b', { requestKey: 'r' })))
  assert.notEqual(keyed.receiptId, first.receiptId)
  const keyedAgain = cancelled(await engine.cancel(byKey('k', 'b', { requestKey: 'r' })))
  assert.deepEqual([keyedAgain.receiptId, keyedAgain.replayed], [keyed.receiptId, true])
  await announced(db, event('new', [effect('new')], { key: 'k' }))
  const fresh = cancelled(await engine.cancel(byKey('k')))
  assert.notEqual(fresh.receiptId, first.receiptId)
  await markAll(db)
  await checkInvariants(db, [])
})

test('a second open cancel of a key has all of it in its receipt, called off by the first, however far that one was', async () => {
  for (const marked of [0, 2]) {
    await using database = await testDatabase()
    const { db } = database
    const names = ['1', '2', '3', '4', '5']
    for (const name of names) await announced(db, event(name, [effect(`e${name}`)], { key: 'k' }))
    const old = await announced(db, event('old', [effect('old')], { key: 'k', entity: 'another' }))
    await idleEngine(db, { maxMarkedAtOnce: 5000 }).cancel(byId(old))
    const first = cancelled(await openCancellation(contextOn(db), byKey('k')))
    assert.equal(first.is, 'cancelled')
    for (let i = 0; i < marked; i++) await markSomeOpen(contextOn(db), 1)
    const second = cancelled(await openCancellation(contextOn(db), byKey('k', 'b')))
    assert.deepEqual([second.is, second.replayed], ['over', false])
    const third = await announced(db, event('since', [effect('since')], { key: 'k' }))
    await markAll(db, 2)
    const engine = idleEngine(db, { maxMarkedAtOnce: 5000 })
    const { receipt, items } = await wholeReceipt(engine, second.receiptId)
    assert.deepEqual([receipt.counts.total, receipt.counts.already_cancelled], [5, 5], `${marked} marked`)
    assert.deepEqual(items.map(item => item.title).toSorted(), ['e1', 'e2', 'e3', 'e4', 'e5'])
    assert.ok(items.every(item => item.cancellationId === first.receiptId))
    assert.equal((await engine.receipt(TENANT, first.receiptId))?.counts.prevented, 5)
    assert.equal((await engine.event(TENANT, third))?.cancellationId, null)
    await checkInvariants(db, [], { settled: false })
  }
})

test('a small cancel of what an open one covers leaves it to that one and names it', async () => {
  await using database = await testDatabase()
  const { db } = database
  const root = await announced(db, event('root', [effect('r')], { key: 'k' }))
  const child = await announced(db, event('child', [effect('c')], { parent: { id: root, link: 'cancel' } }))
  const open = cancelled(await openCancellation(contextOn(db), byKey('k')))
  const [small] = await db.transaction('cancel', tx =>
    cancelBatch(contextOn(db), tx, [byId(child, 'b')], 5000),
  )
  assert.deepEqual(
    [cancelled(small).counts.already_cancelled, cancelled(small).counts.total, cancelled(small).eventIds],
    [1, 1, []],
  )
  await markAll(db)
  const engine = idleEngine(db, { maxMarkedAtOnce: 5000 })
  assert.equal((await engine.receipt(TENANT, open.receiptId))?.counts.prevented, 2)
  await checkInvariants(db, [])
})

test('a key is covered in every shard where an alias of it lives, and the alias of another entity is not', async () => {
  await using database = await testDatabase()
  const { db } = database
  const elsewhere = Array.from({ length: 300 }, (_, i) => `e${i}`).find(
    e => shardOfEntity(TENANT, e) !== shardOfEntity(TENANT, 'entity'),
  )!
  const root = await announced(db, event('root', [effect('root')], { entity: elsewhere }))
  await announced(
    db,
    event('aliased', [effect('aliased')], { key: 'k', parent: { id: root, link: 'cancel' } }),
  )
  await announced(db, event('own', [effect('own')], { key: 'k' }))
  const open = cancelled(await openCancellation(contextOn(db), byKey('k')))
  assert.deepEqual(
    (await startAll(db)).map(row => row.title),
    ['root'],
  )
  await markAll(db)
  assert.equal(
    (await idleEngine(db, { maxMarkedAtOnce: 5000 }).receipt(TENANT, open.receiptId))?.counts.prevented,
    2,
  )
})

test('two entities that share a shard and a key are two targets', async () => {
  await using database = await testDatabase()
  const { db } = database
  const twin = Array.from({ length: 5000 }, (_, i) => `e${i}`).find(
    e => shardOfEntity(TENANT, e) === shardOfEntity(TENANT, 'entity'),
  )!
  await announced(db, event('twin', [effect('twin')], { key: 'k', entity: twin }))
  const mine = await announced(db, event('mine', [effect('mine')], { key: 'k' }))
  const engine = idleEngine(db, { maxMarkedAtOnce: 5000 })
  assert.deepEqual(cancelled(await engine.cancel(byKey('k'))).eventIds, [mine])
  assert.deepEqual(
    (await startAll(db)).map(row => row.title),
    ['twin'],
  )
  const open = cancelled(await openCancellation(contextOn(db), { ...byKey('k', 'b') }))
  await markAll(db)
  assert.equal((await engine.receipt(TENANT, open.receiptId))?.counts.total, 0)
})

test('what runs under an open cancellation is told; kept is not; what ends before its mark was too late or stopped', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  await announced(
    db,
    event('root', [effect('sent'), effect('skipped'), effect('again'), effect('kept', { link: 'keep' })], {
      key: 'k',
    }),
  )
  const running = await startAll(db)
  const row = (title: string) => running.find(r => r.title === title)!
  await db.query({ text: `insert into engine.worker values ('${WORKER}', clock_timestamp() + '1 h', '', 0)` })
  const open = cancelled(await openCancellation(context, byKey('k')))
  const stopping = await db.query<{ id: string; cancellation_id: string }>(sql('must-stop'), [
    WORKER,
    running.map(r => r.id),
    running.map(r => r.start_id),
  ])
  assert.deepEqual(
    stopping.map(s => s.id).sort(),
    ['again', 'sent', 'skipped'].map(title => row(title).id).sort(),
  )
  assert.ok(stopping.every(s => s.cancellation_id === open.receiptId))
  await settleNow(context, attemptOf(row('sent'), { is: 'done' }))
  await settleNow(context, attemptOf(row('skipped'), { is: 'skipped' }))
  // A retry is not inserted under it: it comes back until it is asked to stop.
  const retry = attemptOf(row('again'), { is: 'retry', error: 'no' })
  const { settleAttempts } = await import('../../../server/src/engine/run/settle.ts')
  assert.deepEqual(await db.transaction('settle', tx => settleAttempts(context, tx, [retry])), ['locked'])
  while (
    (
      await db.query({
        text: `select from engine.effect where id = '${row('again').id}' and cancellation_id is null`,
      })
    ).length > 0
  ) {
    await markSomeOpen(context)
  }
  assert.deepEqual(await db.transaction('settle', tx => settleAttempts(context, tx, [retry])), ['ended'])
  // What is kept is retried even so.
  assert.deepEqual(
    await db.transaction('settle', tx =>
      settleAttempts(context, tx, [attemptOf(row('kept'), { is: 'retry', error: 'no' })]),
    ),
    ['retried'],
  )
  await markAll(db)
  const receipt = await idleEngine(db, { maxMarkedAtOnce: 5000 }).receipt(TENANT, open.receiptId)
  assert.deepEqual(Object.fromEntries(receipt!.items.map(i => [i.title, i.outcome])), {
    sent: 'too_late',
    skipped: 'stopped',
    again: 'stopped',
    kept: 'kept',
  })
})

test('with a living loop: a running effect of a huge tree hears its signal, and the receipt becomes final', async () => {
  const mail = new SteeredCarrier('mail')
  await using t = await testEngine([mail], { maxMarkedAtOnce: 3 })
  const { engine, database } = t
  await database.db.transaction('t', tx =>
    engine.announce(tx, [
      event(
        'root',
        [
          effect('now'),
          ...Array.from({ length: 10 }, (_, i) => effect(`later ${i}`, { due: { afterMs: 3_600_000 } })),
        ],
        { key: 'k' },
      ),
    ]),
  )
  const run = await mail.begun(1)
  const aborted = new Promise(resolve =>
    run.signal.addEventListener('abort', () => resolve(run.signal.reason.cancellationId)),
  )
  const outcome = cancelled(await engine.cancel(byKey('k') as CancelRequest))
  assert.equal(await aborted, outcome.receiptId)
  run.end({ is: 'stopped' })
  const receipt = await engine.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 })
  assert.deepEqual([receipt?.state, receipt?.counts.prevented, receipt?.counts.stopped], ['final', 10, 1])
  assert.equal(mail.runs.length, 1)
})

test('an announcement whose id is not in its tree is refused', async () => {
  await using database = await testDatabase()
  const { db } = database
  const foreign = '00000000-0000-8000-8000-000000000000'.replace(
    '8000-8',
    shardOfEntity(TENANT, 'entity') === 0 ? '8001-8' : '8000-8',
  )
  await assert.rejects(announced(db, event('x', [], { id: foreign })), UnstorableAnnouncement)
})

test('a root whose announcement is under way when the key is called off is waited for, and covered whole', async () => {
  await using database = await testDatabase()
  const { db } = database
  const seen: Seen[] = []
  const release = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const slow = db.transaction('slow', async tx => {
    await announce(contextOn(db), tx, [event('slow', [effect('of slow')], { key: 'k' })])
    // Its rows would travel with the commit: this sends them now.
    await tx.query({ text: 'select' })
    begun.resolve()
    await release.promise
  })
  await begun.promise
  await announced(db, event('quick', [effect('1'), effect('2'), effect('3')], { key: 'k' }))
  const opening = openCancellation(contextOn(db), byKey('k')).then(outcome =>
    seen.push({ saw: 'cancel', receiptId: cancelled(outcome).receiptId }),
  )
  // Its number is smaller than the one up to which the cancellation covers: so the cancellation waits for it.
  assert.equal(await overOrWaiting(db, opening), 'waiting')
  release.resolve()
  await Promise.all([slow, opening])
  await markAll(db, 2)
  for (const row of await startAll(db)) seen.push({ saw: 'start', effectId: row.id, attempt: row.attempt })
  await checkInvariants(db, seen, { settled: false })
})

test('what ends between a huge cancel’s acknowledgement and its mark brings no next step', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, { next: () => ({ effects: [effect('next')] }) })
  const root = await announced(db, event('root', [effect('steps', { kind: 'step' })]))
  const [row] = await startAll(db)
  await openCancellation(context, byId(root))
  assert.equal(await settleNow(context, attemptOf(row!, { is: 'done' })), 'ended')
  assert.deepEqual(await db.query({ text: `select from engine.effect where title = 'next'` }), [])
})
