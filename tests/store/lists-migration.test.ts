// Migration 13: who announced an event, and under which key, stands in its row also for what was announced before and goes on. What is
// over is not written again: it is most, and a server does not listen before its migrations have ended.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { testDatabase } from '../support/database.ts'

const APP = '10000000-0000-4000-8000-000000000001'

test('old events that go on get their app and key, and those that have none get none; what is over is left', async () => {
  await using own = await testDatabase({ empty: true })
  const { db } = own
  await migrate(
    db,
    knownMigrations().filter(({ number }) => number < 13),
  )
  const rows: [kind: string, key: string | null, data: object, app: string | null, bareKey: string | null][] =
    [
      ['automations.activation', `wix:${APP}:site:a:b:entity`, { appId: APP, triggerKey: 'a:b' }, APP, 'a:b'],
      ['automations.activation', null, { appId: APP, triggerKey: 'a' }, APP, 'a'],
      ['native.event', `app:${APP}\u001forder`, { announcedBy: `app:${APP}`, data: {} }, APP, 'order'],
      ['native.event', 'people\u001forder', { announcedBy: 'user:x', data: {} }, null, 'order'],
      ['native.event', null, { announcedBy: 'user:x', data: {} }, null, null],
      ['notifications.offer', 'cif:phone:agent:to:ken', { tokens: ['to:ken'] }, null, 'to:ken'],
      ['calendar.meeting', null, { itemId: 'x' }, null, null],
    ]
  for (const [i, [kind, key, data]] of rows.entries())
    await db.query(
      {
        text: `insert into engine.event (shard, id, tenant, kind, key, entity, root_id, cancel_path, title, data, created_at)
          values (0, $1, 'contoso', $2, $3, 'e', $1, array[$1::uuid], 't', $4, now())`,
      },
      [`00000000-0000-8000-8000-00000000000${i}`, kind, key, JSON.stringify(data)],
    )
  // All hang from one that has no action of its own, and each has one; the last two are over, one of them called off.
  const over = ['00000000-0000-8000-8000-0000000000a0', '00000000-0000-8000-8000-0000000000a1']
  const root = '00000000-0000-8000-8000-0000000000a2'
  for (const id of [...over, root])
    await db.query(
      {
        text: `insert into engine.event (shard, id, tenant, kind, key, entity, root_id, cancel_path, title, data, created_at, cancellation_id)
          values (0, $1, 'contoso', 'native.event', 'x', 'e', $1, array[$1::uuid], 't', $2, now(), $3)`,
      },
      [id, JSON.stringify({ announcedBy: `app:${APP}` }), id === over[1] ? id : null],
    )
  await db.query({
    text: `update engine.event set root_id = '${root}', cancel_path = array[id, '${root}'::uuid] where id < '${over[0]}'`,
  })
  await db.query({
    text: `insert into engine.effect (id, event_id, due_at, due_shown, shard, max_attempts, touches_world, tenant, kind, lane, title, data)
      select gen_random_uuid(), id, now(), now(), 0, 3, true, 'contoso', 'mail', 'm', 't', '{}' from engine.event
      where id < '${over[0]}' or id = '${over[1]}'`,
  })
  const versions = async () =>
    await db.query({ text: `select xmin::text from engine.event where id = any ($1) order by id` }, [over])
  const before = await versions()
  await migrate(db)
  assert.deepEqual(await versions(), before, 'the rows of what is over are the ones that were')
  const found = await db.query<{ app: string | null; bare_key: string | null }>({
    text: 'select app, bare_key from engine.event order by id',
  })
  assert.deepEqual(
    found.map(({ app, bare_key }) => [app, bare_key]),
    [...rows.map(([, , , app, bareKey]) => [app, bareKey]), [null, null], [null, null], [APP, 'x']],
  )
})
