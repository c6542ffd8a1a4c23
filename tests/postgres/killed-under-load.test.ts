// kill -9 in the middle of writing, of the server alone and of what it leans on too: the next start finds nothing in its
// way, and everything that was committed.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { Database, type DatabaseOptions } from '../../server/src/store/database.ts'
import { type ServerProcessOptions, serverProcess } from '../store/server-process.ts'
import { until } from '../support/until.ts'
import { asRoot, openDirectory, ordinaryUser } from './data-directories.ts'
import { parentOf } from './process-end.ts'

type Killed = 'server' | 'watchdog' | 'PostgreSQL'

const TOGETHER: readonly (readonly Killed[])[] = [
  ['server'],
  ['server', 'watchdog'],
  ['watchdog', 'PostgreSQL', 'server'],
]

const USERS: { readonly [name: string]: (t: TestContext) => ServerProcessOptions } = {
  ...(asRoot && { root: t => ({ dataDir: join(openDirectory(t), 'data') }) }),
  'an ordinary user': t => {
    const user = ordinaryUser(t)
    return { ...user, dataDir: join(user.home, 'data'), env: { PATH: process.env.PATH, HOME: user.home } }
  },
}

for (const [name, optionsFor] of Object.entries(USERS)) {
  test(`killed while it writes, as ${name}: ${TOGETHER.map(all => all.join(' and ')).join('; ')}`, async t => {
    const options = optionsFor(t)
    const committed: number[] = []
    for (const together of TOGETHER) {
      const server = serverProcess({ ...options, writers: 8 })
      const { pid, options: postgres } = await server.ready()
      const pids = { server: server.pid, watchdog: parentOf(pid), PostgreSQL: pid }
      await server.fact(fact => fact.wrote !== undefined, 500)
      // Elsewhere nobody tells which processes it left.
      if (process.platform === 'linux') await beginLong(postgres)
      for (const one of together) process.kill(pids[one], 'SIGKILL')
      await server.ended
      committed.push(...server.facts.flatMap(fact => fact.wrote ?? []))

      await using next = serverProcess(options)
      const db = new Database((await next.ready()).options)
      const found = await db.query<{ number: number }>({ text: 'select number from written' })
      await db.close()
      const there = new Set(found.map(row => row.number))
      assert.deepEqual(
        committed.filter(number => !there.has(number)),
        [],
        `what was committed is there after a kill of ${together.join(' and ')}`,
      )
    }
  })
}

/** A statement that does not end by itself: its process is the last to notice that PostgreSQL is gone. */
async function beginLong(options: DatabaseOptions): Promise<void> {
  const client = new pg.Client({ ...options })
  client.on('error', () => {})
  await client.connect()
  const factors = [...'abcde'].map(name => `generate_series(1, 1000) ${name}`).join()
  client.query(`select count(*) from ${factors}`).catch(() => {})
  const watcher = new pg.Client({ ...options })
  watcher.on('error', () => {})
  await watcher.connect()
  const text = `select from pg_stat_activity where state = 'active' and query like 'select count%'`
  await until(async () => (await watcher.query(text)).rowCount !== 0)
  await watcher.end()
}
