// Two cancels of one thing: two targets under one request key at once, and a second cancel of what a first one prevented.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine } from '../../../server/src/engine/engine.ts'
import { testDatabase } from '../../support/database.ts'
import { random } from '../../support/engine.ts'
import {
  byId,
  byKey,
  contextOn,
  effect,
  event,
  idleEngine,
  later,
  make,
  receiptOf,
  TENANT,
} from '../engine-parts.ts'

test('one request key for two targets at once: one is cancelled, the other is told that its key was used', async () => {
  await using database = await testDatabase()
  const { db } = database
  for (let round = 0; round < 10; round++) {
    const keys = [`a${round}`, `b${round}`]
    for (const key of keys) await make(db, key, [effect('mail', later)], { key, entity: 'entity' })
    // Two processes.
    const engines = [idleEngine(db), idleEngine(db)]
    const outcomes = await Promise.all(
      keys.map((key, i) => engines[i]!.cancel(byKey(key, 'a', { requestKey: `r${round}` }))),
    )
    const refused = outcomes.filter(outcome => 'refused' in outcome)
    assert.equal(refused.length, 1, JSON.stringify(outcomes))
    assert.equal('refused' in refused[0]! && refused[0].refused, 'request_key_reused')
  }
})

test('the second receipt on what a plain cancel prevented: its items and its counts, inner steps apart, until it is swept', async () => {
  await using database = await testDatabase()
  const { db } = database
  const base = contextOn(db)
  const carriers = [
    ...base.carriers.values(),
    { ...base.carriers.get('mail')!, kind: 'delay', touchesWorld: false },
  ]
  const engine = new Engine({ db, random })
  engine.register({ carriers, domains: [...base.domains.values()] })
  const many = Array.from({ length: 900 }, (_, i) => effect(`mail ${i}`, later))
  const [result] = await db.transaction('t', tx =>
    engine.announce(tx, [event('e', [...many, effect('wait', { ...later, kind: 'delay' })])]),
  )
  assert.ok(result?.is === 'announced')
  const first = receiptOf(await engine.cancel(byId(result.eventId, 'a')))
  const second = receiptOf(await engine.cancel(byId(result.eventId, 'b')))
  const receipt = await engine.receipt(TENANT, second)
  assert.equal(receipt?.items.length, 900)
  assert.equal(receipt?.innerSteps.length, 1)
  assert.ok(receipt?.items.every(item => item.cancellationId === first && item.kind === 'mail'))
  assert.equal(receipt?.counts.already_cancelled, 900)
  // Counted without the items at hand.
  await db.query({ text: `update engine.cancellation set counts = null` })
  const page = await engine.receipt(TENANT, second, { after: receipt.items[10]!.effectId })
  assert.equal(page?.counts.already_cancelled, 900)
  assert.equal(page?.counts.total, 900)
})
