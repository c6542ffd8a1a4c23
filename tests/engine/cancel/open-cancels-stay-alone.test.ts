// One huge cancel that cannot be marked, one tenant who cancels without end: it costs itself, and no other cancel.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Overloaded } from '../../../server/src/engine/batcher.ts'
import { MAX_OPEN, openCancellation } from '../../../server/src/engine/open-cancel/cancel-open.ts'
import { markSomeOpen, OpenMarker } from '../../../server/src/engine/open-cancel/open-marker.ts'
import { closeReceipts } from '../../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../../server/src/engine/run/settle.ts'
import { testDatabase } from '../../support/database.ts'
import {
  attemptOf,
  byId,
  contextOn,
  effect,
  idleEngine,
  later,
  make,
  receiptOf,
  settleNow,
  startAllDue,
  TENANT,
} from '../engine-parts.ts'

test('an open cancellation that cannot be marked stops nobody else’s', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { domains } = contextOn(db)
  const [[kind, domain]] = [...domains] as [[string, NonNullable<ReturnType<typeof domains.get>>]]
  const context = contextOn(db, {
    domains: new Map([
      [
        kind,
        {
          ...domain,
          cancelled: async (_tx, events) => {
            if (events.some(e => e.event.tenant === 'bad')) throw new Error('this hook throws')
            return new Map()
          },
        },
      ],
    ]),
  })
  const open = async (tenant: string) => {
    const id = await make(db, tenant, [effect('mail', later)], { tenant })
    return receiptOf(await openCancellation(context, { ...byId(id), tenant }))
  }
  const receipts = { bad: await open('bad'), good: await open('good'), zoo: await open('zoo') }
  const errors: unknown[] = []
  const marker = new OpenMarker(context, error => errors.push(error))
  while (await marker.markSome()) {}
  assert.match(String(errors), /this hook throws/)
  assert.equal(errors.length, 1)
  const engine = idleEngine(db)
  for (const tenant of ['good', 'zoo'] as const)
    assert.equal((await engine.receipt(tenant, receipts[tenant]))?.state, 'final')
  assert.equal((await engine.receipt('bad', receipts.bad))?.state, 'counting')
  // Mended, it goes on.
  while (await markSomeOpen(contextOn(db))) {}
  assert.equal((await engine.receipt('bad', receipts.bad))?.state, 'final')
})

test('open cancellations of different tenants are marked by turns', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const open = async (tenant: string, effects: number) => {
    const many = Array.from({ length: effects }, (_, i) => effect(`mail ${i}`, later))
    const id = await make(db, tenant, many, { tenant })
    return receiptOf(await openCancellation(context, { ...byId(id), tenant }))
  }
  const huge = await open('a', 400)
  const small = await open('b', 2)
  const engine = idleEngine(db)
  const marker = new OpenMarker(context, assert.ifError, 10)
  while ((await engine.receipt('b', small))?.state !== 'final') assert.ok(await marker.markSome())
  assert.equal((await engine.receipt('a', huge))?.state, 'counting')
})

test('a tenant that has many huge cancels open is told to come again; another one is not', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const open = async (tenant: string, n: number) => {
    const id = await make(db, `e${n}`, [effect('mail', later)], { tenant })
    return await openCancellation(context, { ...byId(id), tenant })
  }
  for (let n = 0; n < MAX_OPEN; n++) await open('contoso', n)
  await assert.rejects(open('contoso', MAX_OPEN), Overloaded)
  receiptOf(await open('fabrikam', 0))
  while (await markSomeOpen(context)) {}
  receiptOf(await open('contoso', 0))
})

test('a huge cancel: what it asks to stop has its time from when it was written down', async () => {
  await using database = await testDatabase()
  const { db } = database
  const start = Date.now()
  let now = start
  const clock = () => new Date(now)
  const context = contextOn(db, { clock })
  const engine = idleEngine(db, { clock })
  const id = await make(db, 'e', [effect('runs')])
  now += 1000
  const [row] = await startAllDue(context, db)
  const receipt = receiptOf(await openCancellation(context, byId(id)))
  now += 40_000
  // At every moment between two batches.
  do await closeReceipts(context)
  while (await markSomeOpen(context))
  const open = await engine.receipt(TENANT, receipt)
  assert.deepEqual([open?.state, open?.items[0]?.outcome], ['open', 'stopping'])
  assert.equal(Date.parse(open!.finalBy), now + 30_000)
  await settleNow(context, attemptOf(row!, { is: 'stopped' }))
  assert.deepEqual((await engine.receipt(TENANT, receipt))?.items[0]?.outcome, 'stopped')
})

test('what was proven not to have happened is not in doubt because a huge cancel had not reached it yet', async () => {
  await using database = await testDatabase()
  const { db } = database
  const base = contextOn(db)
  const mail = base.carriers.get('mail')!
  const askable = { ...mail, withdraw: () => null }
  const context = contextOn(db, { carriers: new Map([...base.carriers, ['mail', askable]]) })
  const id = await make(db, 'e', [effect('mail')])
  const [row] = await startAllDue(context, db)
  const receipt = receiptOf(await openCancellation(context, byId(id)))
  const stopped = attemptOf(row!, { is: 'stopped' })
  const report = () => db.transaction('settle', tx => settleAttempts(context, tx, [stopped]))
  assert.deepEqual(await report(), ['locked'])
  while (await markSomeOpen(context)) {}
  assert.deepEqual(await report(), ['ended'])
  assert.equal((await idleEngine(db).receipt(TENANT, receipt))?.items[0]?.outcome, 'stopped')
})
