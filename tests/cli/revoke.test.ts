// Taking back, by the command line that finds the server in its data directory.

import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { session } from './terminal-session.ts'

let server: TestServer
let run: ReturnType<typeof session>['run']
before(async () => {
  server = await testServer({ TLS_PORT: 'off' })
  run = session({ env: { DATA_DIR: server.dataDir } }).run
})
after(() => server?.[Symbol.asyncDispose]())

async function judge(token: string): Promise<string> {
  return server.server.auth.verify(token).then(
    () => 'good',
    (error: { code: string }) => error.code,
  )
}

async function done(...args: string[]): Promise<string> {
  const { code, out, err } = await run(...args)
  assert.equal(code, 0, `${args.join(' ')}: ${err}`)
  return out.trim()
}

test('a person’s and an app’s tokens, and an app’s secret', async () => {
  const alice = await done('token', '--user', 'alice@contoso.example')
  const app = await done('token', '--app', 'demo-app')
  const key = await server.server.auth.mintApiKey('contoso', 'demo-app', 'till')
  const before = JSON.parse(await done('app', 'demo-app'))
  assert.ok(before.apiKeys.some(({ label }: { label: string }) => label === 'till'))
  await done('revoke', '--user', 'alice@contoso.example')
  assert.deepEqual([await judge(alice), await judge(app)], ['TOKEN_REVOKED', 'good'])
  await done('revoke', '--app', 'demo-app', '--tenant', 'contoso')
  assert.deepEqual([await judge(app), await judge(key)], ['TOKEN_REVOKED', 'INVALID_TOKEN'])
  assert.equal(JSON.parse(await done('app', 'demo-app')).clientSecret, before.clientSecret)
  assert.notEqual(JSON.parse(await done('app', 'demo-app', '--renew')).clientSecret, before.clientSecret)
})

test('operators’ tokens and the signing keys, also those that the command line itself uses: it goes on working', async () => {
  const file = join(server.dataDir, 'server.json')
  const keyOf = () => JSON.parse(readFileSync(file, 'utf8')).token as string
  for (const [args, code] of [
    [['revoke', '--operators'], 'INVALID_TOKEN'],
    [['keys', 'rotate', '--now'], 'INVALID_TOKEN'],
  ] as const) {
    const before = keyOf()
    await done(...args)
    assert.equal(await judge(before), code)
    assert.notEqual(keyOf(), before)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.match(await done('status'), /contoso|Standdown/)
  }
  const token = await done('token', '--user', 'bob@contoso.example')
  await done('keys', 'rotate')
  assert.equal(await judge(token), 'good')
  await done('keys', 'rotate', '--now')
  assert.equal(await judge(token), 'INVALID_TOKEN')
})

test('wrong usage says what is right, and what is not there is said', async () => {
  for (const args of [
    ['revoke'],
    ['revoke', '--user', 'a', '--app', 'b'],
    ['revoke', '--operators', '--app', 'b'],
    ['revoke', 'demo-app'],
    ['keys'],
    ['keys', 'frob'],
  ])
    assert.equal((await run(...args)).code, 2, args.join(' '))
  for (const args of [
    ['revoke', '--app', 'nobody'],
    ['revoke', '--user', 'nobody@contoso.example'],
    ['revoke', '--operators', '--tenant', 'nowhere'],
  ]) {
    const { code, err } = await run(...args)
    assert.equal(code, 1, args.join(' '))
    assert.match(err, /UNKNOWN_(APP|PERSON|TENANT)/)
  }
})
