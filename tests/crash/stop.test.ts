// A server that is asked to stop while it cannot end what it has begun: it ends all the same.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { testDatabase } from '../support/database.ts'
import { databaseProxy } from '../support/database-proxy.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { EndedAtStart, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'

type Asked = { readonly receiver: Awaited<ReturnType<typeof httpReceiver>>; readonly dataDir: string }

async function withReceiver(work: (asked: Asked) => Promise<void>): Promise<void> {
  const receiver = await httpReceiver()
  const dataDir = mkdtempSync(join(tmpdir(), 'standdown-stop-'))
  try {
    await work({ receiver, dataDir })
  } finally {
    await receiver.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

test('a start that waits for another one’s migration ends when it is asked to', () =>
  withReceiver(async ({ dataDir }) => {
    await using database = await testDatabase({ empty: true })
    const { host = '', user = '', database: name = '' } = database.options
    const holder = await database.db.connect()
    const { rows } = await holder.query('select pg_backend_pid() as pid')
    // As migrate.ts does.
    await holder.query('select pg_advisory_lock(8319679501440837495)')
    try {
      const starting = startServer({
        dataDir,
        env: {
          DATABASE_URL: `postgresql:///${name}?host=${encodeURIComponent(host)}&user=${encodeURIComponent(user)}`,
        },
        begun: async child => {
          const waits = 'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))'
          await until(async () => (await database.db.query({ text: waits }, [rows[0].pid])).length !== 0)
          child.kill('SIGTERM')
        },
      })
      await assert.rejects(
        starting,
        (error: EndedAtStart) => error instanceof EndedAtStart && error.signal === null,
      )
    } finally {
      await holder.end()
    }
  }))

test('receivers that hang are left after a while; they are called again by whoever comes next', () =>
  withReceiver(async ({ receiver, dataDir }) => {
    await using database = await testDatabase({ empty: true })
    const { host = '', user = '', database: name = '' } = database.options
    const env = {
      DATABASE_URL: `postgresql:///${name}?host=${encodeURIComponent(host)}&user=${encodeURIComponent(user)}`,
    }
    await using server = await startServer({ dataDir, env })
    const token = await server.token({ user: 'alice@contoso.example' })
    const webhooks = Array.from({ length: 12 }, (_, i) => ({ kind: 'webhook', url: `${receiver.url}/${i}` }))
    receiver.answer = () => 'hang'
    await server.ask('POST', '/api/v1/events', { token, body: { title: 'Hangs', effects: webhooks } })
    await receiver.arrived(1)
    server.child.kill('SIGTERM')
    assert.deepEqual(await server.ended, { code: 0, signal: null }, server.said.join('\n'))

    receiver.answer = () => ({ status: 200 })
    const before = receiver.requests.length
    await using _next = await startServer({ dataDir, env })
    const after = await receiver.arrived(before + webhooks.length)
    assert.deepEqual(new Set(after.slice(before).map(({ path }) => path)).size, webhooks.length)
  }))

test('connections to the database that have fallen silent do not keep it: it says that it was cut short', () =>
  withReceiver(async ({ receiver, dataDir }) => {
    await using database = await testDatabase({ empty: true })
    await using proxy = await databaseProxy()
    const { user = '', database: name = '' } = database.options
    const env = { DATABASE_URL: `postgresql://${user}:@127.0.0.1:${proxy.port}/${name}` }
    await using server = await startServer({ dataDir, env })
    const token = await server.token({ user: 'alice@contoso.example' })
    receiver.answer = () => 'hang'
    await server.ask('POST', '/api/v1/events', {
      token,
      body: { title: 'Hangs', effects: [{ kind: 'webhook', url: `${receiver.url}/silent` }] },
    })
    await receiver.arrived(1)
    // Those that stand are lost; a probe would find a database that answers.
    proxy.mode = 'swallow'
    proxy.mode = 'pass'
    server.child.kill('SIGTERM')
    assert.deepEqual(await server.ended, { code: 1, signal: null }, server.said.join('\n'))
    assert.match(server.said.join('\n'), /the stop took too long and was cut short/)
  }))
