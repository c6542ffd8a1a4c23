// The fast path of a cancel: which requests take it, and that nobody who reads can tell the difference.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { CancelRequest } from '../../../server/src/core/cancellation.ts'
import { announce } from '../../../server/src/engine/announce/announce.ts'
import { revise } from '../../../server/src/engine/announce/revise.ts'
import { cancelBatch } from '../../../server/src/engine/cancel/cancel.ts'
import { cancelPlain } from '../../../server/src/engine/cancel/cancel-plain.ts'
import { readReceipt } from '../../../server/src/engine/receipt/read-receipt.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { testDatabase } from '../../support/database.ts'
import {
  attemptOf,
  byId,
  byKey,
  contextOn,
  effect,
  event,
  overOrWaiting,
  pendingOf,
  settleNow,
  startAllDue,
  startChosen,
  TENANT,
  ticketOf,
  WORKER,
} from '../engine-parts.ts'
import { checkInvariants } from '../model/invariants.ts'

const later = { due: { afterMs: 3_600_000 } }

async function make(db: Database, ...announcements: Parameters<typeof event>[]) {
  const context = contextOn(db)
  const results = await db.transaction('t', tx =>
    announce(
      context,
      tx,
      announcements.map(args => event(...args)),
    ),
  )
  return results.map(result => {
    assert.ok(result.is === 'announced')
    return result.eventId
  })
}

test('what is plain of a batch is cancelled; the rest is as it was', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const [plain, , parent, running, kept, doubtful] = await make(
    db,
    ['plain', [effect('p1', later), effect('p2', { ...later, next: ['then'] })], { key: 'plain' }],
    ['by key', [effect('k1', later)], { key: 'k' }],
    ['parent', [effect('q1', later)]],
    ['running', [effect('runs')]],
    ['kept', [effect('kept', { ...later, link: 'keep' })]],
    ['doubtful', [effect('doubt')]],
  )
  await make(db, ['child', [effect('c1', later)], { parent: { id: parent!, link: 'cancel' } }])
  const started = await startAllDue(context, db)
  const doubt = started.find(row => row.title === 'doubt')!
  await settleNow(
    context,
    attemptOf(doubt, { is: 'retry', error: 'cut off', mayHaveHappened: true, afterMs: 3_600_000 }),
  )
  const before = await pendingOf(db)
  const results = await cancelPlain(context, db, [
    byId(plain!),
    byKey('k'),
    byId(parent!),
    byId(running!),
    byId(kept!),
    byId(doubtful!),
    byKey('nothing has this key'),
  ])
  assert.deepEqual(
    results.map(r => r && [r.counts.total, r.counts.prevented, r.eventIds.length]),
    [[2, 2, 1], [1, 1, 1], null, null, null, null, null],
  )
  const titles = async () =>
    (await db.query<{ title: string }>({ text: 'select title from engine.effect order by title' })).map(
      row => row.title,
    )
  assert.deepEqual(await titles(), ['c1', 'doubt', 'kept', 'q1', 'runs'])
  assert.equal((await pendingOf(db)).length, before.length - 3)
  await checkInvariants(db, [], { settled: false })
})

test('a receipt of the fast path reads as one of the general path', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const effects = () => [
    effect('sent'),
    effect('failed'),
    effect('later', { ...later, next: ['then', 'and then'] }),
    effect('much later', { due: { afterMs: 7_200_000 } }),
  ]
  const [short, long] = await make(db, ['short', effects()], ['long', effects()])
  for (const row of await startAllDue(context, db))
    await settleNow(
      context,
      attemptOf(
        row,
        row.title === 'sent'
          ? { is: 'done', evidence: { reply: '250' } }
          : { is: 'failed', error: '550', mayHaveHappened: false },
      ),
    )
  const request = (eventId: string): CancelRequest =>
    byId(eventId, 'a', { reason: 'No longer', correlationId: 'c', data: { verb: 'cancel' } })
  const [one] = await cancelPlain(context, db, [request(short!)])
  const [other] = await db.transaction('cancel', tx => cancelBatch(context, tx, [request(long!)], 5000))
  assert.ok(one && other && 'receiptId' in other && !('refused' in other))
  assert.deepEqual(one.counts, other.counts)
  const read = async (id: string) => {
    const receipt = await readReceipt(context, TENANT, id)
    assert.ok(receipt)
    const plain = {
      ...receipt,
      id: '',
      cancelledAt: '',
      finalBy: '',
      target: { ...receipt.target, eventId: '' },
      events: receipt.events.map(e => ({ ...e, id: '', title: '' })),
      items: receipt.items.map(item => ({ ...item, effectId: '', eventId: '', at: '', dueAt: '' })),
    }
    return plain
  }
  assert.deepEqual(await read(one.receiptId), await read(other.receiptId))
  await checkInvariants(db, [])
})

test('who calls it off again is told by which cancel, item by item', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const [id] = await make(db, ['e', [effect('a', later), effect('b', later)], { key: 'k' }])
  const [first] = await cancelPlain(context, db, [byKey('k')])
  assert.ok(first)
  assert.deepEqual(await cancelPlain(context, db, [byKey('k'), byId(id!, 'b')]), [null, null])
  const [again, another] = await db.transaction('cancel', tx =>
    cancelBatch(context, tx, [byKey('k'), byId(id!, 'b')], 5000),
  )
  assert.ok(again && 'receiptId' in again && another && 'receiptId' in another && !('refused' in another))
  assert.equal(again.receiptId, first.receiptId)
  assert.equal(another.counts.already_cancelled, 2)
  const receipt = await readReceipt(context, TENANT, another.receiptId)
  assert.deepEqual(
    receipt?.items.map(item => [item.title, item.outcome, item.cancellationId]),
    ['a', 'b'].map(title => [title, 'already_cancelled', first.receiptId]),
  )
  await checkInvariants(db, [])
})

test('two requests of one batch that reach one event take the general path, both', async () => {
  await using database = await testDatabase()
  const { db } = database
  const [id] = await make(db, ['e', [effect('a', later)], { key: 'k' }])
  assert.deepEqual(await cancelPlain(contextOn(db), db, [byKey('k'), byId(id!, 'b')]), [null, null])
  assert.equal((await pendingOf(db)).length, 1)
})

test('a request key that was used before, and more than a row may hold, take the general path', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, { maxMarkedAtOnce: 3 })
  const [, many] = await make(
    db,
    ['e', [effect('a', later)], { key: 'k' }],
    ['many', Array.from({ length: 4 }, (_, i) => effect(`m${i}`, later))],
    ['f', [effect('b', later)], { key: 'l' }],
  )
  const [first] = await cancelPlain(context, db, [byKey('k', 'a', { requestKey: 'r' })])
  assert.ok(first)
  assert.deepEqual(await cancelPlain(context, db, [byKey('l', 'a', { requestKey: 'r' }), byId(many!)]), [
    null,
    null,
  ])
  assert.ok((await cancelPlain(context, db, [byKey('l', 'b', { requestKey: 'r' })]))[0], "another's key")
})

test('what is too much is not even locked: many events, with effects or without, and large ones', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const large = effect('large', { ...later, data: { text: randomBytes(60_000).toString('base64') } })
  for (let i = 0; i < 3; i++)
    await make(
      db,
      ...Array.from({ length: 400 }, (): Parameters<typeof event> => ['empty', [], { key: 'many' }]),
    )
  await make(db, ['large', [large], { key: 'large' }], ['small', [effect('s', later)], { key: 'small' }])
  const own = await db.connect()
  try {
    await own.query('begin')
    await own.query(`select from engine.event where key in ('many', 'large') for update`)
    // Would wait for ever, if it wanted a lock on any of them.
    const results = await cancelPlain(context, db, [byKey('many'), byKey('large'), byKey('small')])
    assert.deepEqual(
      results.map(result => result?.counts.prevented ?? null),
      [null, null, 1],
    )
    await own.query('rollback')
  } finally {
    await own.end()
  }
  const [outcome] = await db.transaction('cancel', tx =>
    cancelBatch(context, tx, [byKey('large', 'b')], 5000),
  )
  assert.ok(outcome && 'counts' in outcome)
  assert.equal(outcome.counts.prevented, 1)
})

test('a start that is under way is waited for, and what it started is not prevented', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const [id] = await make(db, ['e', [effect('a')]])
  await ticketOf(db, WORKER)
  const due = await pendingOf(db)
  const [rows, [result]] = await Promise.all([
    startChosen(context, db, WORKER, due),
    cancelPlain(context, db, [byId(id!)]),
  ])
  assert.equal(rows.length + (result?.counts.prevented ?? 0), 1)
})

test('what became more than a row may hold while a cancel waited for it takes the general path', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const [id] = await make(db, ['grows', [effect('first', later)]])
  const written = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const revising = db.transaction('revise', async tx => {
    const effects = Array.from({ length: 1001 }, (_, i) => effect(`${i}`, later))
    await revise(context, tx, { tenant: TENANT, eventId: id!, effects })
    // They would travel with the commit: this sends them now.
    await tx.query({ text: 'select' })
    written.resolve()
    await release.promise
  })
  await written.promise
  const cancelling = cancelPlain(context, db, [byId(id!)])
  assert.equal(await overOrWaiting(db, cancelling), 'waiting')
  release.resolve()
  await revising
  assert.deepEqual(await cancelling, [null])
  assert.equal((await pendingOf(db)).length, 1001)
})
