// How a receiver comes to know the secret that signs its webhooks, from the first setting up to its change, on a whole
// server with a real receiver; and what docs/webhooks.md tells it to do with it.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { session } from '../cli/terminal-session.ts'
import { type HttpReceiver, httpReceiver, type ReceivedRequest } from '../support/http-receiver.ts'
import { type TestServer, testServer } from '../support/server.ts'

type Verified = (headers: ReceivedRequest['headers'], body: string, secret: string) => boolean

/** The `verified` of docs/webhooks.md. */
async function documentedVerified(): Promise<Verified> {
  const docs = await readFile(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
  const source = /## Verify it\n\n```js\n([\s\S]*?)```/.exec(docs)?.[1]
  assert.ok(source, 'docs/webhooks.md says how to verify')
  const folder = await mkdtemp(join(tmpdir(), 'verify-'))
  try {
    await writeFile(join(folder, 'verify.mjs'), source)
    return ((await import(pathToFileURL(join(folder, 'verify.mjs')).href)) as { verified: Verified }).verified
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Standard Webhooks 1.0.0, in the order in which the signatures stand. */
function signaturesOf({ headers, body }: ReceivedRequest, ...secrets: string[]): string {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  return secrets
    .map(secret => createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64')))
    .map(hmac => `v1,${hmac.update(content).digest('base64')}`)
    .join(' ')
}

async function callReceiver(server: TestServer, receiver: HttpReceiver): Promise<ReceivedRequest> {
  const response = await fetch(`${server.url}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Call', effects: [{ kind: 'webhook', url: `${receiver.url}/hook` }] }),
  })
  assert.equal(response.status, 201)
  return (await receiver.arrived(receiver.requests.length + 1)).at(-1)!
}

test('a secret is shown before the first call, verifies it, and is changed without a gap', async () => {
  const verified = await documentedVerified()
  await using server = await testServer()
  await using receiver = await httpReceiver()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: server.token } })
  const secretOf = async (...args: string[]) => {
    const { code, out, err } = await run('webhook-secret', ...args)
    assert.equal(code, 0, err)
    assert.match(out, /^whsec_[A-Za-z0-9+/]{43}=\n$/)
    return { secret: out.trim(), err }
  }

  const { secret: first } = await secretOf('show', `${receiver.url}/hook`)
  assert.equal((await secretOf('show', receiver.url)).secret, first, 'by any address of the receiver')
  const call = await callReceiver(server, receiver)
  assert.equal(call.headers['webhook-signature'], signaturesOf(call, first))
  assert.ok(verified(call.headers, call.body, first))
  assert.ok(!verified(call.headers, `${call.body} `, first), 'of other octets')
  assert.ok(!verified(call.headers, call.body, `whsec_${Buffer.alloc(32, 7).toString('base64')}`))
  const old = String(Number(call.headers['webhook-timestamp']) - 3600)
  const stale = { ...call.headers, 'webhook-timestamp': old }
  assert.ok(
    !verified(
      { ...stale, 'webhook-signature': signaturesOf({ ...call, headers: stale }, first) },
      call.body,
      first,
    ),
  )

  const { secret: second } = await secretOf('rotate', receiver.url, '--overlap', '1h')
  assert.notEqual(second, first)
  const both = await callReceiver(server, receiver)
  assert.equal(both.headers['webhook-signature'], signaturesOf(both, second, first))
  for (const secret of [first, second]) assert.ok(verified(both.headers, both.body, secret))
  assert.match((await secretOf('show', receiver.url)).err, /The one before it signs too, until .* UTC/)
  const view = JSON.parse((await run('webhook-secret', 'show', receiver.url, '--json')).out)
  assert.deepEqual(
    view.secrets.map((each: { secret: string; expiresAt: string | null }) => [
      each.secret,
      each.expiresAt === null,
    ]),
    [
      [second, true],
      [first, false],
    ],
  )
  const listed = await run('webhook-secret')
  assert.match(listed.out, new RegExp(`^${receiver.url} +since .* UTC, and 1 before it that signs too\n$`))
  assert.doesNotMatch(listed.out, /whsec_/)

  assert.doesNotMatch(server.log.join(''), /whsec_/)
})

test('a secret that leaked stops signing at once; names of the workspace file are secrets too', async () => {
  await using server = await testServer()
  await using receiver = await httpReceiver()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: server.token } })
  await run('webhook-secret', 'show', receiver.url)
  const secret = (await run('webhook-secret', 'rotate', receiver.url, '--overlap', '0s')).out.trim()
  const call = await callReceiver(server, receiver)
  assert.equal(call.headers['webhook-signature'], signaturesOf(call, secret))
  assert.match((await run('webhook-secret', 'show', 'crm')).out, /^whsec_/)
  const names = JSON.parse((await run('webhook-secret', 'list', '--json')).out)
  assert.deepEqual(
    names.map(({ ref, signing }: { ref: string; signing: number }) => [ref, signing]),
    [
      ['crm', 1],
      [receiver.url, 1],
    ],
  )
})

test('only admins see secrets, looking makes none, and what is no receiver is refused', async () => {
  await using server = await testServer()
  const call = async (token: string, method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/v1/webhook-secrets${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) }
  }
  const receiver = encodeURIComponent('https://hooks.example/a?b=c')
  for (const token of [await server.personToken('bob'), await server.appToken()]) {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', `/${receiver}`],
      ['PUT', `/${receiver}`],
      ['POST', `/${receiver}/rotate`],
    ] as const) {
      const { status, json } = await call(token, method, path)
      assert.deepEqual([status, json.code], [403, 'FORBIDDEN'], `${method} ${path}`)
    }
  }
  const { token } = server
  assert.equal((await call(token, 'GET', `/${receiver}`)).json.code, 'NOT_FOUND')
  const made = await call(token, 'PUT', `/${receiver}`)
  assert.equal(made.json.ref, 'https://hooks.example')
  assert.equal(made.headers.get('cache-control'), 'no-store')
  assert.deepEqual((await call(token, 'GET', `/${receiver}`)).json, made.json)
  assert.deepEqual((await call(token, 'PUT', `/${receiver}`)).json, made.json)
  for (const [path, body] of [
    ['/mailto%3Ax', undefined],
    ['/a%20b', undefined],
    [`/${receiver}/rotate`, { overlap: 'soon' }],
    [`/${receiver}/rotate`, { overlap: '9999w' }],
    [`/${receiver}/rotate`, { forever: true }],
  ] as const) {
    const { status, json } = await call(token, body ? 'POST' : 'PUT', path, body)
    assert.deepEqual([status, json.code], [400, 'INVALID_REQUEST'], path)
  }
})
