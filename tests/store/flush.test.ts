// A group of statements in one write: one transaction, each statement with a snapshot of its own, and no doubt about which
// statements the connection has prepared, whichever of them failed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database, type FlushStep } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type PostgresWay, postgresWay } from '../support/postgres-way.ts'
import { until } from '../support/until.ts'

type World = AsyncDisposable & {
  readonly way: PostgresWay
  /** With one connection, on that way. */
  readonly db: Database
  readonly database: TestDatabase
  ids(): Promise<readonly number[]>
}

async function world(): Promise<World> {
  const database = await testDatabase({ empty: true })
  const way = await postgresWay()
  const db = new Database({ ...database.options, host: way.host, maxConnections: 1 })
  await database.db.query({ text: 'create table row (id int primary key, name text)' })
  await db.query({ text: 'select 1' })
  way.writes.splice(0)
  return {
    way,
    db,
    database,
    ids: async () =>
      (await database.db.query<{ id: number }>({ text: 'select id from row order by id' })).map(
        ({ id }) => id,
      ),
    async [Symbol.asyncDispose]() {
      await db.close()
      await way[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

const insert = (id: number): FlushStep => ({
  statement: { name: 'test.insert', text: 'insert into row (id) values ($1::int) returning id' },
  values: [id],
})
const count: FlushStep = { statement: { name: 'test.count', text: 'select count(*)::int as rows from row' } }
const remove = (id: number): FlushStep => ({
  statement: { name: 'test.remove', text: 'delete from row where id = $1::int' },
  values: [id],
})

test('all steps go in one write, and each sees what those before it did', async () => {
  await using w = await world()
  const [first, inserted, second, removed, third] = await w.db.flush<
    [{ rows: number }, { id: number }, { rows: number }, never, { rows: number }]
  >('test', [count, insert(1), count, remove(1), count])
  assert.deepEqual(first, [{ rows: 0 }])
  assert.deepEqual(inserted, [{ id: 1 }])
  assert.deepEqual(second, [{ rows: 1 }])
  assert.deepEqual(removed, [])
  assert.deepEqual(third, [{ rows: 0 }])
  assert.deepEqual(w.way.writes, ['PBDEPBDEBDEPBDEBDES'])
})

test('a statement is parsed and described once on a connection, whatever its rows look like', async () => {
  await using w = await world()
  const steps = [insert(1), count, remove(1)]
  await w.db.flush('test', steps)
  assert.deepEqual(await w.db.flush('test', steps), [[{ id: 1 }], [{ rows: 1 }], []])
  assert.deepEqual(w.way.writes, ['PBDEPBDEPBDES', 'BEBEBES'])
})

test('a flush of nothing asks nothing', async () => {
  await using w = await world()
  assert.deepEqual(await w.db.flush('test', []), [])
  assert.deepEqual(w.way.writes, [])
})

test('each step has a snapshot of its own: a commit between two of them is seen by the second', async () => {
  await using w = await world()
  // Holds the second step until a row has been committed meanwhile.
  const gate = { name: 'test.gate', text: 'select pg_advisory_xact_lock(7)::text' }
  const committed = Promise.withResolvers<void>()
  const gateTaken = Promise.withResolvers<void>()
  const holder = w.database.db.transaction('holder', async tx => {
    await tx.query(gate)
    gateTaken.resolve()
    await committed.promise
  })
  await gateTaken.promise
  const flushed = w.db.flush('test', [count, { statement: gate }, count])
  await untilWaiting(w.database.db)
  await w.database.db.query({ text: 'insert into row values (9)' })
  committed.resolve()
  await holder
  assert.deepEqual(await flushed, [[{ rows: 0 }], [{ pg_advisory_xact_lock: '' }], [{ rows: 1 }]])
})

/** Until somebody waits for an advisory lock. */
async function untilWaiting(db: Database): Promise<void> {
  const text = `select from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`
  await until(async () => (await db.query({ text })).length !== 0)
}

/** Three ways to fail: when it is parsed, when its values are bound, when it runs. */
const FAULTS: readonly { readonly what: string; readonly code: string; readonly step: FlushStep }[] = [
  { what: 'parsed', code: '42P01', step: { statement: { name: 'test.bad', text: 'select 1 from missing' } } },
  {
    what: 'bound',
    code: '22P02',
    step: { statement: { name: 'test.bad', text: 'select $1::int as n' }, values: ['x'] },
  },
  {
    what: 'run',
    code: '22012',
    step: { statement: { name: 'test.bad', text: 'select 1 / $1::int as n' }, values: [0] },
  },
]

/** Four statements with a name each, so that each is parsed in its own place. */
const good = (round: number): FlushStep[] =>
  [0, 1, 2, 3].map(i => ({
    statement: { name: `test.put-${i}`, text: 'insert into row (id) values ($1::int) returning id' },
    values: [round * 10 + i],
  }))

for (const { what, code, step } of FAULTS) {
  for (const at of [0, 1, 2, 3, 4]) {
    test(`step ${at} of five fails when it is ${what}: nothing was done, and the connection knows what it has prepared`, async () => {
      await using w = await world()
      const bad = good(0).toSpliced(at, 0, step)
      await assert.rejects(w.db.flush('test', bad), { code, where: /statement test\.bad$/ })
      assert.deepEqual(await w.ids(), [])
      // The same once more: as before, so nothing is taken for prepared that is not, nor the other way round.
      await assert.rejects(w.db.flush('test', bad), { code })
      assert.deepEqual(await w.ids(), [])
      assert.deepEqual(await w.db.flush('test', good(1)), [
        [{ id: 10 }],
        [{ id: 11 }],
        [{ id: 12 }],
        [{ id: 13 }],
      ])
      const [first, again, last] = w.way.writes
      // Up to the one that fails, all were parsed the first time, and none was the second time.
      const mayKeep = what !== 'parsed'
      assert.equal(first?.match(/P/g)?.length, 5)
      assert.equal(again?.match(/P/g)?.length ?? 0, mayKeep ? 4 - at : 5 - at)
      assert.equal(last?.match(/P/g)?.length ?? 0, 4 - at)
      const names = await prepared(w.db)
      assert.equal(names.has('test.bad'), mayKeep)
      for (const i of [0, 1, 2, 3]) assert.ok(names.has(`test.put-${i}`))
      assert.equal(w.way.connections, 1)
    })
  }
}

async function prepared(db: Database): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ name: string }>({ text: 'select name from pg_prepared_statements' })
  return new Set(rows.map(({ name }) => name))
}

test('what fails only at the end, when it is committed, fails too, and nothing was done', async () => {
  await using w = await world()
  await w.database.db.query({
    text: 'alter table row add column parent int references row deferrable initially deferred',
  })
  const orphan = {
    statement: { name: 'test.orphan', text: 'insert into row (id, parent) values ($1::int, 77)' },
    values: [1],
  }
  await assert.rejects(w.db.flush('test', [orphan, count]), { code: '23503' })
  assert.deepEqual(await w.ids(), [])
  assert.deepEqual(await w.db.flush('test', [insert(2)]), [[{ id: 2 }]])
  assert.equal(w.way.connections, 1)
})

test('two texts with one name are refused before anything is sent', async () => {
  await using w = await world()
  const other = { statement: { name: 'test.insert', text: 'select 1' } }
  await assert.rejects(w.db.flush('test', [insert(1), other]), /two statements have the name test\.insert/)
  assert.deepEqual(await w.ids(), [])
  assert.deepEqual(w.way.writes, [])
})

test('columns that became others: that connection is given up, and the next one goes by the new columns', async () => {
  await using w = await world()
  const all = { name: 'test.all', text: 'select * from row' }
  await w.db.flush('test', [insert(1)])
  assert.deepEqual(await w.db.query(all), [{ id: 1, name: null }])
  await w.database.db.query({ text: 'alter table row add column more int default 5' })
  await assert.rejects(w.db.query(all), { code: '0A000' })
  assert.deepEqual(await w.db.query(all), [{ id: 1, name: null, more: 5 }])
  assert.equal(w.way.connections, 2)
})

test('a statement that PostgreSQL has forgotten costs one error and the connection', async () => {
  await using w = await world()
  await w.db.flush('test', [insert(1)])
  await w.db.query({ text: 'deallocate all' })
  await assert.rejects(w.db.flush('test', [insert(2)]), { code: '26000' })
  assert.deepEqual(await w.db.flush('test', [insert(3)]), [[{ id: 3 }]])
  assert.deepEqual(await w.ids(), [1, 3])
})

test('rows are read by their types: numbers, times, json, arrays, texts, nulls', async () => {
  await using w = await world()
  const text = `select 1::int as int, 2::bigint as bigint, 1.5::float8 as double, true as yes, '{"a":[1]}'::jsonb as json,
    '2026-03-04T05:06:07.089Z'::timestamptz as at, '{a,NULL,"b c"}'::text[] as texts, null::text as nothing, 'x' as twice, 'y' as twice,
    '0190a0b0-c0d0-8000-8000-000000000001'::uuid as id`
  const row = {
    int: 1,
    bigint: 2,
    double: 1.5,
    yes: true,
    json: { a: [1] },
    at: new Date('2026-03-04T05:06:07.089Z'),
    texts: ['a', null, 'b c'],
    nothing: null,
    twice: 'y',
    id: '0190a0b0-c0d0-8000-8000-000000000001',
  }
  assert.deepEqual(await w.db.query({ text }), [row])
  assert.deepEqual(await w.db.query({ name: 'test.types', text }), [row])
  assert.deepEqual(await w.db.query({ name: 'test.types', text }), [row])
})

test('a text of several statements runs as one, alone; among others it is refused', async () => {
  await using w = await world()
  const script = {
    text: 'insert into row values (1); insert into row values (2); select count(*)::int as n from row',
  }
  assert.deepEqual(await w.db.query(script), [{ n: 2 }])
  await assert.rejects(w.db.flush('test', [insert(3), { statement: script }]), { code: '42601' })
  assert.deepEqual(await w.ids(), [1, 2])
})

test('COPY has no source here: the caller is told, and the connection is replaced', async () => {
  await using w = await world()
  await assert.rejects(w.db.query({ text: 'copy row from stdin' }), /COPY FROM STDIN/)
  assert.deepEqual(await w.db.flush('test', [insert(1)]), [[{ id: 1 }]])
})
