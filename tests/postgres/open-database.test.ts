import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { backup } from '../../server/src/backup/backup.ts'
import { restore } from '../../server/src/backup/restore.ts'
import { openDatabase } from '../../server/src/postgres/open-database.ts'
import { checkSchema } from '../../server/src/store/migrate.ts'
import { testDatabase } from '../support/database.ts'
import { openDirectory } from './data-directories.ts'

const INSERT = { text: `insert into engine.tenant (id) values ('t')` }
const COUNT = { text: 'select count(*) as count from engine.tenant' }

test('without DATABASE_URL it is the embedded one, migrated, and there again at the next start', async t => {
  const dataDir = join(openDirectory(t), 'data')
  {
    await using database = await openDatabase({ dataDir })
    assert.equal(database.kind, 'embedded')
    await checkSchema(database.db)
    await database.db.query(INSERT)
    await database.close()
    assert.equal(await database.lost, null)
  }
  await using database = await openDatabase({ dataDir })
  assert.deepEqual(await database.db.query(COUNT), [{ count: 1 }])
})

test('with DATABASE_URL it is that one, and DATA_DIR is not touched', async t => {
  await using own = await testDatabase({ empty: true })
  const databaseUrl = urlOf(own.options)
  await using database = await openDatabase({ dataDir: '/nowhere/to/be/found', databaseUrl })
  assert.equal(database.kind, 'external')
  await checkSchema(database.db)
  assert.deepEqual(await own.db.query(COUNT), [{ count: 0 }])
  await database.close()
  assert.equal(await database.lost, null)
  const file = join(openDirectory(t), 'backup')
  await backup(own.db, file, { now: () => new Date(0) })
  await using empty = await testDatabase({ empty: true })
  await using asIs = await openDatabase({ dataDir: '', databaseUrl: urlOf(empty.options), schema: 'as-is' })
  await restore(asIs.db, file, { restored: async () => {} })
  await checkSchema(asIs.db)
})

test('a DATABASE_URL where nobody answers says so, without the password', async () => {
  const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const refusal = (reason: RegExp) => (error: Error & { code?: string }) => {
    assert.equal(error.code, 'DATABASE_UNREACHABLE')
    assert.match(error.message, reason)
    assert.match(error.message, /\nCheck DATABASE_URL/)
    assert.doesNotMatch(error.message, /s3cret/)
    return true
  }
  const open = (databaseUrl: string) => openDatabase({ dataDir: '', databaseUrl })
  await assert.rejects(open(`postgres://me:s3cret@127.0.0.1:${port}/x`), refusal(/Connection terminated/))
  server.close()
  await once(server, 'close')
  await assert.rejects(open(`postgres://me:s3cret@127.0.0.1:${port}/x`), refusal(/ECONNREFUSED/))
  await assert.rejects(
    open('postgres://me:s3cret@no.such.host.invalid/x'),
    refusal(/no\.such\.host\.invalid/),
  )
  await assert.rejects(open('postgres://me:s3cret@[bad'), refusal(/Invalid URL/))
  await using own = await testDatabase({ empty: true })
  await assert.rejects(
    open(urlOf({ ...own.options, database: 'missing' })),
    refusal(/"missing" does not exist/),
  )
})

test('a database that does not answer at first is asked again', async () => {
  await using own = await testDatabase({ empty: true })
  const socket = join(own.options.host ?? '', '.s.PGSQL.5432')
  let attempts = 0
  const server = createServer(client => {
    attempts += 1
    if (attempts < 3) return client.destroy()
    client.pipe(connect(socket)).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const databaseUrl = `postgres://${own.options.user}@127.0.0.1:${port}/${own.name}`
  await using database = await openDatabase({ dataDir: '', databaseUrl })
  await checkSchema(database.db)
  await database.close()
  server.close()
})

function urlOf({ host = '', user = '', database = '' }): string {
  return `postgres://${user}@${encodeURIComponent(host)}/${database}`
}
