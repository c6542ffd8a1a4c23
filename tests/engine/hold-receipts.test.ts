// What a hold leaves in doubt, and what the receipts of its time say of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type { Engine } from '../../server/src/engine/engine.ts'
import { closeReceipts, rescueOnce } from '../../server/src/engine/run/rescue.ts'
import { sql } from '../../server/src/engine/statements.ts'
import { testDatabase } from '../support/database.ts'
import {
  announced,
  attemptOf,
  byId,
  cancelled,
  contextOn,
  effect,
  event,
  idleEngine,
  OTHER_WORKER,
  settleNow,
  startAllDue,
  TENANT,
  WORKER,
} from './engine-parts.ts'
import { HOUR, hold, later, PAUSE, RESTORED, titles } from './hold-world.ts'

async function statesOf(engine: Engine, eventId: string): Promise<readonly string[]> {
  return (await engine.effectsOf(TENANT, eventId)).map(each => each.ending ?? each.state)
}

test('what was running at the backup is nobody’s: after the release it is dead and in doubt, and never begun again', async () => {
  await using own = await testDatabase()
  const { db } = own
  const engine = idleEngine(db)
  const context = contextOn(db)
  const id = await announced(db, event('sent', [effect('sent')]))
  await startAllDue(context, db)
  await hold(db)
  const ran = await announced(db, event('waits', [effect('waits')]))
  assert.equal(await rescueOnce(context), 0)
  assert.deepEqual(await statesOf(engine, id), ['running'])
  assert.deepEqual(
    (await engine.listHeld(TENANT, {}, null, 10)).map(({ title, standing, doubt }) => [
      title,
      standing,
      doubt,
    ]),
    [
      ['sent', 'in_doubt', true],
      ['waits', 'overdue', false],
    ],
  )
  await engine.release(TENANT, { eventId: id }, null)
  assert.equal(await rescueOnce(context), 1)
  assert.deepEqual(await statesOf(engine, id), ['dead'])
  assert.deepEqual(await statesOf(engine, ran), ['pending'])
  assert.match((await engine.dead(TENANT))[0]?.error ?? '', /nobody knows how it went/)
  const receipt = await engine.receipt(TENANT, cancelled(await engine.cancel(byId(id))).receiptId)
  assert.equal(receipt?.counts.in_doubt, 1)
  assert.deepEqual(await startAllDue(context, db), [])
})

test('a wait that was running at the backup goes on after the release: nobody outside notices it', async () => {
  await using own = await testDatabase()
  const { db } = own
  const inner: Carrier = {
    kind: 'step',
    slots: 10,
    maxAttempts: 3,
    touchesWorld: false,
    run: async () => ({ is: 'done' }),
  }
  const context = contextOn(db, { carriers: new Map([['step', inner]]) })
  const engine = idleEngine(db)
  engine.register({ carriers: [inner] })
  const [made] = await db.transaction('t', tx =>
    engine.announce(tx, [event('w', [effect('w', { kind: 'step' })])]),
  )
  assert.ok(made?.is === 'announced')
  assert.equal((await startAllDue(context, db)).length, 1)
  await hold(db)
  assert.equal(await rescueOnce(context), 0)
  await engine.releaseAll()
  assert.equal(await rescueOnce(context), 1)
  assert.deepEqual(await statesOf(engine, made.eventId), ['pending'])
})

test('what a living process runs is let end, and is rescued as ever when the process is lost', async () => {
  await using own = await testDatabase()
  const { db } = own
  const context = contextOn(db)
  const engine = idleEngine(db)
  await db.query(sql('worker-join'), [null, WORKER, HOUR, '', 1])
  await db.query(sql('worker-join'), [null, OTHER_WORKER, HOUR, '', 1])
  const ends = await announced(db, event('ends', [effect('ends')]))
  const [row] = await startAllDue(context, db)
  const lost = await announced(db, event('lost', [effect('lost')]))
  await startAllDue(context, db, OTHER_WORKER)
  await hold(db)
  assert.deepEqual(
    (await engine.heldCounts(TENANT, {})).map(({ standing, count }) => [standing, count]),
    [['running', 2]],
  )
  assert.equal(await settleNow(context, attemptOf(row!, { is: 'done' })), 'ended')
  assert.deepEqual(await statesOf(engine, ends), ['done'])
  await db.query({
    text: `update engine.worker set alive_until = now() - interval '1 s' where id = '${OTHER_WORKER}'`,
  })
  assert.equal(await rescueOnce(context), 1)
  assert.deepEqual(await statesOf(engine, lost), ['pending'], 'on hold')
  const tomorrow = contextOn(db, { clock: () => new Date(Date.now() + 24 * HOUR) })
  assert.deepEqual(await startAllDue(tomorrow, db), [])
})

test('what had fallen due at a restore is in doubt, what falls due later is prevented; in a pause both are', async () => {
  for (const [how, expected] of [
    [RESTORED, 'in_doubt'],
    [PAUSE, 'prevented'],
  ] as const) {
    await using own = await testDatabase()
    const { db } = own
    const engine = idleEngine(db)
    const overdue = await announced(db, event('overdue', [effect('overdue')]))
    const due = await announced(db, event('later', [later('later')]))
    await hold(db, how)
    const meanwhile = await announced(db, event('meanwhile', [effect('meanwhile')]))
    for (const [id, outcome] of [
      [overdue, expected],
      [due, 'prevented'],
      [meanwhile, 'prevented'],
    ] as const) {
      const { receiptId } = cancelled(await engine.cancel(byId(id)))
      const receipt = await engine.receipt(TENANT, receiptId)
      assert.deepEqual(
        [receipt?.state, receipt?.items[0]?.outcome],
        ['final', outcome],
        `${how === PAUSE} ${id}`,
      )
    }
  }
})

test('what waited for an answer from outside at a restore is in doubt when it is called off, in a pause it was stopped', async () => {
  for (const [how, expected] of [
    [RESTORED, 'in_doubt'],
    [PAUSE, 'stopped'],
  ] as const) {
    await using own = await testDatabase()
    const { db } = own
    const context = contextOn(db)
    const waits = await announced(db, event('waits', [effect('waits')]))
    const answered = await announced(db, event('answered', [effect('answered')]))
    const rows = await startAllDue(context, db)
    for (const row of rows) await settleNow(context, attemptOf(row, { is: 'waiting' }))
    await hold(db, how)
    const meanwhile = await announced(db, event('meanwhile', [effect('meanwhile')]))
    const engine = idleEngine(db)
    const idOf = (title: string) => rows.find(row => row.title === title)?.id ?? ''
    const answer = { effectId: idOf('answered'), verdict: { is: 'done' } as const, tenant: TENANT }
    assert.deepEqual(await db.transaction('t', tx => engine.end(tx, [answer])), ['ended'])
    const { receiptId } = cancelled(await engine.cancel(byId(waits)))
    // As a room of offers takes one back, in the cancel's own commit.
    const taken = { effectId: idOf('waits'), verdict: { is: 'stopped' } as const, tenant: TENANT }
    assert.deepEqual(await db.transaction('t', tx => engine.end(tx, [taken])), ['ended'])
    assert.equal((await engine.receipt(TENANT, receiptId))?.items[0]?.outcome, expected)
    assert.deepEqual(await statesOf(engine, answered), ['done'])
    assert.deepEqual(await statesOf(engine, meanwhile), ['pending'])
  }
})

test('a receipt that was open at the hold stays open beyond its time; one of a cancel since is final in it', async () => {
  await using own = await testDatabase()
  const { db } = own
  const context = contextOn(db)
  const engine = idleEngine(db)
  const before = await announced(db, event('before', [effect('before')]))
  const since = await announced(db, event('since', [effect('since')]))
  await startAllDue(context, db)
  const open = cancelled(await engine.cancel(byId(before)))
  await hold(db)
  const fresh = cancelled(await engine.cancel(byId(since)))
  const inAnHour = contextOn(db, { clock: () => new Date(Date.now() + HOUR) })
  await closeReceipts(inAnHour)
  assert.equal((await engine.receipt(TENANT, open.receiptId))?.state, 'open')
  assert.deepEqual(
    (await engine.receipt(TENANT, fresh.receiptId))?.items.map(item => item.outcome),
    ['in_doubt'],
  )
  await engine.releaseTenant(TENANT)
  await closeReceipts(inAnHour)
  assert.equal((await engine.receipt(TENANT, open.receiptId))?.counts.in_doubt, 1)
})

test('what a cancel had asked to stop keeps no hold: it ends with the last that is listed, and the receipt closes', async () => {
  await using own = await testDatabase()
  const { db } = own
  const context = contextOn(db)
  const engine = idleEngine(db)
  const stopping = await announced(db, event('stopping', [effect('stopping')]))
  await startAllDue(context, db)
  await announced(db, event('listed', [effect('listed')]))
  const open = cancelled(await engine.cancel(byId(stopping)))
  await hold(db)
  assert.deepEqual(titles(await engine.listHeld(TENANT, {}, null, 10)), ['listed'])
  assert.equal((await engine.release(TENANT, {}, null))?.over, true)
  await announced(db, event('new', [effect('new')]))
  assert.deepEqual(titles(await startAllDue(context, db)), ['listed', 'new'])
  await closeReceipts(contextOn(db, { clock: () => new Date(Date.now() + HOUR) }))
  const receipt = await engine.receipt(TENANT, open.receiptId)
  assert.deepEqual([receipt?.state, receipt?.counts.in_doubt], ['final', 1])
})
