// Waits and streams of the native API end with the right to them. What they wait for hangs, so only that ends them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, afterEach, before, test } from 'node:test'
import { type HttpReceiver, httpReceiver } from '../support/http-receiver.ts'
import { DEMO_TENANT, type TestServer, testServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const DEMO = readFileSync(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
const ALICE = 'alice@contoso.example'

let server: TestServer
let receiver: HttpReceiver
before(async () => {
  server = await testServer({ TLS_PORT: 'off' })
  receiver = await httpReceiver()
  receiver.answer = () => 'hang'
})
after(async () => {
  await receiver?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const apply = (text: string) =>
  server.server.workspace.apply(text, { apply: true, prune: true, pending: 'keep', demo: true })
afterEach(() => apply(DEMO))

type Headers = Record<string, string>

async function token(ttlSeconds = 3600): Promise<Headers> {
  const minted = await server.server.auth.mintToken({
    tenant: DEMO_TENANT,
    for: { person: ALICE },
    ttlSeconds,
  })
  return { authorization: `Bearer ${minted.token}` }
}

async function cookie(): Promise<Headers> {
  const { auth } = server.server
  const signedIn = await auth.sessions.signIn(await auth.person(DEMO_TENANT, ALICE), { headers: {} })
  return { cookie: signedIn.cookie.split(';')[0] as string }
}

async function post(path: string, body: object, headers: Headers): Promise<ReturnType<typeof JSON.parse>> {
  const answer = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  assert.equal(answer.status, 201)
  return answer.json()
}

/** An event whose webhook runs, and hangs. */
async function hangingEvent(): Promise<string> {
  const seen = receiver.requests.length
  const body = { title: 'W', effects: [{ kind: 'webhook', url: `${receiver.url}/` }] }
  const { id } = await post('/api/v1/events', body, await token())
  await receiver.arrived(seen + 1)
  return id
}

/** A receipt that stays open: neither the call nor its withdrawal is ever answered. */
async function openReceipt(): Promise<string> {
  const { receiptId } = await post(`/api/v1/events/${await hangingEvent()}/cancel`, {}, await token())
  return receiptId
}

async function stateOf(receiptId: string): Promise<string> {
  const headers = { authorization: `Bearer ${server.token}` }
  const answer = await fetch(`${server.url}/api/v1/receipts/${receiptId}`, { headers })
  return ((await answer.json()) as { state: string }).state
}

const revoke = () => server.server.auth.revokePerson(DEMO_TENANT, ALICE)
const signOut = (headers: Headers) =>
  fetch(`${server.url}/signout`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...headers, origin: server.url },
  })
const takeRole = () => apply(DEMO.replace('roles: [admin, operator]', 'roles: [member]'))
const remove = () => apply(DEMO.replaceAll(ALICE, 'anna@contoso.example').replace('a11ce000', 'a11ce001'))

test('a wait for a receipt is at most a minute, however long is asked for', async t => {
  const receiptId = await openReceipt()
  const read = t.mock.method(server.server.engine, 'receipt', server.server.engine.receipt)
  const left = new AbortController()
  const waiting = fetch(`${server.url}/api/v1/receipts/${receiptId}?wait=999`, {
    headers: await token(),
    signal: left.signal,
  }).catch(() => null)
  await until(async () => read.mock.callCount() >= 2)
  left.abort()
  await waiting
  const waits = read.mock.calls.map(call => call.arguments[2]?.waitMs)
  assert.deepEqual(waits.slice(0, 2), [undefined, 60_000])
})

const waits: readonly [string, () => Promise<Headers>, (headers: Headers) => Promise<unknown>, string][] = [
  ['signing out', cookie, signOut, 'UNAUTHENTICATED'],
  ['revoking, by cookie', cookie, revoke, 'UNAUTHENTICATED'],
  ['revoking, by token', () => token(), revoke, 'TOKEN_REVOKED'],
  ['removing the person', () => token(), remove, 'TOKEN_REVOKED'],
  ['the expiry of the token', () => token(2), async () => {}, 'TOKEN_EXPIRED'],
]

for (const [name, credential, lose, code] of waits) {
  test(`a wait for a receipt ends with ${name}`, async () => {
    const id = await openReceipt()
    const headers = await credential()
    const waiting = fetch(`${server.url}/api/v1/receipts/${id}?wait=60`, { headers })
    // Asked after it on a connection of its own, so the wait has begun when this is answered.
    await fetch(`${server.url}/api/v1/receipts/${id}`, { headers })
    await lose(headers)
    const answer = await waiting
    assert.equal(answer.status, 401, await answer.clone().text())
    assert.equal(((await answer.json()) as { code: string }).code, code)
    assert.equal(await stateOf(id), 'open', 'before it was final')
  })
}

test('a wait for a receipt that is another’s ends when the role that lets one see it is taken', async () => {
  const headers = { authorization: `Bearer ${await server.appToken()}` }
  const body = { title: 'W', effects: [{ kind: 'webhook', url: `${receiver.url}/` }] }
  const seen = receiver.requests.length
  const { id } = await post('/api/v1/events', body, headers)
  await receiver.arrived(seen + 1)
  const { receiptId } = await post(`/api/v1/events/${id}/cancel`, {}, headers)
  const waiting = fetch(`${server.url}/api/v1/receipts/${receiptId}?wait=60`, { headers: await token() })
  await fetch(`${server.url}/api/v1/receipts/${receiptId}`, { headers: await token() })
  await takeRole()
  assert.equal((await waiting).status, 404)
  assert.equal(await stateOf(receiptId), 'open', 'before it was final')
})

const clocks: readonly [string, () => Promise<Headers>, () => Promise<unknown>, number][] = [
  ['revoking', () => token(), revoke, 401],
  ['taking the role', () => token(), takeRole, 403],
  ['the expiry of the token', () => token(2), async () => {}, 401],
]
for (const [name, credential, lose, status] of clocks) {
  test(`a clock that is watched, and one that is not, stops with ${name}`, async () => {
    // Its webhook hangs, and the clock waits for it before it moves on.
    const event = await hangingEvent()
    const headers = await credential()
    const advance = (accept: string) =>
      fetch(`${server.url}/api/v1/sandbox/clock`, {
        method: 'POST',
        headers: { ...headers, accept, 'content-type': 'application/json' },
        body: JSON.stringify({ advance: '1d' }),
      })
    const before = await server.server.engine.now(DEMO_TENANT)
    const [watched, plain] = [advance('application/x-ndjson'), advance('application/json')]
    await fetch(`${server.url}/api/v1/sandbox/clock`, { headers })
    await lose()
    assert.equal((await plain).status, status)
    const last = (await (await watched).text()).trimEnd().split('\n').at(-1) ?? ''
    assert.equal(JSON.parse(last).status, status, last)
    const after = await server.server.engine.now(DEMO_TENANT)
    assert.ok(after.getTime() - before.getTime() < 3_600_000, 'it did not move on')
    await apply(DEMO)
    await post(`/api/v1/events/${event}/cancel`, {}, await token())
  })
}

test('one caller may wait so often at once: the next wait and the next clock are refused, a look is not', async () => {
  const id = await openReceipt()
  const headers = await token()
  const { longResponses } = server.server.http
  const { id: person } = await server.server.auth.person(DEMO_TENANT, ALICE)
  const slots = Array.from({ length: longResponses.limits.each }, () =>
    longResponses.begin(`${DEMO_TENANT} user:${person}`),
  )
  assert.ok(slots.every(Boolean))
  const look = (query: string) => fetch(`${server.url}/api/v1/receipts/${id}${query}`, { headers })
  const clock = () =>
    fetch(`${server.url}/api/v1/sandbox/clock`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ advance: '1s' }),
    })
  for (const answer of [await look('?wait=60'), await clock()]) {
    assert.equal(answer.status, 429)
    assert.equal(((await answer.json()) as { code: string }).code, 'TOO_MANY_WAITS')
    assert.ok(Number(answer.headers.get('retry-after')) > 0)
  }
  assert.equal((await look('')).status, 200)
  slots[0]!()
  assert.equal((await look('?wait=1')).status, 200)
  // Its place is free again.
  assert.equal((await look('?wait=1')).status, 200)
  for (const releaseSlot of slots.slice(1)) releaseSlot!()
})
