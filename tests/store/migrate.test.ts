import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type pg from 'pg'
import { checkSchema, migrate, refuseUnfit } from '../../server/src/store/migrate.ts'
import { knownMigrations, type Migration, schemasOf } from '../../server/src/store/migrations.ts'
import { testDatabase } from '../support/database.ts'

function migration(number: number, name: string, sql: string): Migration {
  return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

const FIRST = migration(1, 'zoo', 'create schema zoo; create table zoo.animal (name text);')
const SECOND = migration(
  2,
  'food',
  `alter table zoo.animal add food text; insert into zoo.animal values ('emu', 'seeds');`,
)
const BROKEN = migration(2, 'food', 'create table zoo.plant (name text); select 1 / 0;')

test('migrations are applied once each, in order, and recorded', async () => {
  await using own = await testDatabase({ empty: true })
  assert.deepEqual(await migrate(own.db, [FIRST]), [1])
  assert.deepEqual(await migrate(own.db, [FIRST, SECOND]), [2])
  assert.deepEqual(await migrate(own.db, [FIRST, SECOND]), [])
  assert.deepEqual(await own.db.query({ text: 'select * from zoo.animal' }), [{ name: 'emu', food: 'seeds' }])
  const rows = await own.db.query<Migration & { recent: boolean }>({
    text: `select number, name, checksum, applied_at > now() - interval '1 hour' as recent
           from standdown_migration order by number`,
  })
  assert.deepEqual(
    rows.map(row => ({ ...row })),
    [FIRST, SECOND].map(({ number, name, checksum }) => ({ number, name, checksum, recent: true })),
  )
})

test('a migration that fails leaves nothing of itself, and what came before it stays', async () => {
  await using own = await testDatabase({ empty: true })
  await assert.rejects(migrate(own.db, [FIRST, BROKEN]), {
    code: 'MIGRATION_FAILED',
    message: 'migration 2 (food) failed: division by zero',
  })
  const text = `select to_regclass('zoo.animal') is not null as first, to_regclass('zoo.plant') is not null as second`
  assert.deepEqual(await own.db.query({ text }), [{ first: true, second: false }])
  assert.deepEqual(await migrate(own.db, [FIRST, SECOND]), [2], 'mended, it goes on from there')
})

test('twenty servers that migrate at once apply each migration once', async () => {
  await using own = await testDatabase({ empty: true })
  const all = await Promise.all(Array.from({ length: 20 }, () => migrate(own.db, [FIRST, SECOND])))
  assert.deepEqual(all.flat().sort(), [1, 2])
  assert.deepEqual(await own.db.query({ text: 'select count(*) as count from zoo.animal' }), [{ count: 1 }])
})

test('a schema from a newer version is refused, and so is a migration that was edited', async () => {
  await using own = await testDatabase({ empty: true })
  await migrate(own.db, [FIRST, SECOND])
  await assert.rejects(migrate(own.db, [FIRST]), { code: 'SCHEMA_NEWER', message: /migration 2 \(food\)/ })
  await assert.rejects(checkSchema(own.db, [FIRST]), { code: 'SCHEMA_NEWER' })
  const edited = migration(1, 'zoo', `${FIRST.sql} -- edited`)
  await assert.rejects(migrate(own.db, [edited, SECOND]), { code: 'MIGRATION_CHANGED', message: /1 \(zoo\)/ })
  await assert.rejects(checkSchema(own.db, [edited, SECOND]), { code: 'MIGRATION_CHANGED' })
})

test('an older schema is seen by who only looks', async () => {
  await using own = await testDatabase({ empty: true })
  await assert.rejects(checkSchema(own.db, [FIRST]), { code: 'SCHEMA_OLDER' })
  await migrate(own.db, [FIRST])
  await checkSchema(own.db, [FIRST])
  await assert.rejects(checkSchema(own.db, [FIRST, SECOND]), {
    code: 'SCHEMA_OLDER',
    message: /migration 2 \(food\)/,
  })
})

test('PostgreSQL older than 15 is refused', async () => {
  // No older one is at hand: this stands in for its answer, and only for that.
  const answers = (version: number, encoding: string) =>
    ({ query: async () => ({ rows: [{ version, encoding }] }) }) as unknown as pg.ClientBase
  await assert.rejects(refuseUnfit(answers(14, 'UTF8')), {
    code: 'DATABASE_TOO_OLD',
    message: /PostgreSQL 14;/,
  })
  await refuseUnfit(answers(15, 'UTF8'))
})

test('a database that is not UTF-8 is refused', async () => {
  await using own = await testDatabase({ empty: true, encoding: 'SQL_ASCII' })
  await assert.rejects(migrate(own.db, [FIRST]), { code: 'DATABASE_NOT_UTF8', message: /encoding SQL_ASCII/ })
})

test('the folder holds well-named files with numbers of their own', t => {
  assert.deepEqual(
    knownMigrations().map(found => found.number),
    knownMigrations().map((_, index) => index + 1),
  )
  const folder = mkdtempSync(join(tmpdir(), 'standdown-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, '0001-one.sql'), 'create schema one;\ncreate schema if not exists "two";')
  assert.deepEqual(schemasOf(knownMigrations(folder)), ['one', 'two'])
  writeFileSync(join(folder, '0001-other.sql'), 'select 1')
  assert.throws(() => knownMigrations(folder), /two migrations have number 1/)
  writeFileSync(join(folder, '1-bad.sql'), 'select 1')
  assert.throws(() => knownMigrations(folder), /not a migration's name/)
})
