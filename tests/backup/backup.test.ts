import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { backup } from '../../server/src/backup/backup.ts'
import { restore } from '../../server/src/backup/restore.ts'
import type { Database } from '../../server/src/store/database.ts'
import { checkSchema, migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations, type Migration, schemasOf } from '../../server/src/store/migrations.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const now = () => new Date('2026-03-01T12:00:00Z')

function migration(number: number, name: string, sql: string): Migration {
  return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

const ZOO = [
  migration(
    1,
    'zoo',
    `create schema zoo;
     create sequence zoo."odd number";
     create table zoo.visit (id bigint generated always as identity, animal text);
     create table zoo.keeper (name text primary key, boss text references zoo.keeper);
     create table zoo.animal (keeper text references zoo.keeper, "odd name" text);
     create table zoo.unused (a int);
     create table zoo.value (
       id int primary key, t text, f float8, n numeric, b bytea, j jsonb, at timestamptz, d date, i interval,
       texts text[], nested int[][], u uuid, yes boolean, twice int generated always as (id * 2) stored);
     insert into zoo.keeper values ('made by the migration', null);`,
  ),
]

const restored = async () => {}
const zoo = { known: ZOO, restored }

const VALUES: readonly (readonly unknown[])[] = [
  [
    1,
    'plain',
    1.5,
    '1.50',
    Buffer.from([0, 255, 10]),
    '{"a": [1, null, "x"]}',
    '2026-03-29T01:59:59.123456Z',
  ],
  [
    2,
    'tab\there, line\nbreak, \\N, \\., return\r, quote " \' and \u0001',
    -0,
    'NaN',
    Buffer.alloc(0),
    '"\\u0001"',
    'infinity',
  ],
  [
    3,
    '\u{1f9a9} ﷽ e\u0301 \u202e \uffff \u{10ffff}',
    Infinity,
    '123456789012345678901234567890.123456789',
    null,
    'null',
    '-infinity',
  ],
  [4, '\\.', Number.NaN, '-Infinity', Buffer.from('\\.\n'), '{}', '0044-03-15 BC 12:00:00.000001Z'],
  [5, '', 5e-324, '0', Buffer.alloc(70_000, 10), `"${'x'.repeat(400_000)}"`, '294276-12-31T23:59:59.999999Z'],
  [6, null, null, null, null, null, null],
]

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'standdown-test-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

async function fillZoo(db: Database): Promise<void> {
  await migrate(db, ZOO)
  for (const value of VALUES) {
    await db.query(
      { text: 'insert into zoo.value (id, t, f, n, b, j, at) values ($1, $2, $3, $4, $5, $6, $7)' },
      value,
    )
  }
  for (const text of [
    `update zoo.value set d = 'infinity', i = '1 year -3 days 00:00:00.000001', texts = array['a,b', '"', null, '{}', ''],
       nested = array[[1,2],[3,4]], u = '9f0f8a3e-0000-4000-8000-00000000000a', yes = true where id = 1`,
    `insert into zoo.keeper values ('ann', 'bea'), ('bea', null)`,
    `insert into zoo.animal values ('ann', 'emu')`,
    'insert into zoo.visit (animal) select i::text from generate_series(1, 100000) i',
    `select setval('zoo."odd number"', 4711)`,
  ]) {
    await db.query({ text })
  }
}

/** Each table's rows, as text, hashed: floats, microseconds and all. */
async function contentOf(db: Database, schemas: readonly string[]): Promise<Record<string, string>> {
  const tables = await db.query<{ name: string }>(
    {
      text: 'select schemaname || $2 || tablename as name from pg_tables where schemaname = any ($1) order by 1',
    },
    [schemas, '.'],
  )
  const content: Record<string, string> = {}
  for (const { name } of tables) {
    const [row] = await db.query<{ hash: string }>({
      text: `select count(*) || ' ' || coalesce(md5(string_agg(r::text, e'\\n' order by r::text)), '') as hash from ${name} r`,
    })
    content[name] = row?.hash ?? ''
  }
  return content
}

test('every value comes back as it was, and 100,000 rows', async t => {
  const file = join(folder(t), 'zoo.backup')
  await using source = await testDatabase({ empty: true })
  await using target = await testDatabase({ empty: true })
  await fillZoo(source.db)
  const report = await backup(source.db, file, { now, known: ZOO })
  assert.deepEqual([report.tables, report.rows], [5, 100_000 + 6 + 3 + 1])
  assert.deepEqual([report.bytes, statSync(file).mode & 0o777], [statSync(file).size, 0o600])
  assert.deepEqual(await restore(target.db, file, zoo), { tables: 5, createdAt: '2026-03-01T12:00:00.000Z' })
  assert.deepEqual(await contentOf(target.db, ['zoo']), await contentOf(source.db, ['zoo']))
  const [value] = await target.db.query<{ at: string; twice: number; f: number }>({
    text: 'select at::text, twice, f from zoo.value where id = 1',
  })
  assert.deepEqual({ ...value }, { at: '2026-03-29 01:59:59.123456+00', twice: 2, f: 1.5 })
  const next = { text: `select nextval('zoo."odd number"') as odd, nextval('zoo.visit_id_seq') as id` }
  assert.deepEqual(await target.db.query(next), [{ odd: 4712, id: 100_001 }])
  await checkSchema(target.db, ZOO)
  assert.deepEqual(await migrate(target.db, ZOO), [], 'the migrations are not applied again')
})

test('our whole schema goes there and back', async t => {
  const file = join(folder(t), 'standdown.backup')
  await using source = await testDatabase()
  await using target = await testDatabase({ empty: true })
  await source.db.query({
    text: `insert into engine.tenant (id, sandbox, clock_offset) values ('t', true, '3 days')`,
  })
  await backup(source.db, file, { now })
  await restore(target.db, file, { restored })
  const schemas = schemasOf(knownMigrations())
  assert.deepEqual(await contentOf(target.db, schemas), await contentOf(source.db, schemas))
  await checkSchema(target.db)
})

test('a backup is of one moment, whatever is written meanwhile', async t => {
  const file = join(folder(t), 'zoo.backup')
  await using source = await testDatabase({ empty: true })
  await using target = await testDatabase({ empty: true })
  await fillZoo(source.db)
  let writing: Promise<unknown> = Promise.resolve()
  await source.db.transaction('test', async tx => {
    // Holds the backup up before its last table; what is committed then is newer than the tables it has read.
    await tx.query({ text: 'lock table zoo.visit' })
    writing = backup(source.db, file, { now, known: ZOO })
    const held = {
      text: `select from pg_locks where relation = 'zoo.visit'::regclass and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    }
    await until(async () => (await tx.query(held)).length !== 0)
    await tx.query({ text: `insert into zoo.keeper values ('late', null)` })
    await tx.query({ text: `insert into zoo.visit (animal) values ('late')` })
  })
  await writing
  await restore(target.db, file, zoo)
  const late = {
    text: `select (select count(*) from zoo.keeper where name = 'late') as keepers,
             (select count(*) from zoo.visit where animal = 'late') as visits`,
  }
  assert.deepEqual(await target.db.query(late), [{ keepers: 0, visits: 0 }])
})

test('an older backup is restored with its own schema, and brought up to date in the same transaction', async t => {
  const file = join(folder(t), 'zoo.backup')
  await using source = await testDatabase({ empty: true })
  await using target = await testDatabase({ empty: true })
  await fillZoo(source.db)
  await backup(source.db, file, { now, known: ZOO })
  const newer = [...ZOO, migration(2, 'names', 'alter table zoo.keeper add age int default 40')]
  const seen: unknown[] = []
  await restore(target.db, file, {
    known: newer,
    // What a restore means may need what this version has added.
    restored: async tx =>
      void seen.push(...(await tx.query({ text: 'select max(age) as age from zoo.keeper' }))),
  })
  assert.deepEqual(seen, [{ age: 40 }])
  assert.deepEqual(await migrate(target.db, newer), [])
  assert.deepEqual(await target.db.query({ text: `select age from zoo.keeper where name = 'ann'` }), [
    { age: 40 },
  ])
})

test('what is there already is not written over', async t => {
  const file = join(folder(t), 'zoo.backup')
  await using source = await testDatabase({ empty: true })
  await fillZoo(source.db)
  await backup(source.db, file, { now, known: ZOO })
  const before = readFileSync(file)
  await assert.rejects(backup(source.db, file, { now, known: ZOO }), { code: 'BACKUP_EXISTS' })
  assert.deepEqual(readFileSync(file), before)
  const content = await contentOf(source.db, ['zoo'])
  await assert.rejects(restore(source.db, file, zoo), {
    code: 'RESTORE_NOT_EMPTY',
    message: /it has public.standdown_migration, zoo/,
  })
  assert.deepEqual(await contentOf(source.db, ['zoo']), content)
})

test('a file that was cut off or changed is refused, and the database stays empty', async t => {
  const path = folder(t)
  const file = join(path, 'zoo.backup')
  await using source = await testDatabase({ empty: true })
  await using target = await testDatabase({ empty: true })
  await fillZoo(source.db)
  await backup(source.db, file, { now, known: ZOO })
  const packed = readFileSync(file)
  const unpacked = gunzipSync(packed)
  const flipped = Buffer.from(unpacked)
  // The last digit of the last row of visits: rows that PostgreSQL would take.
  const at = unpacked.lastIndexOf('100000\n')
  flipped[at] = 0x39
  const packedFlip = Buffer.from(packed)
  packedFlip[packed.length >> 1] = (packedFlip[packed.length >> 1] ?? 0) ^ 0xff
  const damaged: Record<string, Buffer> = {
    'half of the file': packed.subarray(0, packed.length >> 1),
    'without its last byte': packed.subarray(0, -1),
    'a flipped byte': packedFlip,
    'whole gzip, half of the content': gzipSync(unpacked.subarray(0, unpacked.length >> 1)),
    'whole gzip, without the last line': gzipSync(unpacked.subarray(0, unpacked.lastIndexOf('{"end"'))),
    'whole gzip, a changed row': gzipSync(flipped),
    'whole gzip, more behind the end': gzipSync(Buffer.concat([unpacked, Buffer.from('{}\n')])),
    'rows that do not fit': gzipSync(
      Buffer.from(unpacked.toString('latin1').replace('123456789012345', 'no numbers here'), 'latin1'),
    ),
    'no backup': gzipSync('hello\n'),
    'not even gzip': Buffer.from('hello\n'),
    empty: Buffer.alloc(0),
  }
  for (const [name, bytes] of Object.entries(damaged)) {
    const bad = join(path, 'bad.backup')
    writeFileSync(bad, bytes)
    await assert.rejects(
      restore(target.db, bad, zoo),
      { code: 'BACKUP_DAMAGED', message: /Nothing was restored/ },
      name,
    )
    const left = {
      text: `select to_regnamespace('zoo') is null and to_regclass('standdown_migration') is null as empty`,
    }
    assert.deepEqual(await target.db.query(left), [{ empty: true }], name)
  }
  await assert.rejects(restore(target.db, join(path, 'none'), zoo), {
    code: 'BACKUP_UNREADABLE',
    message: /ENOENT/,
  })
  await assert.rejects(restore(target.db, path, zoo), { code: 'BACKUP_UNREADABLE', message: /EISDIR/ })
  await restore(target.db, file, zoo)
})

test('a backup of a newer version, or of other migrations, is refused', async t => {
  const path = folder(t)
  const file = join(path, 'zoo.backup')
  await using source = await testDatabase({ empty: true })
  await using target = await testDatabase({ empty: true })
  const newer = [...ZOO, migration(2, 'names', 'select 1')]
  await migrate(source.db, newer)
  await backup(source.db, file, { now, known: newer })
  await assert.rejects(restore(target.db, file, zoo), { code: 'SCHEMA_NEWER', message: /2 \(names\)/ })
  const edited = [ZOO[0] as Migration, migration(2, 'names', 'select 2')]
  await assert.rejects(restore(target.db, file, { known: edited, restored }), { code: 'MIGRATION_CHANGED' })
  const text = gunzipSync(readFileSync(file)).toString('utf8').replace('"version":1', '"version":2')
  writeFileSync(join(path, 'v2'), gzipSync(text))
  await assert.rejects(restore(target.db, join(path, 'v2'), zoo), {
    code: 'BACKUP_UNKNOWN',
    message: /format 2/,
  })
})

test('a backup that fails leaves no file', async t => {
  const path = folder(t)
  await using source = await testDatabase({ empty: true })
  await fillZoo(source.db)
  await assert.rejects(backup(source.db, join(path, 'no', 'zoo.backup'), { now, known: ZOO }), /ENOENT/)
  await assert.rejects(backup(source.db, join(path, 'zoo.backup'), { now, known: [] }), {
    code: 'SCHEMA_NEWER',
  })
  // Fails when half of the file is written: the backend is ended while rows are on their way.
  const ended = backup(source.db, join(path, 'zoo.backup'), {
    known: ZOO,
    now() {
      ending = source.db.query({
        text: `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`,
      })
      return now()
    },
  })
  let ending: Promise<unknown> = Promise.resolve()
  await assert.rejects(ended)
  await ending
  assert.deepEqual(readdirSync(path), [])
  assert.equal(existsSync(join(path, 'zoo.backup')), false)
})
