// I2, I3 and I4: what a receipt says, when it is final, and in which order its items stand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReceipt } from '../../server/src/engine/receipt/read-receipt.ts'
import { endFromOutside, resolve } from '../../server/src/engine/run/end.ts'
import { closeReceipts } from '../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../server/src/engine/run/settle.ts'
import { testDatabase } from '../support/database.ts'
import { attemptOf, byId, effect, event, newStartId, settleNow, TENANT } from './engine-parts.ts'
import { checkInvariants } from './model/invariants.ts'
import { timedEngine } from './timed-engine.ts'

test('every item says how it ended, once, and the counts are the items', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { context, make, startAll, cancel } = timedEngine(db)
  const later = { due: { afterMs: 3_600_000 } }
  const { eventId } = await make(
    event('root', [
      effect('done'),
      effect('skipped'),
      effect('dead'),
      effect('too late'),
      effect('stopped'),
      effect('doubt'),
      effect('prevented', { ...later, next: ['then'] }),
      effect('kept', { ...later, link: 'keep' }),
    ]),
  )
  const running = await startAll()
  const row = (title: string) => running.find(r => r.title === title)!
  await settleNow(context, attemptOf(row('done'), { is: 'done', evidence: { reply: '250' } }))
  await settleNow(context, attemptOf(row('skipped'), { is: 'skipped' }))
  await settleNow(context, attemptOf(row('dead'), { is: 'failed', error: '550' }))
  const child = await make(
    event('child', [effect('of child', later)], { parent: { id: eventId, link: 'cancel' } }),
  )
  const [earlier] = await cancel(byId(child.eventId, 'b'))
  await make(event('kept child', [effect('of kept', later)], { parent: { id: eventId, link: 'keep' } }))
  const [outcome] = await cancel(byId(eventId))
  const open = await readReceipt(context, TENANT, outcome!.receiptId)
  assert.deepEqual([open?.state, open?.counts.stopping, open?.counts.total], ['open', 3, 10])
  await settleNow(context, attemptOf(row('too late'), { is: 'done' }))
  await settleNow(context, attemptOf(row('stopped'), { is: 'stopped' }))
  await settleNow(context, attemptOf(row('doubt'), { is: 'retry', error: 'cut off', mayHaveHappened: true }))
  const receipt = await readReceipt(context, TENANT, outcome!.receiptId)
  assert.equal(receipt?.state, 'final')
  assert.deepEqual(Object.fromEntries(receipt!.items.map(i => [i.title, i.outcome])), {
    done: 'already_ended',
    skipped: 'already_ended',
    dead: 'already_ended',
    'too late': 'too_late',
    stopped: 'stopped',
    doubt: 'in_doubt',
    prevented: 'prevented',
    kept: 'kept',
    'of child': 'already_cancelled',
    'of kept': 'kept',
  })
  assert.equal(receipt!.counts.total, receipt!.items.length)
  const item = (title: string) => receipt!.items.find(i => i.title === title)!
  assert.equal(item('of child').cancellationId, earlier!.receiptId)
  assert.deepEqual([item('dead').ending, item('skipped').ending], ['dead', 'skipped'])
  assert.deepEqual(item('done').evidence, { reply: '250' })
  assert.deepEqual(item('prevented').next, ['then'])
  assert.deepEqual(
    receipt!.events.map(e => e.title),
    ['root'],
  )
})

test('final after 30 s although the worker died: what has no end is in doubt to every reader, and news becomes a note', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { time, context, make, startAll, cancel } = timedEngine(db)
  const { eventId } = await make(event('root', [effect('hangs')]))
  const [row] = await startAll()
  const [outcome] = await cancel(byId(eventId))
  const read = () => readReceipt(context, TENANT, outcome!.receiptId)
  time.ms += 29_999
  // What the maintenance job does every other second.
  await closeReceipts(context)
  assert.equal((await read())?.state, 'open')
  time.ms += 1
  const final = await read()
  assert.deepEqual([final?.state, final?.items[0]?.outcome], ['final', 'in_doubt'])
  time.ms += 60_000
  const late = await db.transaction('settle', tx =>
    settleAttempts(context, tx, [attemptOf(row!, { is: 'done', evidence: { reply: '250' } })]),
  )
  assert.deepEqual(late, ['gone'])
  await db.transaction('resolve', tx =>
    resolve(context, tx, row!.id, { is: 'resolved', outcome: 'too_late', evidence: null }, newStartId()),
  )
  const after = await read()
  assert.deepEqual({ ...after, notes: [] }, { ...final, notes: [] })
  assert.equal(after?.notes.length, 2)
  assert.deepEqual(after?.notes[0]?.evidence, { reply: '250' })
  assert.equal(after?.notes[0]?.at, new Date(time.ms).toISOString())
})

test('two readers and a settle at the end of the time: one end, one receipt', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { time, context, make, startAll, cancel } = timedEngine(db)
  const { eventId } = await make(
    event(
      'root',
      Array.from({ length: 20 }, (_, i) => effect(`${i}`)),
    ),
  )
  const rows = await startAll()
  const [outcome] = await cancel(byId(eventId))
  time.ms += 30_000
  const [one, two] = await Promise.all([
    readReceipt(context, TENANT, outcome!.receiptId),
    readReceipt(context, TENANT, outcome!.receiptId),
    ...rows.map(row => settleNow(context, attemptOf(row, { is: 'done' }))),
  ])
  const last = await readReceipt(context, TENANT, outcome!.receiptId)
  for (const receipt of [one, two])
    if (receipt?.state === 'final') assert.deepEqual(receipt.counts, last?.counts)
  assert.equal(last!.counts.in_doubt + last!.counts.too_late, 20)
  await checkInvariants(db, [])
})

test('waiting: nobody runs it, its answer ends it, and a cancel that came first wins over an accept', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { context, make, startAll, cancel } = timedEngine(db)
  const first = await make(event('accepted', [effect('offer')]))
  const [offer] = await startAll()
  assert.equal(
    await settleNow(context, attemptOf(offer!, { is: 'waiting', evidence: { on: 'screen' } })),
    'waiting',
  )
  const answer = (effectId: string) =>
    db.transaction('end', tx => endFromOutside(context, tx, [{ effectId, verdict: { is: 'done' } }]))
  assert.deepEqual(await answer(offer!.id), ['ended'])
  assert.deepEqual(await answer(offer!.id), ['gone'])
  const [after] = await cancel(byId(first.eventId))
  assert.deepEqual([after!.counts.already_ended, after!.counts.total], [1, 1])

  const second = await make(event('withdrawn', [effect('offer 2')]))
  const [offer2] = await startAll()
  await settleNow(context, attemptOf(offer2!, { is: 'waiting' }))
  await cancel(byId(second.eventId))
  assert.deepEqual(await answer(offer2!.id), ['gone'])
  const withdrawn = await db.transaction('end', tx =>
    endFromOutside(context, tx, [{ effectId: offer2!.id, verdict: { is: 'stopped' } }]),
  )
  assert.deepEqual(withdrawn, ['ended'])
})

test('items stand in the order of time; a huge receipt is paged by id, each page in that order', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { context, make, cancel } = timedEngine(db)
  // Due in an order that is not that of their ids.
  const effects = Array.from({ length: 1500 }, (_, i) =>
    effect(`e${i}`, { due: { afterMs: 1000 + ((i * 997) % 1500) } }),
  )
  const { eventId: id } = await make(event('huge', effects))
  const [done] = await cancel(byId(id))
  const first = await readReceipt(context, TENANT, done!.receiptId)
  assert.ok(first?.itemsAfter)
  const second = await readReceipt(context, TENANT, done!.receiptId, first.itemsAfter)
  assert.equal(second?.itemsAfter, null)
  assert.deepEqual([first.items.length, second!.items.length], [1000, 500])
  assert.equal(new Set([...first.items, ...second!.items].map(item => item.effectId)).size, 1500)
  for (const { items } of [first, second!]) {
    const due = items.map(item => Date.parse(item.dueAt))
    assert.deepEqual(
      due,
      due.toSorted((a, b) => a - b),
    )
  }
  assert.ok(first.items.every(item => item.effectId <= first.itemsAfter!))
  assert.ok(second!.items.every(item => item.effectId > first.itemsAfter!))
})

test("all that a receipt dates is dated by one clock, the tenant's, also when it moves on meanwhile", async () => {
  await using database = await testDatabase()
  const { db } = database
  const { context, time, make, startAll, cancel } = timedEngine(db)
  const setClock = (days: number) =>
    db.query({
      text: `insert into engine.tenant (id, sandbox, clock_offset) values ('${TENANT}', true, '${days} days')
        on conflict (id) do update set clock_offset = excluded.clock_offset`,
    })
  const now = (days: number) => new Date(time.ms + days * 86_400_000).toISOString()
  await setClock(3)
  const { eventId: id } = await make(
    event('all', [
      effect('done'),
      effect('stopped'),
      effect('too late'),
      effect('in doubt'),
      effect('unheard'),
      effect('prevented', { due: { afterMs: 3_600_000 } }),
    ]),
  )
  const started = new Map((await startAll()).map(row => [row.title, row]))
  const settle = async (title: string, verdict: Parameters<typeof attemptOf>[1]) =>
    db.transaction('settle', tx => settleAttempts(context, tx, [attemptOf(started.get(title)!, verdict)]))
  time.ms += 1000
  await settle('done', { is: 'done' })
  const expected: Record<string, string | null> = { done: now(3) }
  time.ms += 1000
  const [result] = await cancel(byId(id))
  expected.prevented = now(3)
  time.ms += 1000
  await settle('stopped', { is: 'stopped' })
  expected.stopped = now(3)
  await settle('too late', { is: 'done' })
  expected['too late'] = now(3)
  await settle('in doubt', { is: 'in_doubt' })
  expected['in doubt'] = now(3)
  // Nobody looks for an hour. It is in doubt from when its time was up.
  const finalBy = (await readReceipt(context, TENANT, result!.receiptId))!.finalBy
  time.ms += 3_600_000
  const receipt = await readReceipt(context, TENANT, result!.receiptId)
  expected.unheard = finalBy
  assert.equal(receipt?.state, 'final')
  assert.deepEqual(Object.fromEntries(receipt!.items.map(item => [item.title, item.at])), expected)
  assert.equal(receipt!.cancelledAt, expected.prevented)
})
