// What is under way of something that goes is found by what its events hold, each event once, however many names are looked for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countPending, pendingEvents } from '../../server/src/engine/lists/pending-work.ts'
import { testDatabase } from '../support/database.ts'
import { announced, byId, effect, event, idleEngine, TENANT } from './engine-parts.ts'

const KIND = 'native.event'
const holding = (name: string, data: { readonly [name: string]: string }, effects = 1, tenant = TENANT) =>
  event(
    name,
    Array.from({ length: effects }, (_, i) => effect(`${name} ${i}`)),
    { data, tenant },
  )
const owned = (holds: { readonly [name: string]: string }, kind = KIND) => ({ kind, holds })

test('each list counts its events once, all together each event once; a foreign or called-off one counts nowhere', async () => {
  await using own = await testDatabase()
  const { db } = own
  const both = await announced(db, holding('both', { app: 'a', trigger: 't', site: 's' }, 2))
  const other = await announced(db, holding('other trigger', { app: 'a', trigger: 'u' }))
  await announced(db, holding('other app', { app: 'b', trigger: 't' }))
  await announced(db, holding('foreign', { app: 'a', trigger: 't' }, 1, 'fabrikam'))
  const gone = await announced(db, holding('called off', { app: 'a', trigger: 't' }))
  await idleEngine(db).cancel(byId(gone))
  const lists = [
    [owned({ app: 'a' }), owned({ site: 's' })],
    [owned({ trigger: 't', app: 'a' })],
    [owned({ app: 'a' }, 'another kind')],
    [owned({ app: 'b' })],
    [],
  ]
  assert.deepEqual(await countPending(db, TENANT, lists, place => place < 2), {
    each: [
      { events: 2, actions: 3 },
      { events: 1, actions: 2 },
      { events: 0, actions: 0 },
      { events: 1, actions: 1 },
      { events: 0, actions: 0 },
    ],
    all: { events: 2, actions: 3 },
  })
  assert.deepEqual(await pendingEvents(db, TENANT, lists[0]!, 10), [both, other].sort())
  assert.deepEqual(await pendingEvents(db, TENANT, lists[1]!, 10), [both])
  assert.deepEqual(await pendingEvents(db, TENANT, lists[0]!, 1), [both, other].sort().slice(0, 1))
  assert.deepEqual(await pendingEvents(db, TENANT, [], 10), [])
})

test('thousands of names among thousands of events: each event is read once', async () => {
  await using own = await testDatabase()
  const { db } = own
  await announced(db, holding('one', { by: 'user 7' }))
  // The rest by hand, with something large in it.
  const many = 10_000
  await db.query({
    text: `with made as (
        insert into engine.event (shard, id, tenant, kind, entity, link, root_id, cancel_path, title, data, created_at)
        select 0, g.id, '${TENANT}', '${KIND}', 'e', 'cancel', g.id, array[g.id], 't',
          json_build_object('by', 'user ' || n, 'text', repeat('x', 1000)), now()
        from (select gen_random_uuid() as id, n from generate_series(10001, ${10_000 + many}) n) g
        returning id)
      insert into engine.effect
        (id, event_id, due_at, due_shown, shard, max_attempts, touches_world, tenant, kind, event_kind, lane, title, data)
      select gen_random_uuid(), m.id, now(), now(), 0, 3, true, '${TENANT}', 'mail', '${KIND}', 'm', 't', '{}' from made m`,
  })
  const names = Array.from({ length: 3000 }, (_, i) => owned({ by: `user ${i}` }))
  // Event by event and name by name these are thirty million looks, which no statement of a request has the time for.
  const { each, all } = await db.transaction('t', async tx => {
    await tx.query({ text: `set local statement_timeout = '10s'` })
    return await countPending(
      tx,
      TENANT,
      names.map(one => [one]),
    )
  })
  assert.deepEqual(all, { events: 1, actions: 1 })
  assert.equal(each[7]?.events, 1)
  assert.equal((await pendingEvents(db, TENANT, [...names, owned({ by: 'user 10001' })], 10)).length, 2)
})
