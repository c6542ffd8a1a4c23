// The faults of the package that usually runs an embedded PostgreSQL (design: "the wrapper package"): each test makes
// one happen, and shows that ours does without it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { startEmbedded } from '../../server/src/postgres/embedded.ts'
import { findPostgresPackage, installPostgres } from '../../server/src/postgres/postgres-binaries.ts'
import { postgresUser } from '../../server/src/postgres/postgres-user.ts'
import { Database } from '../../server/src/store/database.ts'
import { serverProcess } from '../store/server-process.ts'
import { testPostgresMajor as pgMajor } from '../support/postgres.ts'
import { asRoot, openDirectory, ordinaryUser, privateHome } from './data-directories.ts'
import { ended } from './process-end.ts'

test('1: without LANG the database is in UTF-8 all the same, and orders by code points', async t => {
  const { LANG, LC_ALL, LC_CTYPE, LANGUAGE, ...env } = process.env
  await using server = serverProcess({ dataDir: join(openDirectory(t), 'data'), env })
  const db = new Database((await server.ready()).options)
  t.after(() => db.close())
  assert.deepEqual(await db.query({ text: 'show server_encoding' }), [{ server_encoding: 'UTF8' }])
  const text = `select string_agg(c, '' order by c) as ordered, 'né 🦩' as echo, length('🦩') as length
                from unnest(array['b', 'Z', 'é', 'a', '🦩']) c`
  assert.deepEqual(await db.query({ text }), [{ ordered: 'Zabé🦩', echo: 'né 🦩', length: 1 }])
})

test('2: signals stay with the server: it adds no handlers, and SIGTERM ends a process that has none', async t => {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException'] as const
  const count = () => names.map(name => process.listenerCount(name))
  const before = count()
  const postgres = await startEmbedded({ dataDir: join(openDirectory(t), 'data'), pgMajor })
  assert.deepEqual(count(), before)
  await postgres.stop()
  assert.deepEqual(count(), before)

  const server = serverProcess({ dataDir: join(openDirectory(t), 'data') })
  const { pid } = await server.ready()
  server.child.kill('SIGTERM')
  assert.deepEqual(await server.ended, { code: null, signal: 'SIGTERM' })
  await ended(pid)
})

test('3: PostgreSQL ends when its server is killed with SIGKILL, and what was committed is there at the next start', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const server = serverProcess({ dataDir })
  const { options, pid } = await server.ready()
  const client = new pg.Client(options)
  await client.connect()
  client.on('error', () => {})
  const broken = new Promise(resolve => client.once('end', resolve))
  await client.query('create table kept as select 1 as one')
  // Under way when the server dies.
  await client.query('begin')
  await client.query('insert into kept values (2)')
  server.child.kill('SIGKILL')
  await broken
  await using next = serverProcess({ dataDir })
  const db = new Database((await next.ready()).options)
  t.after(() => db.close())
  assert.deepEqual(await db.query({ text: 'select * from kept' }), [{ one: 1 }])
  await ended(pid)
  assert.equal(existsSync(options.host ?? ''), false, 'nor is its socket left')
})

test('4: a private home, PostgreSQL and data in it, is no obstacle, for root neither', async t => {
  const home = privateHome(t)
  const installed = findPostgresPackage(pgMajor)
  cpSync(installed.native, join(home, 'native'), { recursive: true })
  // As unpacked under umask 077.
  spawnSync('chmod', ['-R', 'go-rwx', join(home, 'native')])
  const binaries = installPostgres({ ...installed, native: join(home, 'native') }, postgresUser(), [
    join(openDirectory(t), 'cache'),
  ])
  assert.equal(
    spawnSync(join(binaries, 'bin', 'postgres'), ['--version'], { ...postgresUser().ids, cwd: '/' }).status,
    0,
  )

  const dataDir = join(home, 'clone', 'data')
  for (const round of [1, 2]) {
    const postgres = await startEmbedded({ dataDir, pgMajor })
    const db = new Database(postgres.options)
    await db.query({ text: `create table round_${round} (a int)` })
    await db.close()
    await postgres.stop()
  }
  assert.deepEqual(readdirSync(dataDir).sort(), ['database-password', 'postgresql'])
  assert.equal(statSync(home).mode & 0o777, 0o700, 'the home is as private as it was')
})

test('5: PostgreSQL runs as a user that exists, never as root, and none is created', async t => {
  const before = readFileSync('/etc/passwd', 'utf8')
  const dataDir = join(openDirectory(t), 'data')
  const postgres = await startEmbedded({ dataDir, pgMajor })
  const owner = statSync(join(dataDir, 'postgresql')).uid
  const user = userOf(postgres.pid)
  await postgres.stop()
  assert.equal(user, owner)
  assert.notEqual(owner, 0)
  assert.equal(owner, asRoot ? postgresUser().ids?.uid : process.getuid?.())
  assert.equal(readFileSync('/etc/passwd', 'utf8'), before)
})

function userOf(pid: number): number {
  if (process.platform === 'linux') return statSync(`/proc/${pid}`).uid
  return Number(spawnSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }).stdout)
}

test('6: a Ctrl-C at the terminal reaches the server, which still has its PostgreSQL and stops it last', async t => {
  const server = serverProcess({ dataDir: join(openDirectory(t), 'data'), onInterrupt: true })
  const { pid } = await server.ready()
  // A terminal sends it to the whole process group.
  process.kill(-server.pid, 'SIGINT')
  const { interrupted } = await server.fact(fact => fact.interrupted !== undefined)
  assert.deepEqual(interrupted, [{ one: 1 }])
  assert.deepEqual(await server.ended, { code: 0, signal: null })
  await ended(pid)
})

test('7: the links that only an install script makes are made without one', t => {
  const installed = findPostgresPackage(pgMajor)
  const native = join(openDirectory(t), 'native')
  cpSync(installed.native, native, { recursive: true })
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[]
  for (const { target } of links) rmSync(join(native, '..', target), { force: true })
  const broken = spawnSync(join(native, 'bin', 'postgres'), ['--version'])
  assert.notEqual(broken.status, 0, 'as npm ci --ignore-scripts leaves it, it does not run')
  const binaries = installPostgres({ ...installed, native }, postgresUser(), [
    join(openDirectory(t), 'cache'),
  ])
  assert.match(
    spawnSync(join(binaries, 'bin', 'postgres'), ['--version']).stdout.toString(),
    /^postgres \(PostgreSQL\)/,
  )
})

test('an ordinary user starts it in a home of its own, and again', async t => {
  const user = ordinaryUser(t)
  const options = {
    ...user,
    dataDir: join(user.home, 'data'),
    env: { PATH: process.env.PATH, HOME: user.home },
  }
  for (const expected of [[], [{ one: 1 }]]) {
    await using server = serverProcess(options)
    const client = new pg.Client({ ...(await server.ready()).options })
    await client.connect()
    await client.query('create table if not exists round (one int)')
    assert.deepEqual((await client.query('select * from round')).rows, expected)
    await client.query('insert into round values (1)')
    await client.end()
  }
  assert.equal(
    existsSync(join(user.home, '.cache', 'standdown')),
    true,
    'its PostgreSQL lies in its own cache',
  )
})

test('a copy in a place that others can write to, or that is damaged, is not run', t => {
  const installed = findPostgresPackage(pgMajor)
  const planted = openDirectory(t)
  const good = join(openDirectory(t), 'cache')
  chmodSync(planted, 0o777)
  const binaries = installPostgres(installed, postgresUser(), [planted, good])
  assert.equal(binaries.startsWith(good), true)
  assert.deepEqual(readdirSync(planted), [])

  writeFileSync(join(binaries, 'bin', 'postgres'), '#!/bin/sh\nexit 1\n')
  rmSync(join(binaries, 'share'), { recursive: true })
  assert.equal(installPostgres(installed, postgresUser(), [good]), binaries)
  const version = spawnSync(join(binaries, 'bin', 'postgres'), ['--version'], { encoding: 'utf8' })
  assert.match(version.stdout, /^postgres \(PostgreSQL\)/)
  assert.deepEqual(readdirSync(good).length, 1, 'nothing is left beside it')

  assert.throws(() => installPostgres(installed, postgresUser(), [planted]), {
    code: 'POSTGRES_BINARIES_UNUSABLE',
    message: /can be written to by others/,
  })
})
