// The connection beside the pool is renewed, and goes on to answer where PostgreSQL takes no new ones.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { Reserve } from '../../server/src/store/reserve.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

test('it is kept while the database takes no more connections, and renewed as soon as it does', async () => {
  await using database = await testDatabase({ empty: true })
  const role = `${database.name}_two`
  await database.db.query({ text: `create role ${role} login connection limit 2` })
  const client = () => new pg.Client({ ...database.options, user: role })
  const reserve = new Reserve({ withinMs: 60_000, renewedAfterMs: 0, client, isAway: () => false })
  const backend = async () =>
    (await reserve.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' }))[0]?.pid
  const gone = async (pid = 0) => {
    const text = 'select from pg_stat_activity where pid = $1'
    await until(async () => (await database.db.query({ text }, [pid])).length === 0)
  }
  const other = client()
  try {
    const first = await backend()
    await other.connect()
    await assert.rejects(client().connect(), /too many connections/)
    assert.equal(await backend(), first)
    assert.equal(await backend(), first, 'again')
    await other.end()
    let next = await backend()
    // PostgreSQL counts a connection for a moment after it was left.
    while (next === first) next = await backend()
    await gone(first)
  } finally {
    reserve.close()
    await other.end().catch(() => {})
    const left = 'select from pg_stat_activity where usename = $1'
    await until(async () => (await database.db.query({ text: left }, [role])).length === 0)
    await database.db.query({ text: `drop role ${role}` })
  }
})
