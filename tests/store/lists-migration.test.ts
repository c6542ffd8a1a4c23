// Migration 13: who announced an event, and under which key, stands in its row also for what was announced before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { testDatabase } from '../support/database.ts'

const APP = '10000000-0000-4000-8000-000000000001'

test('old events get their app and key, and those that have none get none', async () => {
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
  await migrate(db)
  const found = await db.query<{ app: string | null; bare_key: string | null }>({
    text: 'select app, bare_key from engine.event order by id',
  })
  assert.deepEqual(
    found.map(({ app, bare_key }) => [app, bare_key]),
    rows.map(([, , , app, bareKey]) => [app, bareKey]),
  )
})
