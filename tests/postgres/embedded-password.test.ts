// The embedded PostgreSQL asks for its password: what runs as the same user of the machine is not let in for that. And the
// password stands in one file only.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { backup } from '../../server/src/backup/backup.ts'
import { takeDataDirectory } from '../../server/src/postgres/data-directory.ts'
import { type EmbeddedPostgres, startEmbedded } from '../../server/src/postgres/embedded.ts'
import { canEnter, postgresUser } from '../../server/src/postgres/postgres-user.ts'
import { Database } from '../../server/src/store/database.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { serverProcess } from '../store/server-process.ts'
import { testPostgresMajor as pgMajor } from '../support/postgres.ts'
import { asRoot, openDirectory, ordinaryUser } from './data-directories.ts'

const RULES = ['postgresql', 'pg_hba.conf']
const FILE = 'database-password'
/** What an earlier version left: everybody who reaches the socket is its superuser. */
const TRUSTING = 'local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 trust\n'

type Lines = { readonly postgres: EmbeddedPostgres; readonly said: string[] }

async function start(t: TestContext, dataDir: string): Promise<Lines> {
  const said: string[] = []
  const postgres = await startEmbedded({ dataDir, pgMajor, log: line => void said.push(line) })
  t.after(() => postgres.stop())
  return { postgres, said }
}

/** SQLSTATE of the refusal; null when one is let in. */
async function refusal(options: pg.ClientConfig): Promise<string | null> {
  const client = new pg.Client(options)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return null
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message
  } finally {
    await client.end()
  }
}

async function assertClosed({ options }: EmbeddedPostgres): Promise<void> {
  const { password, ...open } = options
  assert.match(password ?? '', /^[\w-]{43}$/)
  assert.equal(await refusal(options), null, 'whoever knows it is let in')
  for (const database of ['standdown', 'postgres', 'template1']) {
    assert.equal(await refusal({ ...open, database, password: 'wrong' }), '28P01', database)
    // The driver refuses by itself to answer without one.
    assert.match(String(await refusal({ ...open, database })), /28P01|password must be a string/, database)
  }
  assert.equal(
    await refusal({ ...open, user: 'postgres', password: 'wrong' }),
    '28P01',
    'nor is there another role',
  )
}

test('nobody is let in without the password, which only the server’s user can read', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const { postgres } = await start(t, dataDir)
  await assertClosed(postgres)
  const file = statSync(join(dataDir, FILE))
  assert.deepEqual([file.mode & 0o777, file.uid], [0o600, process.getuid?.()])
  assert.equal(readFileSync(join(dataDir, FILE), 'utf8').trim(), postgres.options.password)
  assert.equal(statSync(postgres.options.host ?? '').mode & 0o777, 0o700)
  assert.doesNotMatch(readFileSync(join(dataDir, ...RULES), 'utf8'), /trust|peer|ident|\bhost/)
})

test('an ordinary user’s asks for it too', async t => {
  const user = ordinaryUser(t)
  const dataDir = join(user.home, 'data')
  await using server = serverProcess({
    ...user,
    dataDir,
    env: { PATH: process.env.PATH, HOME: user.home },
  })
  const { password, ...open } = (await server.ready()).options
  assert.equal(await refusal({ ...open, password: password ?? '' }), null)
  assert.equal(await refusal({ ...open, password: 'wrong' }), '28P01')
  const { mode, uid } = statSync(join(dataDir, FILE))
  assert.deepEqual([mode & 0o777, uid], [0o600, user.ids?.uid ?? process.getuid?.()])
})

test('a data directory of an earlier version is closed at the next start, and keeps what it has', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const first = await startEmbedded({ dataDir, pgMajor })
  const db = new Database(first.options)
  await db.query({ text: 'create table kept as select 1 as one' })
  await db.close()
  await first.stop()
  // As it was: no password, everybody is trusted, and on a system where root's PostgreSQL had to pass through.
  writeFileSync(join(dataDir, ...RULES), TRUSTING)
  rmSync(join(dataDir, FILE))
  chmodSync(dataDir, 0o711)
  const { postgres } = await start(t, dataDir)
  await assertClosed(postgres)
  const again = new Database(postgres.options)
  t.after(() => again.close())
  assert.deepEqual(await again.query({ text: 'select one from kept' }), [{ one: 1 }])
})

test('one that was killed in the middle of being closed is closed by the next start', async t => {
  const dataDir = join(openDirectory(t), 'data')
  await (await startEmbedded({ dataDir, pgMajor })).stop()
  // The file of the password was written, and nothing else.
  writeFileSync(join(dataDir, ...RULES), TRUSTING)
  writeFileSync(join(dataDir, FILE), `${'A'.repeat(43)}\n`, { mode: 0o600 })
  const { postgres } = await start(t, dataDir)
  assert.equal(postgres.options.password, 'A'.repeat(43))
  await assertClosed(postgres)
})

test('a password that was lost or damaged is made anew, and one that others could read is hidden again', async t => {
  const dataDir = join(openDirectory(t), 'data')
  let before = ''
  for (const spoil of [
    () => {},
    () => rmSync(join(dataDir, FILE)),
    () => writeFileSync(join(dataDir, FILE), ''),
    () => {
      rmSync(join(dataDir, ...RULES))
      writeFileSync(join(dataDir, FILE), 'half')
    },
  ]) {
    spoil()
    const postgres = await startEmbedded({ dataDir, pgMajor })
    const { password = '' } = postgres.options
    assert.notEqual(password, before)
    assert.equal(await refusal(postgres.options), null)
    before = password
    await postgres.stop()
  }
  chmodSync(join(dataDir, FILE), 0o644)
  const { postgres } = await start(t, dataDir)
  assert.equal(postgres.options.password, before)
  assert.equal(statSync(join(dataDir, FILE)).mode & 0o777, 0o600)
})

test('the password is in no argument, environment or line of a log, not among PostgreSQL’s files, and in no backup', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const { postgres, said } = await start(t, dataDir)
  const { password = '' } = postgres.options
  const db = new Database(postgres.options)
  t.after(() => db.close())
  await migrate(db)
  const folder = mkdtempSync(join(tmpdir(), 'standdown-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  await backup(db, join(folder, 'all.backup'), { now: () => new Date() })
  assert.ok(!readFileSync(join(folder, 'all.backup')).includes(password))
  assert.ok(!said.join('\n').includes(password))
  // Exit code 1: found nowhere.
  assert.equal(spawnSync('grep', ['-rqaF', password, join(dataDir, 'postgresql')]).status, 1)
  assert.ok(!execFileSync('ps', ['axww', '-o', 'args'], { encoding: 'utf8' }).includes(password))
  if (process.platform === 'linux')
    assert.ok(!readFileSync(`/proc/${postgres.pid}/environ`, 'latin1').includes(password))
  assert.equal(process.env.PGPASSWORD, undefined)
})

if (asRoot && process.platform === 'linux') {
  test('as root PostgreSQL’s user has no path to its files: what else runs as that user cannot read them', async t => {
    const dataDir = join(openDirectory(t), 'data')
    await start(t, dataDir)
    assert.equal(statSync(dataDir).mode & 0o777, 0o700)
    assert.equal(canEnter(postgresUser(), join(dataDir, 'postgresql')), false)
  })

  test('as root a directory of an earlier version is closed as well, but not one that is more than ours', async t => {
    for (const [mode, more, after] of [
      [0o755, '', 0o700],
      [0o711, '', 0o700],
      [0o755, 'site.conf', 0o755],
    ] as const) {
      const dataDir = join(openDirectory(t), 'data')
      mkdirSync(dataDir)
      chmodSync(dataDir, mode)
      for (const name of ['server.json', 'postgresql.0123456789ab', more].filter(each => each !== ''))
        writeFileSync(join(dataDir, name), '')
      takeDataDirectory(dataDir).release()
      assert.equal(statSync(dataDir).mode & 0o777, after, `${mode.toString(8)} ${more}`)
    }
  })
}
