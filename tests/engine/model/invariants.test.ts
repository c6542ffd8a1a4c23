// What the judge of random commands lets pass and what not, on a real start and cancel whose answers are heard in either order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine } from '../../../server/src/engine/engine.ts'
import { testDatabase } from '../../support/database.ts'
import { random } from '../../support/engine.ts'
import { attemptOf, byId, contextOn, effect, event, settleNow, startAllDue } from '../engine-parts.ts'
import { checkInvariants, type Seen } from './invariants.ts'

/** An effect that ran when its event was called off, or that was prevented; it is over. */
async function calledOff(wasStarted: boolean) {
  const database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...context.carriers.values()], domains: [...context.domains.values()] })
  const [announced] = await db.transaction('t', tx => engine.announce(tx, [event('e', [effect('f')])]))
  assert.ok(announced && announced.is === 'announced')
  const [row] = wasStarted ? await startAllDue(context, db) : []
  const outcome = await engine.cancel(byId(announced.eventId))
  assert.ok(!('refused' in outcome))
  if (row) await settleNow(context, attemptOf(row, { is: 'stopped' }))
  const cancel: Seen = { saw: 'cancel', receiptId: outcome.receiptId, heardAt: 2 }
  const start: Seen = { saw: 'start', effectId: announced.effectIds[0] as string, attempt: 1, askedAt: 1 }
  const judge = (seen: readonly Seen[]) => checkInvariants(db, seen, { settled: false })
  return { cancel, start, judge, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

test('a start that was under way may be heard of behind the cancel that found it running', async () => {
  await using made = await calledOff(true)
  const { cancel, start, judge } = made
  await judge([start, cancel])
  await judge([cancel, start])
})

test('a start is never let pass that was sent behind the cancel, that came twice, or of what was prevented', async () => {
  const wrong = { message: /I1: f started after the commit/ }
  {
    await using made = await calledOff(true)
    const { cancel, start, judge } = made
    await assert.rejects(judge([cancel, { ...start, askedAt: 3 }]), wrong)
    await assert.rejects(judge([cancel, { saw: 'start', effectId: start.effectId, attempt: 1 }]), wrong)
    await assert.rejects(judge([start, cancel, start]), wrong)
    await assert.rejects(judge([cancel, start, start]), wrong)
  }
  await using made = await calledOff(false)
  const { cancel, start, judge } = made
  await assert.rejects(judge([cancel, start]), wrong)
})
