// On hold nothing is started, rescued or swept that was there when a backup was restored, and nothing that is announced meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeHold, placeHoldBeside } from '../../server/src/engine/hold/hold.ts'
import { sql } from '../../server/src/engine/statements.ts'
import { testDatabase } from '../support/database.ts'
import { SteeredCarrier, testEngine } from '../support/engine.ts'
import { until } from '../support/until.ts'
import { announced, byId, contextOn, effect, event, idleEngine, startAllDue, TENANT } from './engine-parts.ts'
import { HOUR, hold, later, PAUSE, RESTORED, titles } from './hold-world.ts'

/** Here: tests of other databases wait for each other too. */
const WAITING = `select from pg_locks where locktype = 'advisory' and not granted
  and database = (select oid from pg_database where datname = current_database())`

test('nothing is started, neither what was there nor what is announced meanwhile; both go after the release', async () => {
  await using own = await testDatabase()
  const { db } = own
  await announced(db, event('before', [effect('before')]))
  assert.equal(await hold(db), true)
  assert.equal(await hold(db), false, 'a second one changes nothing')
  await announced(db, event('meanwhile', [effect('meanwhile')]))
  assert.deepEqual(await startAllDue(contextOn(db), db), [])
  const [next] = await db.query<{ ms: number }>(sql('next-due'), [null, '{}', ['mail'], '{}'])
  assert.equal(next, undefined, 'nor does a loop wake for it')
  const engine = idleEngine(db)
  assert.equal(await engine.releaseAll(), true)
  assert.equal(await engine.releaseAll(), false)
  assert.deepEqual(titles(await startAllDue(contextOn(db), db)), ['before', 'meanwhile'])
})

test('a start that is under way has ended when the hold is placed', async () => {
  await using own = await testDatabase()
  const { db } = own
  await announced(db, event('e', [effect('e')]))
  let placed = false
  let placing: Promise<unknown> = Promise.resolve()
  await db.transaction('starting', async tx => {
    await tx.query(sql('gates-shared'), [[0, 1, 2, 3, 4, 5, 6, 7]])
    placing = hold(db).then(() => {
      placed = true
    })
    const waiting = { text: WAITING }
    await until(async () => (await db.query(waiting)).length !== 0)
    assert.equal(placed, false)
  })
  await placing
  assert.deepEqual(await startAllDue(contextOn(db), db), [])
})

test('beside a running server what is overdue is marked before anybody waits for the hold; what somebody holds, with it', async () => {
  await using own = await testDatabase()
  const { db } = own
  const id = await announced(
    db,
    event(
      'e',
      [1, 2, 3, 4, 5].map(n => effect(`e${n}`)),
    ),
  )
  await announced(db, event('later', [later('later')]))
  const [held] = await idleEngine(db).effectsOf(TENANT, id)
  const doubtful = async () =>
    (await db.query({ text: 'select from engine.effect where doubt and due_at < now()' })).length
  let placing: Promise<boolean> = Promise.resolve(false)
  await db.transaction('announcing', async tx => {
    await tx.query(sql('gates-shared'), [[0]])
    await tx.query({ text: `select from engine.effect where id = '${held?.id}' for update` })
    placing = placeHoldBeside(db, RESTORED, { limit: 2 })
    const waiting = { text: WAITING }
    await until(async () => (await db.query(waiting)).length !== 0)
    assert.equal(await doubtful(), 4)
    assert.equal(await idleEngine(db).hold(TENANT), null)
  })
  assert.equal(await placing, true)
  assert.equal(await doubtful(), 5)
  assert.equal((await db.query({ text: 'select from engine.effect where doubt' })).length, 5)
  assert.equal(await placeHoldBeside(db, RESTORED), false, 'a second one changes nothing')
})

test('nothing is swept while on hold', async () => {
  await using own = await testDatabase()
  const { db } = own
  const engine = idleEngine(db, { clock: () => new Date(Date.now() + 48 * HOUR) })
  const id = await announced(db, event('e', [effect('e')]))
  await idleEngine(db).cancel(byId(id))
  await hold(db)
  const sweep = { retentionMs: HOUR, everyMs: HOUR }
  await engine.sweep(sweep)
  const held = await engine.sweep(sweep)
  assert.deepEqual([held.events, held.receipts, held.more], [0, 0, false])
  assert.notEqual(await engine.event(TENANT, id), null)
  await engine.releaseAll()
  let gone = 0
  for (let more = true; more; ) {
    const swept = await engine.sweep(sweep)
    gone += swept.events
    more = swept.more
  }
  assert.equal(gone, 1)
})

test('a sandbox’s clock does not move while its tenant is on hold, also when the hold comes in the middle', async () => {
  const mail = new SteeredCarrier('mail')
  await using own = await testEngine([mail])
  const { engine, database } = own
  await database.db.transaction('t', tx => engine.putTenant(tx, TENANT, true))
  await database.db.transaction('t', tx => engine.announce(tx, [event('e', [effect('e')])]))
  const moving = engine.advanceClock(TENANT, HOUR)
  await mail.begun(1)
  await hold(database.db)
  await assert.rejects(moving, { code: 'ON_HOLD', status: 409 })
  await assert.rejects(engine.advanceClock(TENANT, HOUR), { code: 'ON_HOLD' })
  assert.ok((await engine.now(TENANT)).getTime() < Date.now() + HOUR / 2)
  await engine.releaseTenant(TENANT)
  mail.answer = () => ({ is: 'done' })
  mail.runs[0]?.end({ is: 'done' })
  await engine.advanceClock(TENANT, HOUR)
})

test('a hold that came with a backup is replaced: what was released before it is on hold again', async () => {
  await using own = await testDatabase()
  const { db } = own
  const engine = idleEngine(db)
  await announced(db, event('a', [effect('a')]))
  await announced(db, event('b', [later('b')]))
  await hold(db, PAUSE)
  await engine.release(TENANT, { standing: ['overdue'] }, null)
  assert.equal(await db.transaction('t', tx => placeHold(tx, { ...RESTORED, replace: true })), true)
  assert.deepEqual(await startAllDue(contextOn(db), db), [])
  assert.deepEqual(titles(await engine.listHeld(TENANT, {}, null, 10)), ['a', 'b'])
  assert.deepEqual((await engine.hold(TENANT))?.backupAt, RESTORED.restored.backupAt)
})
