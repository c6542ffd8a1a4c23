// Every way in which the embedded PostgreSQL cannot start is one sentence that says what to do, and leaves nothing.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEmbedded } from '../../server/src/postgres/embedded.ts'
import { findPostgresPackage, type PostgresMajor } from '../../server/src/postgres/postgres-binaries.ts'
import { type Cluster, startFault } from '../../server/src/postgres/postgres-cluster.ts'
import { postgresUser } from '../../server/src/postgres/postgres-user.ts'
import { makeSocketDirectory } from '../../server/src/postgres/socket-directory.ts'
import { Database, DatabaseOverloaded } from '../../server/src/store/database.ts'
import { serverProcess } from '../store/server-process.ts'
import { testPostgresMajor as pgMajor, testPostgres } from '../support/postgres.ts'
import { openDirectory, ordinaryUser, privateHome } from './data-directories.ts'

test('data of another PostgreSQL is refused, and left alone', async t => {
  const dataDir = openDirectory(t)
  mkdirSync(join(dataDir, 'postgresql'))
  writeFileSync(join(dataDir, 'postgresql', 'PG_VERSION'), '14\n')
  await assert.rejects(startEmbedded({ dataDir, pgMajor }), {
    code: 'POSTGRES_MAJOR_MISMATCH',
    message: /was made by PostgreSQL 14, .*brings PostgreSQL 1[58]\.\nRun `\.\/standdown backup`/,
  })
  assert.deepEqual(readdirSync(dataDir), ['postgresql'])
  assert.deepEqual(readdirSync(join(dataDir, 'postgresql')), ['PG_VERSION'])
})

test('a directory that cannot be entered or written to says so, and what to set', async t => {
  const user = ordinaryUser(t)
  const closed = join(openDirectory(t), 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0)
  await using server = serverProcess({ ...user, dataDir: join(closed, 'data'), env: { HOME: user.home } })
  const fact = await server.fact(one => one.fault !== undefined)
  assert.equal(fact.fault, 'DATA_DIRECTORY_UNUSABLE')
  chmodSync(closed, 0o700)
  assert.match(fact.message ?? '', /EACCES.*\nSet DATA_DIR to a directory that user \S+ can write to\.$/)
})

test('a file in the place of the directory says so', async t => {
  const file = join(openDirectory(t), 'data')
  writeFileSync(file, '')
  await assert.rejects(startEmbedded({ dataDir: file, pgMajor }), {
    code: 'DATA_DIRECTORY_UNUSABLE',
    message: /EEXIST/,
  })
  await assert.rejects(startEmbedded({ dataDir: join(file, 'below'), pgMajor }), {
    code: 'DATA_DIRECTORY_UNUSABLE',
    message: /ENOTDIR/,
  })
})

test('an npm ci without optional dependencies says so', () => {
  // There is no such package, as there is none at all then.
  assert.throws(() => findPostgresPackage(16 as PostgresMajor), {
    code: 'POSTGRES_BINARIES_MISSING',
    message:
      /^there is no PostgreSQL 16 for \w+-\w+ in node_modules .*\nRun `npm ci` without --omit=optional, or set DATABASE_URL/,
  })
})

test('a cluster whose files are lost is an error in the words of PostgreSQL, and the directory is free again', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const first = await startEmbedded({ dataDir, pgMajor })
  await first.stop()
  rmSync(join(dataDir, 'postgresql', 'global'), { recursive: true })
  await assert.rejects(startEmbedded({ dataDir, pgMajor }), {
    code: 'POSTGRES_FAILED',
    message: /^the embedded PostgreSQL did not start:\n(.|\n)*global/,
  })
  assert.deepEqual(readdirSync(dataDir).sort(), ['database-password', 'postgresql'])
})

test('a making of the cluster that was cut short is made again', async t => {
  const dataDir = openDirectory(t)
  mkdirSync(join(dataDir, 'postgresql.0123456789ab', 'base'), { recursive: true })
  const postgres = await startEmbedded({ dataDir, pgMajor })
  await postgres.stop()
  assert.deepEqual(readdirSync(dataDir).sort(), ['database-password', 'postgresql'])
})

test('the socket lies in a short and private directory, wherever DATA_DIR and TMPDIR are', t => {
  const deep = join(openDirectory(t), 'd'.repeat(90))
  mkdirSync(deep)
  const closed = privateHome(t)
  const user = postgresUser()
  const made = makeSocketDirectory(user, [deep, join(closed, 'none'), ...(user.ids ? [closed] : []), '/tmp'])
  assert.match(made.path, /^\/tmp\/standdown-\w+$/)
  assert.deepEqual([readdirSync(deep), readdirSync(closed)], [[], []])
  made.remove()
  assert.equal(existsSync(made.path), false)
  assert.throws(() => makeSocketDirectory(user, [deep]), {
    code: 'POSTGRES_FAILED',
    message: /no place for its socket/,
  })
})

// Where this user may mount, a disk of 60 MB: PostgreSQL's first files are about 40 MB.
const MOUNT = 'mount -t tmpfs -o size=60m,mode=711 standdown "$1" && shift && exec "$@"'
const mayMount =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs standdown /mnt']).status === 0

test('a full disk says so, loses nothing, and does not stop the next start', async t => {
  if (!mayMount) return await fullDevice()
  const disk = openDirectory(t)
  const script = `
    set -e
    dd if=/dev/zero of="$1/filler" bs=1M count="$2" 2>/dev/null || true
    shift 2
    exec "$@"`
  const run = (fillMb: number, dataDir = join(disk, 'data')) =>
    serverProcess({
      dataDir,
      under: ['unshare', '-m', 'sh', '-c', MOUNT, 'sh', disk, 'sh', '-c', script, 'sh', disk, String(fillMb)],
    })
  for (const fillMb of [30, 60]) {
    // At 30 the cluster cannot be made; at 60 not even the lock can be written.
    await using server = run(fillMb)
    const fact = await server.fact(one => one.fault !== undefined || one.ready !== undefined)
    assert.equal(fact.fault, 'DISK_FULL', JSON.stringify(fact))
    assert.match(fact.message ?? '', /^no space left on the disk of .*\nFree some space, then start again/)
  }
})

// An ordinary user has no disk to fill, but the device that is always full.
async function fullDevice(): Promise<void> {
  const db = new Database(await testPostgres())
  const error = await db.query({ text: `copy (select 1) to '/dev/full'` }).catch((caught: Error) => caught)
  await db.close()
  // What PostgreSQL itself said stands behind what callers are told.
  assert.ok(error instanceof DatabaseOverloaded && error.cause instanceof Error)
  const cluster: Cluster = {
    dataDir: '/data',
    directory: '/data/postgresql',
    binaries: '',
    user: postgresUser(),
  }
  assert.equal((startFault(cluster, error.cause.message) as NodeJS.ErrnoException).code, 'DISK_FULL')
}
