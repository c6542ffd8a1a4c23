// Migration 9: whatever the version before had written, its receipts read as they did, and its effects stand as they stood.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from '../../server/src/engine/engine.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { engineOn, expected, migrated, plain, request, shown } from './migrated-world.ts'
import { databaseBefore } from './version-before.ts'
import { worldBefore } from './world-before.ts'

test('every receipt reads as before, but that inner steps stand apart and what had ended before is called so', async () => {
  await using own = await migrated()
  const engine = engineOn(own.db)
  for (const [id, before] of own.before) {
    const receipt = await engine.receipt('contoso', id)
    assert.ok(receipt)
    assert.deepEqual(shown(receipt), expected(before))
    assert.equal(receipt.counts.total, receipt.items.length)
    for (const item of receipt.items) assert.ok(receipt.counts[item.outcome] > 0)
  }
  const { called, early, half } = own.world
  const [receipt, open, waits, counting] = await Promise.all(
    [called.by, called.open.by, early.waits, half.by].map(id => engine.receipt('contoso', id)),
  )
  assert.deepEqual(receipt?.counts, {
    total: 9,
    prevented: 2,
    stopping: 0,
    stopped: 1,
    too_late: 1,
    already_ended: 2,
    in_doubt: 1,
    kept: 2,
    already_cancelled: 0,
  })
  assert.deepEqual(
    [receipt?.state, receipt?.reason, receipt?.correlationId, receipt?.innerSteps.length],
    ['final', 'rain', 'corr-2', 2],
  )
  assert.deepEqual([open?.state, open?.counts.stopping], ['open', 2])
  assert.equal(waits?.state, 'final')
  assert.deepEqual([counting?.state, counting?.progress], ['counting', { marked: 5 }])
  const found = async (by: Parameters<Engine['findReceipts']>[1]) =>
    (await engine.findReceipts('contoso', by)).map(one => one.id)
  assert.deepEqual(await found({ keys: ['k-off'] }), [called.by])
  assert.deepEqual(await found({ eventId: called.event.id }), [called.again, called.by])
  assert.deepEqual(await found({ eventId: called.child.id }), [called.by])
  assert.deepEqual(await found({ correlationId: 'corr-2' }), [called.by])
  assert.deepEqual(await found({ limit: 100 }), own.world.cancellations.toReversed())
})

test('each effect stands as it stood: attempts, doubt, errors, times on both clocks', async () => {
  await using own = await migrated()
  const engine = engineOn(own.db)
  const { pending, running, ended } = own.world
  const rows = await own.db.query<{
    id: string
    ahead: number
    lane: string
    doubt: boolean
    max_attempts: number
  }>({
    text: `select id, round(extract(epoch from due_shown - due_at) / 86400)::int as ahead, lane, doubt, max_attempts from engine.effect where state <> 'waiting'`,
  })
  const row = (id: string) => rows.find(one => one.id === id)
  assert.equal(row(pending.plain)?.lane, 'contoso mail.send example.com')
  assert.deepEqual([row(pending.plain)?.ahead, row(pending.ofSandbox)?.ahead], [0, 3])
  // No inner step is ever in doubt.
  assert.deepEqual(
    [pending.plain, pending.doubted, pending.rescuedWait, running.webhook].map(id => row(id)?.doubt),
    [false, true, false, true],
  )
  // A timer that had one attempt would be dead at its rescue.
  assert.ok((row(running.timer)?.max_attempts ?? 0) > 1)
  const effects = await engine.effectsOf('contoso', pending.event.id)
  assert.deepEqual(
    effects.map(({ id, kind, state, attempt, error, link, next }) => ({
      id,
      kind,
      state,
      attempt,
      error,
      link,
      next,
    })),
    [
      { id: pending.plain, kind: 'mail.send', attempt: 1, error: null, link: 'cancel', next: ['Thank them'] },
      { id: pending.doubted, kind: 'mail.send', attempt: 3, error: 'cut off', link: 'cancel', next: [] },
      { id: pending.later, kind: 'mail.send', attempt: 1, error: null, link: 'keep', next: [] },
      { id: pending.wait, kind: 'automations.delay', attempt: 1, error: null, link: 'cancel', next: [] },
      {
        id: pending.rescuedWait,
        kind: 'notifications.timeout',
        attempt: 2,
        error: null,
        link: 'cancel',
        next: [],
      },
    ].map(one => ({ ...one, state: 'pending' })),
  )
  assert.deepEqual(effects[0]?.data, { to: 'b', a: [1, null] })
  const over = await engine.effectsOf('contoso', ended.event.id)
  assert.deepEqual(
    over.map(({ ending, attempt, error }) => [ending, attempt, error]),
    [
      ['done', 1, null],
      ['skipped', 1, null],
      ['dead', 10, 'refused'],
      ['dead', 10, '500'],
      ['dead', 1, 'lost'],
      ['superseded', 0, null],
      ['superseded', 2, null],
    ],
  )
  assert.deepEqual(
    (await engine.dead('contoso')).map(dead => dead.id).sort(),
    [ended.dead, ended.deadWebhook, ended.deadTimer, own.world.called.effects.deadBefore]
      .concat(own.world.called.notices[1] ?? [])
      .sort(),
  )
  const event = await engine.event('contoso', pending.child.id)
  assert.deepEqual([event?.parentId, event?.data], [pending.event.id, { of: 'An event' }])
})

test('the same request as before gets the same receipt, a key reaches its child elsewhere, and who waits for an event meets it', async () => {
  await using own = await migrated()
  const { called, early, pending } = own.world
  const engine = engineOn(own.db)
  const a = { principal: 'app:a', api: 'native', name: 'A' } as const
  const byKey = { key: 'k-off', entity: 'house', kind: 'native.event' }
  for (const over of [{ by: a, requestKey: 'r1' }, { by: a }])
    assert.deepEqual(
      await engine
        .cancel(request(byKey, over))
        .then(plain)
        .then(o => [o.receiptId, o.replayed]),
      [called.by, true],
    )
  const other = await engine.cancel(request({ ...byKey, key: 'k-live' }, { by: a, requestKey: 'r1' }))
  assert.deepEqual(other, { refused: 'request_key_reused', receiptId: called.by })
  const child = await engine.cancel(request({ key: 'k-child', entity: 'garden', kind: 'native.event' }))
  assert.deepEqual('eventIds' in child && child.eventIds, [pending.child.id])
  const [met] = await own.db.transaction('announce', tx =>
    engine.announce(tx, [
      {
        tenant: 'contoso',
        kind: 'native.event',
        key: 'k-early',
        entity: 'house',
        title: 'Awaited',
        data: {},
        effects: [],
        early: 'absorb',
      },
    ]),
  )
  assert.deepEqual(met?.is === 'absorbed' && met.cancellationId, early.waits)
  // Met before the migration, and announced again: nothing called the key off since.
  const [again] = await own.db.transaction('announce', tx =>
    engine.announce(tx, [
      {
        tenant: 'contoso',
        kind: 'native.event',
        key: 'k-met',
        entity: 'house',
        title: 'Again',
        data: {},
        effects: [],
        early: 'ignore',
      },
    ]),
  )
  const fresh = await engine.cancel(request({ ...byKey, key: 'k-met' }, { by: a }))
  assert.deepEqual('eventIds' in fresh && [fresh.replayed, fresh.eventIds], [
    false,
    again?.is === 'announced' && [again.eventId],
  ])
})

test('a receipt of more events than are marked at once is read a page at a time', async () => {
  await using database = await databaseBefore()
  const { db } = database
  const world = await worldBefore(db)
  const of = world.called.again
  await db.query(
    {
      text: `insert into engine.event (shard, id, tenant, kind, entity, root_id, line, title, data, created_at, cancellation_id)
        select 1, gen_random_uuid(), 'contoso', 'native.event', 'x', gen_random_uuid(), '{}', 'One of many', '{}', now(), $1
        from generate_series(1, 6000)`,
    },
    [of],
  )
  await db.query({ text: `update engine.event set birth = birth - 1000000 where title = 'One of many'` })
  await migrate(db)
  const receipt = await engineOn(db).receipt('contoso', of)
  assert.equal(receipt?.events.length, 1000)
  const [row] = await db.query<{ listed: number; inRow: number }>(
    {
      text: `select (select count(*) from engine.receipt_event where cancellation_id = $1) as listed, cardinality(event_ids) as "inRow"
        from engine.cancellation where id = $1`,
    },
    [of],
  )
  assert.deepEqual({ ...row }, { listed: 6000, inRow: 0 })
})
