// Cancellations of one batch that meet, and the notices that must be sent because of a cancellation.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../../support/database.ts'
import { SteeredCarrier, testEngine } from '../../support/engine.ts'
import { byId, byKey, cancelled, effect, event, KIND, TENANT } from '../engine-parts.ts'
import { checkInvariants } from '../model/invariants.ts'
import { timedEngine } from '../timed-engine.ts'

test('requests of one batch that meet are answered as one after the other', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { make, cancel } = timedEngine(db)
  const later = { due: { afterMs: 3_600_000 } }
  const parent = await make(event('parent', [effect('p', later)], { key: 'k' }))
  const child = await make(
    event('child', [effect('c', later)], { parent: { id: parent.eventId, link: 'cancel' } }),
  )
  const kept = await make(
    event('kept', [effect('k', later)], { parent: { id: parent.eventId, link: 'keep' } }),
  )
  const below = await make(
    event('below kept', [effect('b', later)], { parent: { id: kept.eventId, link: 'cancel' } }),
  )
  const outcomes = await cancel(
    byId(child.eventId, 'b'),
    byId(parent.eventId),
    byKey('k', 'c'),
    byId(below.eventId, 'd'),
  )
  assert.deepEqual(
    outcomes.map(o => [o.counts.prevented, o.counts.already_cancelled, o.counts.kept, o.counts.total]),
    [
      [1, 0, 0, 1],
      [1, 1, 2, 4],
      [0, 0, 0, 0],
      [1, 0, 0, 1],
    ],
  )
  await checkInvariants(db, [], { settled: false })
})

test('by key and by id in one batch, of one event: the second names the first', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { make, cancel } = timedEngine(db)
  const { eventId } = await make(event('e', [effect('f', { due: { afterMs: 3_600_000 } })], { key: 'k' }))
  const outcomes = await cancel(byKey('k'), byId(eventId, 'b'))
  assert.deepEqual(
    outcomes.map(o => [o.counts.prevented, o.counts.already_cancelled]),
    [
      [1, 0],
      [0, 1],
    ],
  )
})

test('nothing is announced under a cancelled event; the notices of its cancellation are inserted with it, and retried', async () => {
  const mail = new SteeredCarrier('mail')
  const step = new SteeredCarrier('step')
  const notice = new SteeredCarrier('notice')
  await using t = await testEngine([mail, step, notice], {
    domains: [
      {
        eventKind: KIND,
        cancelled: async (_tx, events) =>
          new Map(events.map(e => [e.event.id, [effect(`notice of ${e.event.title}`, { kind: 'notice' })]])),
        settled: async (_tx, settled) =>
          new Map(settled.map(s => [s.effect.id, { effects: [effect('next')] }])),
        wantsSettled: kind => kind === 'step',
      },
    ],
  })
  const { engine, database } = t
  const [announced] = await database.db.transaction('t', tx =>
    engine.announce(tx, [event('root', [effect('step', { kind: 'step' })])]),
  )
  assert.ok(announced?.is === 'announced')
  const run = await step.begun(1)
  const outcome = cancelled(await engine.cancel(byId(announced.eventId)))
  run.end({ is: 'done' })
  const first = await notice.begun(1)
  assert.deepEqual([first.effect.noticeOf, first.effect.eventId], [outcome.receiptId, null])
  first.end({ is: 'retry', error: 'busy', afterMs: 0 })
  ;(await notice.begun(2)).end({ is: 'done', evidence: { reply: '250' } })
  const receipt = await engine.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 })
  assert.deepEqual([receipt?.counts.too_late, receipt?.counts.total, receipt?.notices.length], [1, 1, 1])
  const [child] = await database.db.transaction('t', tx =>
    engine.announce(tx, [event('child', [], { parent: { id: announced.eventId, link: 'cancel' } })]),
  )
  assert.deepEqual(child, {
    is: 'parent_cancelled',
    parentId: announced.eventId,
    cancellationId: outcome.receiptId,
  })
  const revised = await database.db.transaction('t', tx =>
    engine.revise(tx, { tenant: TENANT, eventId: announced.eventId, effects: [effect('r')] }),
  )
  assert.deepEqual(revised, { is: 'cancelled', cancellationId: outcome.receiptId })
  assert.equal(mail.runs.length, 0)
})

test('one cancel calls off what three kinds of events hang on a tree, in one commit', async () => {
  await using database = await testDatabase()
  const { db } = database
  const seen: string[] = []
  const kinds = ['meeting', 'activation', 'offer']
  const { make, cancel } = timedEngine(db, {
    domains: new Map(
      kinds.map(kind => [
        kind,
        {
          eventKind: kind,
          cancelled: async (_tx, events) => {
            seen.push(
              ...events.map(e => `${kind} ${e.event.title} ${e.isTarget} ${e.effects.map(f => f.outcome)}`),
            )
            return new Map()
          },
        },
      ]),
    ),
  })
  const later = { due: { afterMs: 3_600_000 } }
  const meeting = await make(event('m', [effect('remind', later)], { kind: 'meeting' }))
  const activation = await make(
    event('a', [effect('delay', later)], {
      kind: 'activation',
      entity: 'another entity',
      parent: { id: meeting.eventId, link: 'cancel' },
    }),
  )
  await make(
    event('o', [effect('offer', later)], {
      kind: 'offer',
      parent: { id: activation.eventId, link: 'cancel' },
    }),
  )
  const [outcome] = await cancel(byId(meeting.eventId))
  assert.deepEqual([outcome!.counts.prevented, outcome!.eventIds.length], [3, 3])
  assert.deepEqual(seen.sort(), [
    'activation a false prevented',
    'meeting m true prevented',
    'offer o false prevented',
  ])
})
