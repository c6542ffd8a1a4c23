import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StartedEffect } from '../../../server/src/core/effects/effect.ts'
import { SteeredCarrier, testEngine } from '../../support/engine.ts'

const TENANT = 'contoso'
const by = { principal: 'app:1', api: 'native', name: 'test' } as const
const target = { key: 'k', entity: 'e', kind: 'native.event' }

async function announce(t: Awaited<ReturnType<typeof testEngine>>, kind: string) {
  await t.database.db.transaction('test', tx =>
    t.engine.announce(tx, [
      {
        tenant: TENANT,
        kind: 'native.event',
        key: 'k',
        entity: 'e',
        title: 'An event',
        data: {},
        effects: [{ kind, title: kind, due: { afterMs: 0 }, data: {} }],
      },
    ]),
  )
}

async function cancel(t: Awaited<ReturnType<typeof testEngine>>) {
  const outcome = await t.engine.cancel({ tenant: TENANT, target, by })
  assert.ok('counts' in outcome)
  return outcome
}

/** Fails so that nobody knows whether it had its effect, and is far from its next attempt. */
const lost = { is: 'retry', error: 'no answer', mayHaveHappened: true, afterMs: 3_600_000 } as const

async function untilPending(t: Awaited<ReturnType<typeof testEngine>>) {
  for (;;) {
    const { events } = await t.engine.lists.events({ tenant: TENANT, filter: { entity: 'e' }, limit: 1 })
    const [effect] = await t.engine.effectsOf(TENANT, events[0]!.id)
    if (effect?.state === 'pending' && effect.attempt === 2) return
  }
}

test('what waits for its second attempt after one that may have happened is in doubt, not prevented', async () => {
  const mail = new SteeredCarrier('mail', { answer: () => lost })
  await using t = await testEngine([mail])
  await announce(t, 'mail')
  await mail.begun(1)
  await untilPending(t)
  const outcome = await cancel(t)
  assert.equal(outcome.counts.in_doubt, 1)
  const receipt = await t.engine.receipt(TENANT, outcome.receiptId)
  assert.equal(receipt?.state, 'final')
  assert.deepEqual(receipt?.items[0]?.evidence, {
    why: 'an earlier attempt may have had its effect',
    error: 'no answer',
  })
})

test('where the other side can be asked, its answer decides', async () => {
  class Askable extends SteeredCarrier {
    withdraw({ id }: { readonly id: string }) {
      return { kind: 'ask', title: 'Withdrawal', due: { afterMs: 0 }, data: { id } }
    }
  }
  const call = new Askable('call', { answer: () => lost })
  const ask = new SteeredCarrier('ask', {
    answer: (effect: StartedEffect) => ({
      is: 'done',
      result: { resolves: effect.data.id as string, outcome: 'stopped', evidence: { said: 'never saw it' } },
    }),
  })
  await using t = await testEngine([call, ask])
  await announce(t, 'call')
  await call.begun(1)
  await untilPending(t)
  const outcome = await cancel(t)
  assert.equal(outcome.counts.stopping, 1)
  const receipt = await t.engine.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 })
  assert.equal(receipt?.state, 'final')
  assert.equal(receipt?.items[0]?.outcome, 'stopped')
  assert.deepEqual(receipt?.items[0]?.evidence, { said: 'never saw it' })
  assert.equal(receipt?.notices.length, 1)
})

test('a second attempt that is stopped does not clear the first: in doubt', async () => {
  const mail = new SteeredCarrier('mail', { maxAttempts: 5 })
  await using t = await testEngine([mail])
  await announce(t, 'mail')
  const first = await mail.begun(1)
  first.end({ ...lost, afterMs: 0 })
  const second = await mail.begun(2)
  const outcome = await cancel(t)
  second.end({ is: 'stopped' })
  const receipt = await t.engine.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 })
  assert.equal(receipt?.items[0]?.outcome, 'in_doubt')
  assert.equal(receipt?.counts.in_doubt, 1)
  assert.equal(mail.runs.length, 2)
})
