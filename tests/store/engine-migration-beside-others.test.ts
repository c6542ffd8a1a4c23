// Migration 9: it does not run beside a server of the version before, and says so; and what a backup brings is in nobody's way.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { backup } from '../../server/src/backup/backup.ts'
import { restore } from '../../server/src/backup/restore.ts'
import { rescueOnce } from '../../server/src/engine/run/rescue.ts'
import { checkSchema, migrate } from '../../server/src/store/migrate.ts'
import { contextOn } from '../engine/engine-parts.ts'
import { testDatabase } from '../support/database.ts'
import { engineOn, expected, shown } from './migrated-world.ts'
import { BEFORE, databaseBefore, type ReadBefore, RowsBefore, readBefore } from './version-before.ts'
import { worldBefore } from './world-before.ts'

const ALIVE = '00000000-0000-8000-8000-00000000000a'

test('while a server of the version before holds a lease it is named, and nothing is changed', async () => {
  await using own = await databaseBefore()
  await new RowsBefore(own.db).worker(ALIVE, '1 hour')
  const lines: string[] = []
  await assert.rejects(migrate(own.db, undefined, { tell: line => lines.push(line), patienceMs: 0 }), {
    code: 'OLDER_SERVER_RUNS',
    message:
      'an older version runs on this database: process 4711 on old-host, whose lease ends in 3600 s.\n' +
      'Stop it, then start this one. Nothing has been changed.',
  })
  assert.deepEqual(lines, ['bringing the database up to date: migration 9 (engine-one-row)'])
  await checkSchema(own.db, BEFORE)
})

test('a server whose host is not known is named by its process alone', async () => {
  await using own = await databaseBefore()
  await new RowsBefore(own.db).worker(ALIVE, '1 hour')
  await own.db.query({ text: `update engine.worker set host = ''` })
  await assert.rejects(migrate(own.db, undefined, { patienceMs: 0 }), {
    message: /database: process 4711, whose lease/,
  })
})

test('it goes on as soon as that server has left', async () => {
  await using own = await databaseBefore()
  await new RowsBefore(own.db).worker(ALIVE, '1 hour')
  const lines: string[] = []
  const tell = (line: string) => {
    lines.push(line)
    if (line.includes('waiting')) void own.db.query({ text: 'delete from engine.worker' })
  }
  assert.equal((await migrate(own.db, undefined, { tell }))[0], 9)
  assert.match(
    lines[1] ?? '',
    /process 4711 on old-host, whose lease ends in \d+ s; waiting for it to end, 30 s at most$/,
  )
})

test('it goes on when the lease of a server that was killed has run out', async () => {
  await using own = await databaseBefore()
  await new RowsBefore(own.db).worker(ALIVE, '800 milliseconds')
  const lines: string[] = []
  assert.equal((await migrate(own.db, undefined, { tell: line => lines.push(line) }))[0], 9)
  assert.match(lines[1] ?? '', /whose lease ends in 1 s; waiting/)
})

test('a backup of the version before is restored and goes on, whatever leases are in it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'standdown-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'before.backup')
  await using source = await testDatabase({ empty: true })
  await using target = await testDatabase({ empty: true })
  const released = BEFORE.filter(migration => migration.number <= 6)
  await migrate(source.db, released)
  const world = await worldBefore(source.db)
  // Another machine's clock is ahead: its processes seem to live for an hour.
  await source.db.query({
    text: `update engine.worker set alive_until = clock_timestamp() + interval '1 hour'`,
  })
  const before = new Map<string, ReadBefore>()
  for (const id of world.cancellations) before.set(id, await readBefore(source.db, id))
  await backup(source.db, file, { now: () => new Date(), known: released })
  await restore(target.db, file, { restored: async () => {} })
  assert.deepEqual(await migrate(target.db), [])
  const engine = engineOn(target.db)
  for (const [id, was] of before) {
    const receipt = await engine.receipt('contoso', id)
    assert.deepEqual(receipt && shown(receipt), expected(was))
  }
  while ((await rescueOnce(contextOn(target.db))) > 0);
  const running = await engine.effectsOf('contoso', world.running.event.id)
  assert.deepEqual(
    running.map(effect => effect.state),
    ['pending', 'pending', 'pending', 'running'],
  )
})
