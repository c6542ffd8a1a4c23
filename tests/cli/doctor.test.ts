// What `./standdown doctor` says about a real server: the one that runs on the data directory, wherever it listens.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { doctor } from '../../server/src/app/doctor.ts'
import { testServer } from '../support/server.ts'

/** The check of the server, in an environment that says nothing of its ports. */
async function serverCheck(dataDir: string) {
  const env = { DATA_DIR: dataDir, PORT: '0', DATABASE_URL: 'postgres://127.0.0.1:1/none' }
  return (await doctor({ env, cwd: dataDir })).find(check => check.name === 'server')
}

async function addressOfNobody(): Promise<string> {
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  return `http://127.0.0.1:${port}`
}

test('a running server is found by its file, whatever PORT and PUBLIC_URL say', async () => {
  await using server = await testServer({
    TLS_PORT: 'off',
    PUBLIC_URL: 'https://standdown.invalid',
    DEMO: 'off',
  })
  const { url } = JSON.parse(readFileSync(join(server.dataDir, 'server.json'), 'utf8'))
  assert.deepEqual(await serverCheck(server.dataDir), {
    name: 'server',
    is: 'ok',
    detail: `answers at ${url}/readyz`,
  })
  assert.match(url, /^http:\/\/127\.0\.0\.1:/)
})

test('a process that lives and does not answer is broken; a dead one does not run', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  const file = join(server.dataDir, 'server.json')
  const url = await addressOfNobody()
  writeFileSync(file, JSON.stringify({ url, pid: process.pid, database: null }))
  assert.equal((await serverCheck(server.dataDir))?.is, 'broken')
  writeFileSync(file, JSON.stringify({ url, pid: 2 ** 22 + 1, database: null }))
  assert.equal((await serverCheck(server.dataDir))?.detail, 'will take a free port')
})
