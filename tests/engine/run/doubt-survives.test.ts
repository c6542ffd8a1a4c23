// What may have happened stays in doubt, whatever becomes of the effect: dead, tried again by hand, replaced, rescued.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce } from '../../../server/src/engine/announce/announce.ts'
import { Engine } from '../../../server/src/engine/engine.ts'
import { rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { testDatabase } from '../../support/database.ts'
import { random } from '../../support/engine.ts'
import { attemptOf, byId, contextOn, effect, event, settleNow, startAllDue, TENANT } from '../engine-parts.ts'

const LATER = 3_600_000
const lost = { is: 'retry', error: 'no answer', mayHaveHappened: true, afterMs: LATER } as const
const refused = { is: 'retry', error: 'refused', afterMs: LATER } as const

async function world(db: Database, maxAttempts = 3) {
  const context = contextOn(db)
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...context.carriers.values()], domains: [...context.domains.values()] })
  const [result] = await db.transaction('t', tx =>
    announce(context, tx, [event('root', [effect('mail', { maxAttempts })])]),
  )
  assert.ok(result?.is === 'announced')
  const { eventId } = result
  const attempt = async (verdict: Parameters<typeof attemptOf>[1]) => {
    await db.query({ text: `update engine.effect set due_at = now() where state = 'pending'` })
    const [row] = await startAllDue(context, db)
    assert.ok(row)
    await settleNow(context, attemptOf(row, verdict))
    return row.id
  }
  /** What a cancel says of the effects that it finds. */
  const outcomes = async () => {
    const cancelled = await engine.cancel(byId(eventId))
    assert.ok('receiptId' in cancelled && !('refused' in cancelled))
    const receipt = await engine.receipt(TENANT, cancelled.receiptId)
    return receipt?.items.map(item => item.outcome)
  }
  return { context, engine, eventId, attempt, outcomes }
}

test('dead in doubt, then called off: in doubt', async () => {
  await using database = await testDatabase()
  const { attempt, outcomes } = await world(database.db, 1)
  await attempt(lost)
  assert.deepEqual(await outcomes(), ['in_doubt'])
})

test('dead without doubt, then called off: it had ended before', async () => {
  await using database = await testDatabase()
  const { attempt, outcomes } = await world(database.db, 1)
  await attempt(refused)
  assert.deepEqual(await outcomes(), ['already_ended'])
})

test('dead in doubt, tried again by hand, called off before its next attempt: in doubt', async () => {
  await using database = await testDatabase()
  const { attempt, outcomes, engine } = await world(database.db, 1)
  const id = await attempt(lost)
  assert.equal(await engine.retry(TENANT, id), 'retried')
  assert.deepEqual(await outcomes(), ['in_doubt'])
})

test('in doubt, refused, dead, tried again by hand, refused again: still in doubt', async () => {
  await using database = await testDatabase()
  const { attempt, outcomes, engine } = await world(database.db, 2)
  await attempt(lost)
  const id = await attempt(refused)
  assert.equal(await engine.retry(TENANT, id), 'retried')
  await attempt(refused)
  assert.deepEqual(await outcomes(), ['in_doubt'])
})

test('in doubt, then replaced by a revise, then called off: in doubt', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { attempt, outcomes, engine, eventId } = await world(db)
  await attempt(lost)
  await db.transaction('revise', tx => engine.revise(tx, { tenant: TENANT, eventId, effects: [] }))
  assert.deepEqual(await outcomes(), ['in_doubt'])
})

test('its process was lost, then called off: in doubt, but not what lives in the database', async () => {
  await using database = await testDatabase()
  const { db } = database
  const carriers = new Map(contextOn(db).carriers)
  carriers.set('wait', {
    kind: 'wait',
    slots: 9,
    maxAttempts: 9,
    touchesWorld: false,
    run: async () => ({ is: 'done' }),
  })
  const context = contextOn(db, { carriers })
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...carriers.values()] })
  const [result] = await db.transaction('t', tx =>
    announce(context, tx, [event('root', [effect('mail'), effect('wait', { kind: 'wait' })])]),
  )
  assert.ok(result?.is === 'announced')
  await startAllDue(context, db)
  assert.equal(await rescueOnce(context), 2)
  const cancelled = await engine.cancel(byId(result.eventId))
  assert.ok('receiptId' in cancelled && !('refused' in cancelled))
  const receipt = await engine.receipt(TENANT, cancelled.receiptId)
  assert.deepEqual(
    [receipt?.items.map(item => item.outcome), receipt?.innerSteps.map(step => step.outcome)],
    [['in_doubt'], ['prevented']],
  )
  assert.deepEqual(receipt?.counts.total, 1)
})

test('in doubt, then skipped by its next attempt, then called off: in doubt', async () => {
  await using database = await testDatabase()
  const { attempt, outcomes } = await world(database.db)
  await attempt(lost)
  await attempt({ is: 'skipped' })
  assert.deepEqual(await outcomes(), ['in_doubt'])
})

test('once it has taken effect there is nothing to doubt', async () => {
  await using database = await testDatabase()
  const { attempt, outcomes } = await world(database.db)
  await attempt(lost)
  await attempt({ is: 'done' })
  assert.deepEqual(await outcomes(), ['already_ended'])
})

test('dead in doubt, with a receiver that can be asked: a cancel asks it, and waits for its answer', async () => {
  await using database = await testDatabase()
  const { db } = database
  const base = contextOn(db)
  const askable = { ...base.carriers.get('mail')!, withdraw: () => null }
  const context = contextOn(db, { carriers: new Map([...base.carriers, ['mail', askable]]) })
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...context.carriers.values()], domains: [...context.domains.values()] })
  const [result] = await db.transaction('t', tx =>
    announce(context, tx, [event('root', [effect('mail', { maxAttempts: 1 })])]),
  )
  assert.ok(result?.is === 'announced')
  const [row] = await startAllDue(context, db)
  await settleNow(context, attemptOf(row!, lost))
  const cancelled = await engine.cancel(byId(result.eventId))
  assert.ok('receiptId' in cancelled && !('refused' in cancelled))
  const asked = await engine.receipt(TENANT, cancelled.receiptId)
  assert.deepEqual([asked?.state, asked?.items[0]?.outcome], ['open', 'stopping'])
  await db.transaction('end', tx =>
    engine.end(tx, [{ effectId: row!.id, verdict: { is: 'resolved', outcome: 'stopped', evidence: null } }]),
  )
  const answered = await engine.receipt(TENANT, cancelled.receiptId)
  assert.deepEqual([answered?.state, answered?.items[0]?.outcome], ['final', 'stopped'])
})
