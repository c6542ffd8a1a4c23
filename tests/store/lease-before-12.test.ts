// Migrations from 12 on do not run beside a server of the version before either: they rename and void what its statements read.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSchema, migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { testDatabase } from '../support/database.ts'

test('while a server of the version before holds a lease it is named, and nothing is changed; it goes on when that has left', async () => {
  await using own = await testDatabase({ empty: true })
  const { db } = own
  const before = knownMigrations().filter(({ number }) => number < 12)
  await migrate(db, before)
  await db.query({
    text: `insert into engine.worker (id, alive_until, host, pid)
      values ('00000000-0000-8000-8000-00000000000a', now() + interval '1 hour', 'old-host', 4711)`,
  })
  const lines: string[] = []
  const tell = (line: string) => lines.push(line)
  await assert.rejects(migrate(db, undefined, { tell, patienceMs: 0 }), {
    code: 'OLDER_SERVER_RUNS',
    message: /process 4711 on old-host, whose lease ends in \d+ s/,
  })
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /migration 12 /)
  await checkSchema(db, before)
  await db.query({ text: 'delete from engine.worker' })
  assert.equal((await migrate(db))[0], 12)
})
