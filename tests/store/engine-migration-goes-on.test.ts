// Migration 9: everything that the version before had left unfinished goes on from where it was.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from '../../server/src/engine/engine.ts'
import { markSomeOpen } from '../../server/src/engine/open-cancel/open-marker.ts'
import { rescueOnce } from '../../server/src/engine/run/rescue.ts'
import { contextOn } from '../engine/engine-parts.ts'
import { checkInvariants, type Seen } from '../engine/model/invariants.ts'
import { until } from '../support/until.ts'
import { DONE, engineOn, migrated, plain, request } from './migrated-world.ts'
import { GONE, type World } from './world-before.ts'

test('what pends starts once; what a lost process ran starts once more, as its next attempt; everything ends and the promise holds', async () => {
  await using own = await migrated()
  const { world, db } = own
  const seen: Seen[] = world.cancellations.map(receiptId => ({ saw: 'cancel', receiptId }))
  const finals = new Map<string, unknown>()
  const reader = engineOn(db)
  for (const id of world.cancellations) {
    const receipt = await reader.receipt('contoso', id)
    if (receipt?.state === 'final') finals.set(id, plain([receipt.items, receipt.innerSteps, receipt.counts]))
  }
  const engine = engineOn(db, {
    days: 9,
    run: ({ id, attempt }) => {
      seen.push({ saw: 'start', effectId: id, attempt })
      return DONE
    },
  })
  await engine.start()
  try {
    // Nobody answers what waits for an answer from outside; what was called off of it is in doubt.
    const left = {
      text: `select id from engine.effect union all select cancellation_id from engine.open_cancellation`,
    }
    const waits = world.running.offer
    await until(async () => (await db.query<{ id: string }>(left)).every(row => row.id === waits))
    await db.transaction('end', tx => engine.end(tx, [{ effectId: waits, verdict: DONE }]))
  } finally {
    await engine.stop()
  }
  const starts = seen.flatMap(one => (one.saw === 'start' ? [[one.effectId, one.attempt] as const] : []))
  const { pending, running, called, half, acknowledged } = world
  const withdrawals = await db.query<{ id: string }>(
    {
      text: `select id from engine.ended where kind = 'webhook.withdraw' and not id = any ($1)`,
    },
    [called.notices],
  )
  assert.deepEqual(withdrawals, [])
  assert.deepEqual(
    new Map(starts),
    new Map([
      [pending.plain, 1],
      [pending.doubted, 3],
      [pending.later, 1],
      [pending.wait, 1],
      [pending.rescuedWait, 2],
      [pending.ofChild, 1],
      [pending.ofSandbox, 1],
      [running.mail, 2],
      [running.webhook, 3],
      [running.timer, 2],
      [called.effects.kept, 1],
      [called.effects.keptBelow, 1],
      [called.notices[2] ?? '', 2],
      [called.notices[3] ?? '', 2],
      [half.effects.rootKept, 1],
      [half.effects.keptPending, 1],
      [acknowledged.ofRoot, 1],
    ]),
  )
  assert.equal(starts.length, 17, 'each of them once')
  await checkInvariants(db, seen)
  for (const [id, was] of finals) {
    const receipt = await reader.receipt('contoso', id)
    assert.deepEqual(
      plain([receipt?.items, receipt?.innerSteps, receipt?.counts]),
      was,
      'a final receipt changed',
    )
  }
  await assertHalfIsWhole(reader, world)
})

async function assertHalfIsWhole(engine: Engine, { half, acknowledged }: World): Promise<void> {
  const receipt = await engine.receipt('contoso', half.by)
  assert.equal(receipt?.state, 'final')
  assert.deepEqual(
    new Map(receipt?.items.map(item => [item.effectId, item.outcome])),
    new Map([
      [half.effects.rootPrevented, 'prevented'],
      [half.effects.rootAsked, 'in_doubt'],
      [half.effects.rootDone, 'already_ended'],
      [half.effects.rootKept, 'kept'],
      [half.effects.firstPrevented, 'prevented'],
      [half.effects.firstPending, 'prevented'],
      [half.effects.firstRunning, 'in_doubt'],
      [half.effects.secondPending, 'prevented'],
      [half.effects.secondDoubted, 'in_doubt'],
      [half.effects.keptPending, 'kept'],
      [half.effects.ofBefore, 'already_cancelled'],
    ]),
  )
  assert.equal(receipt?.items.length, 11)
  assert.equal(
    receipt?.items.find(item => item.effectId === half.effects.ofBefore)?.cancellationId,
    half.earlier,
  )
  assert.equal(receipt?.events.length, 3)
  const huge = await engine.receipt('contoso', acknowledged.by)
  assert.deepEqual(
    huge?.items.map(item => [item.effectId, item.outcome]),
    [
      [acknowledged.mine, 'prevented'],
      [acknowledged.ofChild, 'prevented'],
    ],
  )
}

test('an open cancellation that was half written down goes on from there, one effect at a time', async () => {
  await using own = await migrated()
  const context = contextOn(own.db)
  while (await markSomeOpen(context, 1));
  const engine = engineOn(own.db)
  const receipt = await engine.receipt('contoso', own.world.half.by)
  const inTime = await own.db.query({ text: 'select from engine.open_cancellation' })
  assert.deepEqual([receipt?.state, inTime.length], ['open', 0])
  const outcomes = new Map(receipt?.items.map(item => [item.effectId, item.outcome]))
  const { effects } = own.world.half
  assert.equal(receipt?.items.length, 11)
  assert.deepEqual(
    [outcomes.get(effects.firstRunning), outcomes.get(effects.rootAsked)],
    ['stopping', 'stopping'],
  )
  assert.equal(outcomes.get(effects.ofBefore), 'already_cancelled')
  // Nothing of an open cancellation's may start, also before it is written down.
  await checkInvariants(own.db, [], { settled: false })
})

test('what a lost process ran and is called off before its rescue is in doubt, never prevented', async () => {
  await using own = await migrated()
  const { running } = own.world
  const engine = engineOn(own.db)
  const outcome = await engine.cancel(request({ eventId: running.event.id }))
  assert.ok('receiptId' in outcome)
  const late = engineOn(own.db, { days: 1 })
  const receipt = await late.receipt('contoso', outcome.receiptId)
  assert.equal(receipt?.state, 'final')
  assert.deepEqual(
    receipt?.items.map(item => [item.effectId, item.outcome]),
    [running.mail, running.webhook, running.offer].map(id => [id, 'in_doubt']),
  )
  assert.equal(receipt?.notices.length, 1, 'the receiver of the webhook is told')
})

test('what a lost process ran is rescued in doubt, if it touches the world, and its batch is forgotten', async () => {
  await using own = await migrated()
  const { running } = own.world
  const context = contextOn(own.db)
  // What an open cancellation covers is not rescued before it is marked.
  while (await markSomeOpen(context));
  while ((await rescueOnce(context)) > 0);
  const rows = await own.db.query<{ id: string; attempt: number; doubt: boolean; state: string }>(
    {
      text: `select id, attempt, doubt, state::text from engine.effect where event_id = $1 order by id`,
    },
    [running.event.id],
  )
  assert.deepEqual(
    rows.map(({ id, attempt, doubt, state }) => ({ id, attempt, doubt, state })),
    [
      { id: running.mail, attempt: 2, doubt: true, state: 'pending' },
      { id: running.webhook, attempt: 3, doubt: true, state: 'pending' },
      { id: running.timer, attempt: 2, doubt: false, state: 'pending' },
      { id: running.offer, attempt: 1, doubt: false, state: 'waiting' },
    ],
  )
  const left = { text: 'select worker from engine.start_batch union all select id from engine.worker' }
  assert.deepEqual(await own.db.query(left), [], `nothing names ${GONE} any more`)
})

test('what waits is ended from outside, or by what a withdrawal learns', async () => {
  await using own = await migrated()
  const { running, called } = own.world
  const engine = engineOn(own.db)
  const ends = await own.db.transaction('end', tx =>
    engine.end(tx, [
      { effectId: running.offer, verdict: { is: 'done', evidence: { answer: 'accepted' } } },
      {
        effectId: called.open.webhook,
        verdict: { is: 'resolved', outcome: 'stopped', evidence: { told: true } },
      },
    ]),
  )
  assert.deepEqual(ends, ['ended', 'ended'])
  const offer = (await engine.effectsOf('contoso', running.event.id)).find(
    effect => effect.id === running.offer,
  )
  assert.deepEqual([offer?.ending, offer?.evidence], ['done', { answer: 'accepted' }])
  const receipt = await engine.receipt('contoso', called.open.by)
  const item = receipt?.items.find(one => one.effectId === called.open.webhook)
  assert.deepEqual([item?.outcome, item?.evidence], ['stopped', { told: true }])
})

test('a dead effect is tried again by hand; called off, what was ever started of dead and replaced ones is in doubt', async () => {
  await using own = await migrated()
  const { ended } = own.world
  const engine = engineOn(own.db)
  assert.equal(await engine.retry('contoso', ended.deadTimer), 'retried')
  assert.equal(await engine.retry('contoso', ended.dead), 'retried')
  assert.equal(await engine.retry('contoso', ended.done), 'not_dead')
  const outcome = await engine.cancel(request({ key: 'k-ended', entity: 'house', kind: 'native.event' }))
  assert.ok('receiptId' in outcome)
  const receipt = await engine.receipt('contoso', outcome.receiptId)
  assert.deepEqual(
    // In the order of their ids: that of time is not what this is about.
    receipt?.items.map(item => [item.effectId, item.outcome]).toSorted(),
    [
      [ended.done, 'already_ended'],
      [ended.skipped, 'already_ended'],
      [ended.dead, 'in_doubt'],
      // Its receiver can be asked.
      [ended.deadWebhook, 'stopping'],
      [ended.neverStarted, 'already_ended'],
      [ended.replaced, 'in_doubt'],
    ].toSorted(),
  )
  assert.deepEqual(
    receipt?.innerSteps.map(item => [item.effectId, item.outcome]),
    [[ended.deadTimer, 'prevented']],
  )
})
