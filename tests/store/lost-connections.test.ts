// A connection that the database cuts at the worst moment: when it has just said that it is ready. Its caller is told, and
// the process lives on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { Database, DatabaseUnavailable } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'
import { testPostgres } from '../support/postgres.ts'

const READY_FOR_QUERY = Buffer.from('Z\0\0\0\x05I', 'latin1')

/**
 * A way to the tests' PostgreSQL that has each new backend terminated as soon as it is ready, and lets the client read
 * both at once, as a busy process does.
 */
async function cutWay(t: TestContext): Promise<string> {
  const { host = '', user } = await testPostgres()
  const admin = new pg.Client({ host, user, database: 'postgres' })
  await admin.connect()
  const directory = mkdtempSync(join(tmpdir(), 'standdown-cut-'))
  const sockets = new Set<Socket>()
  const way = createServer(client => {
    const backend = connect(join(host, '.s.PGSQL.5432'))
    for (const socket of [client, backend]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.pipe(backend)
    let said = Buffer.alloc(0)
    backend.on('data', async chunk => {
      said = Buffer.concat([said, chunk])
      const key = said.indexOf('K\0\0\0\x0c', 0, 'latin1')
      if (said.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY))
        await admin.query('select pg_terminate_backend($1)', [said.readInt32BE(key + 5)])
    })
    backend.on('end', () => client.end(said))
  })
  way.listen(join(directory, '.s.PGSQL.5432'))
  await once(way, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    way.close()
    await admin.end()
    rmSync(directory, { recursive: true })
  })
  return directory
}

test('a connection that is cut as soon as it is ready costs its caller an answer, and nobody the process', async t => {
  await using database = await testDatabase({ empty: true })
  const db = new Database({ ...database.options, host: await cutWay(t) })
  t.after(() => db.close())
  await assert.rejects(
    db.transaction('cut', tx => tx.query({ text: 'select 1' })),
    DatabaseUnavailable,
  )
  await assert.rejects(db.query({ text: 'select 1' }), DatabaseUnavailable)
  const listener = await db.connect()
  await assert.rejects(listener.query('listen nothing'))
})
