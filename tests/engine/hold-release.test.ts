// What is released from a hold goes on, and nothing else does. What is not wanted is called off, with receipts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dropPart, releasePart } from '../../server/src/engine/hold/release.ts'
import { testDatabase } from '../support/database.ts'
import {
  announced,
  byId,
  caller,
  cancelled,
  contextOn,
  effect,
  event,
  idleEngine,
  startAllDue,
  TENANT,
} from './engine-parts.ts'
import { HOUR, hold, later, titles } from './hold-world.ts'

const OTHER = 'fabrikam'

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
  assert.deepEqual(titles(await engine.listHeld(TENANT, { standing: ['later'] }, null, 10)), ['later'])
  assert.deepEqual(titles(await engine.listHeld(TENANT, { dueBefore: new Date(0) }, null, 10)), [])
  assert.deepEqual(titles(await engine.listHeld(TENANT, { eventId: both }, null, 10)), ['mail', 'step'])

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
  const earlier = cancelled(await engine.cancel(byId(before)))
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
  const [notice] = (await engine.receipt(TENANT, earlier.receiptId))?.notices ?? []
  assert.deepEqual(
    [notice?.state, notice?.evidence],
    ['dead', { error: 'not wanted any more: said by olga when a hold was released' }],
  )
  assert.deepEqual(titles(await engine.listHeld(TENANT, {}, null, 10)), ['notice', 'notice'])
  assert.deepEqual(await startAllDue(contextOn(db), db), [])
})
