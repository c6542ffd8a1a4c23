// What PostgreSQL undoes because two wait for each other is run again, once for each time, and nobody is told.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const LOCK = { name: 'test.lock', text: 'update row set times = times + 1 where id = $1::int' }

async function twoRows(): Promise<TestDatabase & { readonly quick: Database }> {
  const database = await testDatabase({ empty: true })
  await database.db.query({ text: 'create table row (id int primary key, times int not null default 0)' })
  await database.db.query({ text: 'insert into row values (1), (2)' })
  await database.db.query({ text: `alter database ${database.name} set deadlock_timeout = '20ms'` })
  // Connections that were made before do not hear of it.
  const quick = new Database(database.options)
  const dispose = async () => {
    await quick.close()
    await database[Symbol.asyncDispose]()
  }
  return { ...database, quick, [Symbol.asyncDispose]: dispose }
}

const times = { text: 'select id, times from row order by id' }

test('of two transactions that wait for each other one is run again until both are done, each once', async () => {
  await using database = await twoRows()
  const { quick } = database
  const bothHold = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const hooks: string[] = []
  let runs = 0
  const meet = (name: string, [first, second]: [number, number], mine: 0 | 1) =>
    quick.transaction(name, async tx => {
      runs += 1
      const run = runs
      tx.afterCommit(() => hooks.push(name))
      await tx.query(LOCK, [first])
      bothHold[mine].resolve()
      await Promise.all(bothHold.map(({ promise }) => promise))
      await tx.query(LOCK, [second])
      return run
    })
  const done = await Promise.all([meet('one', [1, 2], 0), meet('other', [2, 1], 1)])
  // More often where the one that is run again has its lock before the other one has woken up: then they meet once more.
  assert.ok(runs >= 3, `${runs} runs`)
  assert.ok(done.includes(runs), 'the answer is that of the last run')
  assert.deepEqual(hooks.toSorted(), ['one', 'other'])
  assert.deepEqual(await quick.query(times), [
    { id: 1, times: 2 },
    { id: 2, times: 2 },
  ])
})

test('a flush that waits with a transaction in a circle is run again as well', async () => {
  await using database = await twoRows()
  const { quick, db } = database
  const gate = { name: 'test.gate', text: 'select pg_advisory_xact_lock($1::int)' }
  const opened = Promise.withResolvers<void>()
  const [closed, holdsTwo, goesOn] = [0, 0, 0].map(() => Promise.withResolvers<void>())
  // Keeps the flush between its two locks.
  const keeper = db.transaction('keeper', async tx => {
    await tx.query(gate, [1])
    closed!.resolve()
    await opened.promise
  })
  await closed!.promise
  const transaction = quick.transaction('test', async tx => {
    await tx.query(LOCK, [2])
    holdsTwo!.resolve()
    await goesOn!.promise
    await tx.query(LOCK, [1])
  })
  await holdsTwo!.promise
  const flushed = quick.flush('test', [
    { statement: LOCK, values: [1] },
    { statement: gate, values: [1] },
    { statement: LOCK, values: [2] },
  ])
  await untilWaiting(db, 1)
  goesOn!.resolve()
  // The transaction waits for the flush now, and was no deadlock when PostgreSQL looked: the flush will be its victim.
  await untilWaiting(db, 2)
  opened.resolve()
  await Promise.all([keeper, transaction, flushed])
  assert.deepEqual(await quick.query(times), [
    { id: 1, times: 2 },
    { id: 2, times: 2 },
  ])
})

/** Until so many connections wait for others, in this database. */
async function untilWaiting(db: Database, wanted: number): Promise<void> {
  const text = `select from pg_stat_activity
    where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`
  await until(async () => (await db.query({ text })).length >= wanted)
}

for (const [code, runs] of [
  ['40001', 6],
  ['40P01', 6],
  ['23505', 1],
] as const) {
  test(`what always fails with ${code} is run ${runs === 1 ? 'once' : 'six times'}, and then its caller is told`, async () => {
    await using database = await testDatabase({ empty: true })
    const { db } = database
    // A sequence goes on also where a transaction is undone.
    await db.query({
      text: `create sequence runs; create function fail() returns int language plpgsql as
        $$ begin perform nextval('runs'); raise exception using errcode = '${code}'; end $$`,
    })
    const fail = { name: 'test.fail', text: 'select fail()' }
    const counted = async () =>
      (await db.query<{ last_value: number }>({ text: 'select last_value from runs' }))[0]?.last_value
    await assert.rejects(db.flush('test', [{ statement: fail }]), { code })
    assert.equal(await counted(), runs)
    await assert.rejects(
      db.transaction('test', tx => tx.query(fail)),
      { code },
    )
    assert.equal(await counted(), 2 * runs)
    await assert.rejects(
      db.transaction('test', async tx => tx.send(fail)),
      { code },
    )
    assert.equal(await counted(), 3 * runs)
    // Also where the work says something else because of it.
    const translating = db.transaction('test', async tx => {
      await tx.query(fail).catch(() => {
        throw new Error('something else')
      })
    })
    await assert.rejects(translating, runs === 1 ? /something else/ : { code })
    assert.equal(await counted(), 4 * runs)
  })
}
