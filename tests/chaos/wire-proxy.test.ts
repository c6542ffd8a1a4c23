import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Database, DatabaseUnavailable } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { realSetTimeout } from './virtual-time.ts'
import { Backends } from './wire-backend.ts'
import { type Fate, type Network, type UnitInfo, WireProxy } from './wire-proxy.ts'

const insert = { name: 'test.insert', text: 'insert into t (word) values ($1)' }
const lock = { name: 'test.lock', text: 'select pg_advisory_xact_lock($1::int)' }
const count = { name: 'test.count', text: 'select count(*)::int as n from t where word = $1' }
/** So many milliseconds pass when the test says so. */
const LATER = 1_000_000
const AT_ONCE: Fate = { requestMs: 0, answerMs: 0 }

let database: TestDatabase
before(async () => {
  database = await testDatabase({ empty: true })
  await database.db.query({ text: 'create table t (word text)' })
})
after(() => database[Symbol.asyncDispose]())

type Through = AsyncDisposable & {
  readonly db: Database
  readonly proxy: WireProxy
  readonly seen: UnitInfo[]
  readonly answered: string[]
  readonly later: (() => void)[]
}

/** A database behind a proxy on which all but LATER passes by itself; `fate`: of the units that it speaks of, all others arrive at once. */
async function through(fate: (unit: UnitInfo) => Fate | null = () => null): Promise<Through> {
  const seen: UnitInfo[] = []
  const answered: string[] = []
  const later: (() => void)[] = []
  const network: Network = {
    fateOf(unit) {
      seen.push(unit)
      return fate(unit) ?? AT_ONCE
    },
    notificationMs: () => 0,
    after(ms, _at, _what, arrive) {
      if (ms === 0) arrive()
      else if (ms === LATER) later.push(arrive)
      else realSetTimeout(arrive, ms)
    },
    moved() {},
  }
  const backends = new Backends(`${database.options.host}/.s.PGSQL.5432`)
  const proxy = await WireProxy.listen({
    from: 'p',
    network,
    backends,
    events: { answered: unit => void answered.push(unit.label) },
  })
  const db = new Database({ ...database.options, host: proxy.host, maxConnections: 3 })
  return {
    db,
    proxy,
    seen,
    answered,
    later,
    async [Symbol.asyncDispose]() {
      await db.close()
      await proxy[Symbol.asyncDispose]()
      backends.close()
    },
  }
}

const rowsOf = async (word: string) => (await database.db.query<{ n: number }>(count, [word]))[0]!.n

/** Resolves when so many rows with the word are there, seen from beside the proxy. */
async function untilRows(word: string, n: number): Promise<void> {
  await until(async () => (await rowsOf(word)) === n)
}

/** Resolves when nobody but this test holds a lock or is in a transaction. */
async function untilNobodyIsIn(): Promise<void> {
  const text = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`
  await until(async () => (await database.db.query<{ n: number }>({ text }))[0]!.n === 0)
}

const on =
  (label: string, fate: Partial<Fate>, nth = 1) =>
  (unit: UnitInfo): Fate | null =>
    unit.label === label && unit.nth === nth ? { ...AT_ONCE, ...fate } : null

describe('a proxy that speaks PostgreSQL', () => {
  test('knows each statement by its name, and the transaction that it belongs to', async () => {
    await using t = await through()
    await t.db.transaction('test', async tx => {
      void tx.look(lock, [1])
      tx.send(insert, ['named'])
      await tx.query(insert, ['named'])
    })
    await t.db.query(count, ['named'])
    assert.deepEqual(
      t.seen.map(unit => [unit.label, unit.nth, unit.transaction.length]),
      [
        ['startup', 1, 1],
        ['store.begin+test.lock+test.insert+test.insert', 1, 1],
        ['store.commit', 1, 2],
        ['test.count', 1, 1],
      ],
    )
    assert.deepEqual(
      t.answered,
      t.seen.map(unit => unit.label),
    )
    assert.equal(await rowsOf('named'), 2)
  })

  test('a request that is lost is not done', async () => {
    await using t = await through(on('test.insert', { breaks: 'request lost' }))
    await assert.rejects(t.db.query(insert, ['lost']), DatabaseUnavailable)
    await t.db.query(insert, ['lost'])
    assert.equal(await rowsOf('lost'), 1)
  })

  test('an answer that is lost: it is done, and the client is told that the connection broke', async () => {
    await using t = await through(on('store.commit', { breaks: 'answer lost' }))
    await assert.rejects(
      t.db.transaction('test', tx => tx.query(insert, ['unheard'])),
      DatabaseUnavailable,
    )
    assert.equal(await rowsOf('unheard'), 1)
  })

  test('a request that arrives late is done after the client has given up, with what was written behind it', async () => {
    const gate = Promise.withResolvers<void>()
    await using t = await through(
      on('store.begin+test.insert+test.insert', {
        breaks: 'request late',
        answerMs: 5,
        requestAfter: gate.promise,
      }),
    )
    const work = t.db.transaction('test', async tx => {
      // Both travel with the begin.
      await Promise.all([tx.look(insert, ['late']), tx.look(insert, ['late'])])
    })
    await assert.rejects(work, DatabaseUnavailable)
    assert.equal(await rowsOf('late'), 0)
    gate.resolve()
    while (!t.answered.includes('store.begin+test.insert+test.insert')) await rowsOf('late')
    await untilNobodyIsIn()
    assert.equal(await rowsOf('late'), 0, 'without its commit a transaction leaves nothing')
  })

  test('a single statement that arrives late counts', async () => {
    const gate = Promise.withResolvers<void>()
    await using t = await through(
      on('test.insert', { breaks: 'request late', answerMs: 5, requestAfter: gate.promise }),
    )
    await assert.rejects(t.db.query(insert, ['late alone']), DatabaseUnavailable)
    gate.resolve()
    await untilRows('late alone', 1)
  })

  test('what is written together goes together: lost on the way, nothing of it is done', async () => {
    await using t = await through(
      on('store.begin+test.insert+test.lock+test.insert', { breaks: 'request lost', lingerMs: LATER }),
    )
    const work = t.db.transaction('test', async tx => {
      await Promise.all([tx.look(insert, ['group']), tx.look(lock, [2]), tx.look(insert, ['group'])])
    })
    await assert.rejects(work, DatabaseUnavailable)
    assert.deepEqual(t.answered, ['startup'])
    assert.equal(await rowsOf('group'), 0)
  })

  test('until PostgreSQL hears that a connection broke, its transaction keeps its locks', async () => {
    await using t = await through(on('test.insert', { breaks: 'answer lost', lingerMs: LATER }))
    const work = t.db.transaction('test', async tx => {
      await tx.query(lock, [3])
      await tx.query(insert, ['lingering'])
    })
    await assert.rejects(work, DatabaseUnavailable)
    const free = { text: 'select pg_try_advisory_xact_lock(3) as free' }
    assert.equal((await database.db.query<{ free: boolean }>(free))[0]!.free, false)
    for (const happen of t.later) happen()
    await until(async () => (await database.db.query<{ free: boolean }>(free))[0]!.free)
    assert.equal(await rowsOf('lingering'), 0)
  })

  test('a client that goes away takes nothing back that it has written', async () => {
    const gate = Promise.withResolvers<void>()
    await using t = await through(on('test.insert', { requestAfter: gate.promise }))
    const work = t.db.query(insert, ['written'])
    work.catch(() => {})
    while (!t.seen.some(unit => unit.label === 'test.insert')) await rowsOf('written')
    await Promise.all([t.proxy, work.catch(() => {}), cutFromInside(t.db)])
    assert.equal(await rowsOf('written'), 0)
    gate.resolve()
    await untilRows('written', 1)
  })

  test('an answer that comes in many pieces comes whole', async () => {
    await using t = await through()
    const big = { name: 'test.big', text: `select repeat('x', 100) as x from generate_series(1, $1::int)` }
    const rows = await t.db.query<{ x: string }>(big, [20_000])
    assert.equal(rows.length, 20_000)
    assert.ok(rows.every(row => row.x.length === 100))
  })

  test('whoever connects while it refuses is told that the database is away', async () => {
    await using t = await through()
    t.proxy.refuses = true
    await assert.rejects(t.db.query(count, ['x']), DatabaseUnavailable)
    t.proxy.refuses = false
    await t.db.query(count, ['x'])
    t.proxy.cutAll()
    await assert.rejects(async () => {
      // The pool may have noticed already: then it makes a new one.
      await t.db.query(count, ['x'])
      throw new DatabaseUnavailable('noticed before')
    }, DatabaseUnavailable)
  })
})

/** As when it finds the database silent: breaks the client's own end of every connection. */
async function cutFromInside(db: Database): Promise<void> {
  const { streams } = db as unknown as { readonly streams: ReadonlySet<{ destroy(): void }> }
  for (const stream of streams) stream.destroy()
}
