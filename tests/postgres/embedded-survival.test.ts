// What the embedded PostgreSQL survives, and what is left when it does not.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { takeDataDirectory } from '../../server/src/postgres/data-directory.ts'
import { startEmbedded } from '../../server/src/postgres/embedded.ts'
import { postgresUser } from '../../server/src/postgres/postgres-user.ts'
import { Database } from '../../server/src/store/database.ts'
import { processStart } from '../../server/src/store/process-identity.ts'
import { serverProcess } from '../store/server-process.ts'
import { testPostgresMajor as pgMajor } from '../support/postgres.ts'
import { openDirectory } from './data-directories.ts'
import { ended, parentOf } from './process-end.ts'

const READY = 'database system is ready to accept connections'

test('a PostgreSQL that is killed under the server comes back at the same place with everything committed', async t => {
  const dataDir = join(openDirectory(t), 'data')
  let back = Promise.withResolvers<void>()
  const log = (line: string): void => {
    if (line.includes(READY)) back.resolve()
  }
  const postgres = await startEmbedded({ dataDir, pgMajor, log })
  t.after(() => postgres.stop())
  const db = new Database(postgres.options)
  t.after(() => db.close())
  await db.query({ text: 'create table kept (one int)' })
  for (const [round, signal] of (['SIGKILL', 'SIGQUIT', 'SIGKILL'] as const).entries()) {
    await db.query({ text: 'insert into kept values ($1)' }, [round])
    back = Promise.withResolvers<void>()
    process.kill(postgres.pid, signal)
    await back.promise
    const rows = await db.query<{ one: number }>({ text: 'select one from kept order by one' })
    assert.equal(rows.length, round + 1)
  }
})

test('a PostgreSQL that loses its watchdog is taken back under one', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const server = serverProcess({ dataDir })
  const { pid } = await server.ready()
  const watchdog = parentOf(pid)
  process.kill(watchdog, 'SIGKILL')
  await server.fact(fact => fact.log?.startsWith('PostgreSQL ended and is started again') ?? false)
  await ended(pid)
  await server.fact(fact => fact.log?.includes(READY) ?? false, 2)
  // The new one has a watchdog that works.
  const again = Number(readFileSync(join(dataDir, 'postgresql', 'postmaster.pid'), 'utf8').split('\n')[0])
  assert.notEqual(again, pid)
  server.child.kill('SIGKILL')
  await ended(again)
  await server.ended
})

test('a PostgreSQL that outlived its server and its watchdog is stopped by the next server', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const server = serverProcess({ dataDir })
  const { pid } = await server.ready()
  const watchdog = parentOf(pid)
  // Stopped, the server cannot see its watchdog die.
  server.child.kill('SIGSTOP')
  process.kill(watchdog, 'SIGKILL')
  await ended(watchdog)
  server.child.kill('SIGKILL')
  await server.ended
  assert.notEqual(processStart(pid), null, 'it runs on, alone')
  await using next = serverProcess({ dataDir })
  assert.notEqual((await next.ready()).pid, pid)
  assert.equal(processStart(pid), null)
})

test('a pid file that now means another process does not block the start', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const first = await startEmbedded({ dataDir, pgMajor })
  await first.stop()
  // PostgreSQL by itself takes any process of its user for itself, and refuses.
  const stranger = spawn('/bin/sh', ['-c', 'read -r line'], { ...postgresUser().ids, cwd: '/' })
  writeFileSync(join(dataDir, 'postgresql', 'postmaster.pid'), `${stranger.pid}\n/nowhere\n0\n5432\n/tmp\n\n`)
  const second = await startEmbedded({ dataDir, pgMajor })
  await second.stop()
  assert.equal(stranger.exitCode, null, 'the stranger was left alone')
  stranger.stdin.end()
  await once(stranger, 'close')
})

test('a directory belongs to one server, which the refusal names; when that is gone it is free', async t => {
  const dataDir = join(openDirectory(t), 'data')
  const server = serverProcess({ dataDir })
  await server.ready()
  await assert.rejects(startEmbedded({ dataDir, pgMajor }), {
    code: 'DATA_DIRECTORY_IN_USE',
    message: new RegExp(`^data directory in use by pid ${server.pid}: `),
  })
  server.child.kill('SIGKILL')
  await server.ended
  const next = await startEmbedded({ dataDir, pgMajor })
  await assert.rejects(startEmbedded({ dataDir, pgMajor }), {
    message: new RegExp(`in use by pid ${process.pid}: `),
  })
  await next.stop()
  await next.stop()
  assert.equal(await next.exited, null)
  assert.deepEqual(readdirSync(dataDir).sort(), ['database-password', 'postgresql'])
  assert.equal(existsSync(next.options.host ?? ''), false)
})

test('of ten servers that start at once on one directory, one gets it', async t => {
  const dataDir = join(openDirectory(t), 'data')
  // Left by a dead server, so that all ten find it and take it away.
  takeDataDirectory(dataDir).release()
  writeFileSync(join(dataDir, 'server.lock'), JSON.stringify({ pid: process.pid, start: 'long ago' }))
  const servers = Array.from({ length: 10 }, () => serverProcess({ dataDir }))
  const outcomes = await Promise.all(
    servers.map(server =>
      server.ready().then(
        () => 'ready',
        (error: Error) => error.message.split(':')[0],
      ),
    ),
  )
  await Promise.all(servers.map(server => server[Symbol.asyncDispose]()))
  assert.deepEqual(outcomes.sort(), [...Array(9).fill('DATA_DIRECTORY_IN_USE'), 'ready'])
})

test('a lock file that is empty or garbled belongs to nobody', async t => {
  const dataDir = openDirectory(t)
  for (const text of ['', '{', 'null', '{"pid":"x"}', `{"pid":${process.pid},"start":"another life"}`]) {
    writeFileSync(join(dataDir, 'server.lock'), text)
    const taken = takeDataDirectory(dataDir)
    assert.throws(() => takeDataDirectory(dataDir), { code: 'DATA_DIRECTORY_IN_USE' })
    taken.release()
    taken.release()
    assert.deepEqual(readdirSync(dataDir), [])
  }
})
