// /readyz says whether the server can do its work: reads and writes, at once, also while callers have taken every connection.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { checkWrites } from '../../server/src/store/check-writes.ts'
import { DatabaseOverloaded, type Queries } from '../../server/src/store/database.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { takePool } from '../support/take-pool.ts'
import { until } from '../support/until.ts'
import { httpServer } from './http-server.ts'

type Readiness = { readonly status: number; readonly checks: { readonly [name: string]: string } }

async function readiness({ url }: Pick<TestServer, 'url'>): Promise<Readiness> {
  const response = await fetch(`${url}/readyz`)
  return { status: response.status, checks: JSON.parse(await response.text()).checks }
}

const WELL: Readiness = { status: 200, checks: { database: 'ok', writes: 'ok', 'wake loop': 'ok' } }

test('a database that reads and takes no writes is not ready, and is again by itself', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  assert.deepEqual(await readiness(server), WELL)
  const { database } = server.databaseOptions
  const direct = new pg.Client(server.databaseOptions)
  await direct.connect()
  // What is set counts for new connections, as after a fail-over that leaves a standby there.
  const newConnections = () =>
    direct.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'standdown%'`,
    )
  try {
    for (const [setting, reason] of [
      ['default_transaction_read_only = on', 'DatabaseReadOnly'],
      // No room for anything that is larger than what is kept in memory: as a full disk refuses it.
      ["temp_file_limit = '100kB'", 'DatabaseOverloaded'],
    ] as const) {
      await direct.query('set default_transaction_read_only = off')
      await direct.query(`alter database ${database} set ${setting}`)
      await newConnections()
      let now = await readiness(server)
      // For a moment it goes on to be well, or connections are being cut off.
      while (now.status === 200 || now.checks.database !== 'ok') now = await readiness(server)
      assert.deepEqual([now.status, now.checks.writes], [503, reason], setting)
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
      await direct.query(`alter database ${database} reset all`)
      await newConnections()
      await until(async () => (await readiness(server)).status === 200)
    }
  } finally {
    await direct.end()
  }
})

test('it answers while callers hold every connection, and when a question waits for a lock, which nobody is left waiting for', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  await readiness(server)
  await using _taken = await takePool(server.database.db)
  // Both, while they still hold them.
  const [plain, verbose] = await Promise.all([
    readiness(server),
    fetch(`${server.url}/readyz?verbose`).then(response => response.json()),
  ])
  assert.deepEqual(plain, WELL)
  assert.equal((verbose as { ready: boolean }).ready, true)

  const holder = new pg.Client(server.databaseOptions)
  await holder.connect()
  try {
    await holder.query('begin; lock table standdown_migration in access exclusive mode')
    let now = await readiness(server)
    while (now.status === 200) now = await readiness(server)
    assert.match(now.checks.database ?? '', /^Database(Overloaded|Unavailable)$/)
    const waiting = async () => {
      const { rows } = await holder.query(
        `select from pg_stat_activity where application_name = 'standdown-reserve' and wait_event_type = 'Lock'
         and datname = current_database()`,
      )
      return rows.length
    }
    await until(async () => (await waiting()) === 0)
    await holder.query('rollback')
    await until(async () => (await readiness(server)).status === 200)
  } finally {
    await holder.end()
  }
})

test('who asks while it looks gets the same answer, and for a moment after all was well: many ask the database once', async () => {
  let looks = 0
  const answer = Promise.withResolvers<void>()
  await using server = await httpServer({
    wellForMs: 60_000,
    prepare: http =>
      http.ready('database', async () => {
        looks += 1
        await answer.promise
      }),
  })
  const all = Array.from({ length: 50 }, () => server.http.app.inject('/readyz'))
  await server.http.app.inject('/healthz')
  answer.resolve()
  for (const { statusCode } of await Promise.all(all)) assert.equal(statusCode, 200)
  assert.equal(looks, 1)
  await server.http.app.inject('/readyz')
  assert.equal(looks, 1)
})

test('what was not well is looked at again by the next who asks', async () => {
  let well = false
  await using server = await httpServer({
    wellForMs: 60_000,
    prepare: http =>
      http.ready('database', async () => {
        if (!well) throw new Error('no')
      }),
  })
  assert.equal((await server.http.app.inject('/readyz')).statusCode, 503)
  well = true
  assert.equal((await server.http.app.inject('/readyz')).statusCode, 200)
})

test('a check that never answers is a check that failed', async () => {
  await using server = await httpServer({
    prepare: http => http.ready('database', () => new Promise(() => {})),
  })
  const response = await fetch(`${server.url}/readyz`)
  assert.equal(response.status, 503)
  assert.deepEqual(await response.json(), { ready: false, checks: { database: 'TookTooLong' } })
})

test('what PostgreSQL says is told apart: read-only, no disk, anything else', async () => {
  const failing = (code: string, wrap = (error: Error) => error): Queries => ({
    query: async () => {
      throw wrap(Object.assign(new Error('no'), { code }))
    },
  })
  const wrapped = (error: Error) => new DatabaseOverloaded('no', { cause: error })
  for (const [queries, name] of [
    [failing('25006'), 'DatabaseReadOnly'],
    [failing('53100'), 'DiskFull'],
    [failing('53100', wrapped), 'DiskFull'],
    [failing('53200', wrapped), 'DatabaseOverloaded'],
  ] as const)
    await assert.rejects(checkWrites(queries), { name })
})
