import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NativeServer, nativeServer } from './native-server.ts'

const EFFECT = { kind: 'delay', afterMs: 86_400_000 }
const NOBODY = '019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42'

test('without a token every call is refused, and the answer says how to authenticate', async () => {
  await using server = await nativeServer()
  for (const [method, path] of await allRoutes(server)) {
    const reply = await server.call(null, method, path)
    assert.equal(reply.status, 401, `${method} ${path}`)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/)
    assert.equal(reply.json().code, 'UNAUTHENTICATED')
  }
})

test("another tenant's admin finds nothing and changes nothing", async () => {
  await using server = await nativeServer()
  const { id } = (
    await server.call('alice', 'POST', '/api/v1/events', {
      body: { key: 'k', title: 'K', effects: [EFFECT] },
    })
  ).json()
  const doomed = (
    await server.call('alice', 'POST', '/api/v1/events', {
      body: { title: 'D', effects: [EFFECT], correlationId: 'c' },
    })
  ).json()
  const { receipt } = (await server.call('alice', 'POST', `/api/v1/events/${doomed.id}/cancel`)).json()

  const as = (method: string, path: string, body?: unknown) => server.call('mallory', method, path, { body })
  assert.equal((await as('GET', `/api/v1/events/${id}`)).status, 404)
  assert.equal((await as('POST', `/api/v1/events/${id}/cancel`)).status, 404)
  assert.equal((await as('POST', `/api/v1/events/${id}/revise`, { effects: [] })).status, 404)
  assert.equal((await as('POST', '/api/v1/cancellations', { eventId: id })).status, 404)
  assert.equal((await as('POST', '/api/v1/previews', { eventId: id })).status, 404)
  assert.equal((await as('POST', '/api/v1/events', { title: 'child', parent: { id } })).status, 404)
  assert.equal((await as('GET', receipt)).status, 404)
  for (const query of ['', 'key=k', `eventId=${doomed.id}`, 'correlationId=c']) {
    assert.deepEqual((await as('GET', `/api/v1/receipts?${query}`)).json().value, [], `nothing by ${query}`)
  }
  const byKey = (await as('POST', '/api/v1/cancellations', { key: 'k' })).json()
  assert.deepEqual(byKey, { receipts: [], is: 'nothing', replayed: false })
  assert.equal((await as('POST', `/api/v1/effects/${doomed.effectIds[0]}/retry`)).status, 404)
  assert.equal((await as('POST', '/api/v1/sandbox/clock', { advance: '1d' })).status, 403)
  assert.equal((await server.call('alice', 'GET', `/api/v1/events/${id}`)).json().state, 'announced')
})

test('an app uses its own events only; operators and admins use all', async () => {
  await using server = await nativeServer()
  const { id } = (
    await server.call('shop', 'POST', '/api/v1/events', { body: { key: 'k', title: 'K', effects: [EFFECT] } })
  ).json()
  assert.equal((await server.call('rival', 'GET', `/api/v1/events/${id}`)).status, 404)
  assert.equal((await server.call('rival', 'POST', `/api/v1/events/${id}/cancel`)).status, 404)
  const guessed = (
    await server.call('rival', 'POST', '/api/v1/cancellations', { body: { key: 'k', earlyMs: 0 } })
  ).json()
  assert.deepEqual(guessed.eventIds, [], "another app's key is another key")
  assert.equal((await server.call('olga', 'GET', `/api/v1/events/${id}`)).status, 200)

  const { receipt } = (
    await server.call('shop', 'POST', '/api/v1/cancellations', { body: { key: 'k' } })
  ).json()
  assert.equal(
    (await server.call('shop', 'GET', receipt)).status,
    200,
    'the credentials that cancelled may read it',
  )
  assert.equal((await server.call('rival', 'GET', receipt)).status, 404)
  assert.equal((await server.call('bob', 'GET', receipt)).status, 404)
  assert.equal((await server.call('olga', 'GET', receipt)).status, 200)
})

test('a role gives nothing in a token that was issued for something else', async () => {
  await using server = await nativeServer()
  const { id } = (
    await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'K', effects: [EFFECT] } })
  ).json()
  const as = (method: string, path: string, body?: unknown) =>
    server.call('alice-for-calendars', method, path, { body })
  assert.equal((await as('POST', '/api/v1/events', { title: 'x' })).status, 403)
  assert.equal((await as('GET', `/api/v1/events/${id}`)).status, 404)
  assert.equal((await as('POST', '/api/v1/sandbox/clock', { advance: '1d' })).status, 403)
  assert.equal((await as('POST', '/api/v1/workspace', { workspace: 'a: 1' })).status, 403)
})

test('what is for operators and admins is refused to members and apps', async () => {
  await using server = await nativeServer()
  for (const token of ['bob', 'shop']) {
    for (const [method, path, body] of [
      ['GET', '/api/v1/mail', undefined],
      ['GET', '/api/v1/mail/x', undefined],
      ['GET', '/api/v1/effects?state=dead', undefined],
      ['POST', `/api/v1/effects/${NOBODY}/retry`, undefined],
      ['POST', '/api/v1/sandbox/clock', { advance: '1d' }],
      ['POST', '/api/v1/workspace', { workspace: 'a: 1' }],
    ] as const) {
      assert.equal(
        (await server.call(token, method, path, { body })).status,
        403,
        `${token} ${method} ${path}`,
      )
    }
  }
  assert.equal((await server.call('bob', 'POST', '/api/v1/events', { body: { title: 'x' } })).status, 403)
  assert.equal(
    (await server.call('olga', 'POST', '/api/v1/workspace', { body: { workspace: 'a: 1' } })).status,
    403,
  )
  assert.deepEqual(server.applied, [])
})

test("a browser's cookie looks, and never writes", async () => {
  await using server = await nativeServer()
  const headers = { cookie: 'who=alice' }
  assert.equal((await server.call(null, 'GET', '/api/v1/receipts', { headers })).status, 200)
  assert.equal(
    (await server.call(null, 'POST', '/api/v1/cancellations', { headers, body: { key: 'k' } })).status,
    401,
  )
})

async function allRoutes(server: NativeServer): Promise<(readonly [string, string])[]> {
  const { paths } = (await server.call(null, 'GET', '/api/v1/openapi.json')).json()
  const routes = Object.entries(paths as { [path: string]: object }).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => [method.toUpperCase(), path.replace('{id}', NOBODY)] as const),
  )
  assert.ok(routes.length > 12, 'the description lists the calls')
  return routes.filter(([, path]) => path !== '/api/v1/openapi.json')
}
