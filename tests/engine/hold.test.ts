// On hold nothing is started, rescued, swept or closed that was there when a backup was restored; what is released goes, and nothing
// else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type { Engine } from '../../server/src/engine/engine.ts'
import { placeHold, placeHoldBeside } from '../../server/src/engine/hold/hold.ts'
import { dropPart, releasePart } from '../../server/src/engine/hold/release.ts'
import { closeReceipts, rescueOnce } from '../../server/src/engine/run/rescue.ts'
import { sql } from '../../server/src/engine/statements.ts'
import type { Database } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'
import { SteeredCarrier, testEngine } from '../support/engine.ts'
import { until } from '../support/until.ts'
import {
  announced,
  attemptOf,
  byId,
  caller,
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

/** Here: tests of other databases wait for each other too. */
const WAITING = `select from pg_locks where locktype = 'advisory' and not granted
  and database = (select oid from pg_database where datname = current_database())`

const HOUR = 3_600_000
const OTHER = 'fabrikam'
const RESTORED = { by: 'test', reason: null, restored: { backupAt: new Date('2026-01-01T00:00:00Z') } }
const PAUSE = { by: 'test', reason: null, restored: null }

const hold = (db: Database, how: typeof RESTORED | typeof PAUSE = RESTORED) =>
  db.transaction('hold', tx => placeHold(tx, how))
const later = (title: string) => effect(title, { due: { afterMs: HOUR } })
const titles = (rows: readonly { readonly title: string }[]) => rows.map(row => row.title).sort()

async function statesOf(engine: Engine, eventId: string): Promise<readonly string[]> {
  return (await engine.effectsOf(TENANT, eventId)).map(each => each.ending ?? each.state)
}

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
    placing = placeHoldBeside(db, RESTORED, { most: 2 })
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

test('a part is released by kind, event and due time, of one tenant; the rest stays', async () => {
  await using own = await testDatabase()
  const { db } = own
  const engine = idleEngine(db)
  const both = await announced(db, event('both', [effect('mail'), effect('step', { kind: 'step' })]))
  const one = await announced(db, event('one', [effect('one')]))
  await announced(db, event('later', [later('later')]))
  await announced(db, event('foreign', [effect('foreign')], { tenant: OTHER }))
  await hold(db)
  assert.deepEqual(
    (await engine.heldCounts(TENANT, {})).map(({ kind, standing, count }) => [kind, standing, count]),
    [
      ['mail', 'later', 1],
      ['mail', 'overdue', 2],
      ['step', 'overdue', 1],
    ],
  )
  assert.deepEqual(titles(await engine.held(TENANT, { standing: ['later'] }, null, 10)), ['later'])
  assert.deepEqual(titles(await engine.held(TENANT, { dueBefore: new Date(0) }, null, 10)), [])
  assert.deepEqual(titles(await engine.held(TENANT, { eventId: both }, null, 10)), ['mail', 'step'])

  // A foreign event, said with one's own tenant, is nothing.
  assert.equal((await engine.release(OTHER, { eventId: both }, null))?.released, 0)
  assert.deepEqual(await engine.release(TENANT, { kind: 'step' }, null), {
    released: 1,
    after: null,
    over: false,
  })
  assert.deepEqual(titles(await startAllDue(contextOn(db), db)), ['step'])
  await engine.release(TENANT, { eventId: one }, null)
  assert.deepEqual(titles(await startAllDue(contextOn(db), db)), ['one'])
  const soon = new Date(Date.now() + HOUR / 2)
  await engine.release(TENANT, { dueFrom: new Date(0), dueBefore: soon }, null)
  assert.deepEqual(titles(await startAllDue(contextOn(db), db)), ['mail'])
  assert.equal((await engine.hold(TENANT))?.partly, true)
  await engine.release(TENANT, { standing: ['later'] }, null)
  assert.equal((await engine.release(OTHER, { kind: 'mail' }, null))?.over, true, 'nothing is left')
  assert.equal(await engine.hold(TENANT), null)
  assert.equal(await engine.release(TENANT, { kind: 'mail' }, null), null)
})

test('a release takes on so much and says where to go on', async () => {
  await using own = await testDatabase()
  const { db } = own
  await announced(
    db,
    event(
      'e',
      [1, 2, 3, 4, 5].map(n => effect(`e${n}`)),
    ),
  )
  await hold(db)
  const found: number[] = []
  for (let after: string | null = null; ; ) {
    const done = await releasePart(contextOn(db), { tenant: TENANT, filter: { kind: 'mail' }, after }, 2)
    found.push(done?.released ?? -1)
    after = done?.after ?? null
    if (after === null) break
  }
  assert.deepEqual(found, [2, 2, 1])
})

test('a tenant that is released is free, with what it announces then; another is not', async () => {
  await using own = await testDatabase()
  const { db } = own
  const engine = idleEngine(db)
  await announced(db, event('mine', [effect('mine')]))
  await announced(db, event('foreign', [effect('foreign')], { tenant: OTHER }))
  await hold(db)
  assert.deepEqual(await engine.releaseTenant(TENANT), { over: false })
  assert.equal((await engine.hold(TENANT))?.tenantReleased, true)
  assert.equal((await engine.hold(OTHER))?.tenantReleased, false)
  await announced(db, event('new', [effect('new')]))
  await announced(db, event('foreign too', [effect('foreign too')], { tenant: OTHER }))
  assert.deepEqual(titles(await startAllDue(contextOn(db), db)), ['mine', 'new'])
  assert.equal(await engine.releaseTenant(TENANT), null, 'there is nothing of it to release')
  assert.deepEqual(await engine.releaseTenant(OTHER), { over: true })
})

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
    (await engine.held(TENANT, {}, null, 10)).map(({ title, standing, doubt }) => [title, standing, doubt]),
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
  assert.deepEqual(titles(await engine.held(TENANT, {}, null, 10)), ['listed'])
  assert.equal((await engine.release(TENANT, {}, null))?.over, true)
  await announced(db, event('new', [effect('new')]))
  assert.deepEqual(titles(await startAllDue(context, db)), ['listed', 'new'])
  await closeReceipts(contextOn(db, { clock: () => new Date(Date.now() + HOUR) }))
  const receipt = await engine.receipt(TENANT, open.receiptId)
  assert.deepEqual([receipt?.state, receipt?.counts.in_doubt], ['final', 1])
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

test('what is not wanted is called off with receipts; a notice of before the hold dies, one of this cancel does not', async () => {
  await using own = await testDatabase()
  const { db } = own
  const domain = {
    eventKind: 'native.event',
    cancelled: async (_tx: unknown, events: readonly { event: { id: string } }[]) =>
      new Map(events.map(each => [each.event.id, [effect('notice')]])),
  }
  const engine = idleEngine(db)
  engine.register({ domains: [domain] })
  const before = await announced(db, event('before', [later('before')]))
  const owed = cancelled(await engine.cancel(byId(before)))
  const [first, second] = [
    await announced(db, event('first', [effect('first'), later('first later')])),
    await announced(db, event('second', [later('second')])),
  ]
  await hold(db)
  const part = { tenant: TENANT, filter: {}, after: null, by: caller('olga'), reason: 'sent before' }
  const dropped = await dropPart(contextOn(db), part, request => engine.cancel(request))
  assert.deepEqual([dropped?.notices, dropped?.after, dropped?.over], [1, null, false])
  const receipts = await Promise.all(
    (dropped?.cancelled ?? []).map(outcome => engine.receipt(TENANT, cancelled(outcome).receiptId)),
  )
  assert.deepEqual(
    receipts.map(receipt => [receipt?.events[0]?.id, receipt?.counts.in_doubt, receipt?.counts.prevented]),
    [
      [first, 1, 1],
      [second, 0, 1],
    ],
  )
  assert.deepEqual(
    receipts.map(receipt => receipt?.notices.map(notice => notice.state)),
    [['pending'], ['pending']],
  )
  const [notice] = (await engine.receipt(TENANT, owed.receiptId))?.notices ?? []
  assert.deepEqual(
    [notice?.state, notice?.evidence],
    ['dead', { error: 'not wanted any more: said by olga when a hold was released' }],
  )
  assert.deepEqual(titles(await engine.held(TENANT, {}, null, 10)), ['notice', 'notice'])
  assert.deepEqual(await startAllDue(contextOn(db), db), [])
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
  assert.deepEqual(titles(await engine.held(TENANT, {}, null, 10)), ['a', 'b'])
  assert.deepEqual((await engine.hold(TENANT))?.backupAt, RESTORED.restored.backupAt)
})
