// Idempotency-Key: the same request again changes nothing and is answered as before; the key of another request is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shardOfEntity } from '../../server/src/core/ids.ts'
import { type NativeServer, nativeServer, TENANT } from './native-server.ts'

const LATER = { kind: 'delay', afterMs: 86_400_000 }
const once = (key: string) => ({ headers: { 'idempotency-key': key } })

async function eventsOf(server: NativeServer, key: string): Promise<number> {
  const { eventIds } = (await server.call('alice', 'POST', '/api/v1/previews', { body: { key } })).json()
  return eventIds.length
}

test('the same announcement again is answered as before, also at the same time', async () => {
  await using server = await nativeServer()
  const body = { key: 'order', title: 'Order', data: { a: 1, b: [{ c: 2, d: 3 }] }, effects: [LATER, LATER] }
  const announce = (sent: unknown, headers: Record<string, string> = { 'idempotency-key': 'k-1' }) =>
    server.call('alice', 'POST', '/api/v1/events', { body: sent, headers })
  const replies = await Promise.all(Array.from({ length: 8 }, () => announce(body)))
  assert.deepEqual(replies.map(reply => reply.status).sort(), [200, 200, 200, 200, 200, 200, 200, 201])
  const [first] = replies
  for (const reply of replies) assert.deepEqual(reply.json(), first!.json())
  assert.equal(first!.json().effectIds.length, 2)
  assert.equal(await eventsOf(server, 'order'), 1)

  const { key, title, data, effects } = body
  const reordered = await announce(
    { effects, data: { b: [{ d: 3, c: 2 }], a: data.a }, title, key },
    { 'client-request-id': 'k-1' },
  )
  assert.equal(reordered.status, 200)
  assert.deepEqual(reordered.json(), first!.json(), 'the order of keys says nothing')
  assert.equal(reordered.headers.get('location'), `/api/v1/events/${first!.json().id}`)

  const other = await announce({ ...body, title: 'Another order' })
  assert.equal(other.status, 409)
  assert.match(other.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(other.json().code, 'REQUEST_KEY_REUSED')
  assert.equal(await eventsOf(server, 'order'), 1)

  const others = await server.call('olga', 'POST', '/api/v1/events', { body, ...once('k-1') })
  assert.equal(others.status, 201, 'each caller has keys of its own')
  assert.equal((await announce(body, {})).status, 201, 'without a key it is another announcement')
  assert.equal((await announce(body, { 'idempotency-key': 'k'.repeat(201) })).status, 400)
})

test('a refused announcement gives its key back; one that was absorbed is answered so again', async () => {
  await using server = await nativeServer()
  const early = (
    await server.call('alice', 'POST', '/api/v1/cancellations', { body: { key: 'soon', app: 'people' } })
  ).json()
  const announce = (more: object) =>
    server.call('alice', 'POST', '/api/v1/events', {
      body: { key: 'soon', title: 'Soon', ...more },
      ...once('k'),
    })
  assert.equal((await announce({ early: 'reject' })).json().code, 'CANCELLED_BEFORE')
  const absorbed = await announce({})
  assert.equal(absorbed.json().receipt, early.receipt)
  const again = await announce({})
  assert.equal(again.status, 200)
  assert.deepEqual(again.json(), absorbed.json())
})

test('a key of one cancel is refused for another, wherever that lives, and for an announcement', async () => {
  await using server = await nativeServer()
  const [one, two] = ['first', 'second']
  assert.notEqual(shardOfEntity(TENANT, one), shardOfEntity(TENANT, two), 'in two shards')
  for (const key of [one, two]) {
    const body = { key, title: key, effects: [LATER] }
    await server.call('alice', 'POST', '/api/v1/events', { body, ...once(`announce ${key}`) })
  }
  const cancel = (key: string, requestKey: string) =>
    server.call('alice', 'POST', '/api/v1/cancellations', { body: { key }, ...once(requestKey) })
  const first = await cancel(one, 'k')
  assert.equal(first.status, 201)
  const again = await cancel(one, 'k')
  assert.deepEqual([again.status, again.json().receiptId], [200, first.json().receiptId])

  const reused = await cancel(two, 'k')
  assert.deepEqual(
    [reused.status, reused.json().code, reused.json().receipt],
    [409, 'REQUEST_KEY_REUSED', first.json().receipt],
  )
  assert.equal(await eventsOf(server, two), 1, 'it lives on')
  const body = { title: 'Third', effects: [LATER] }
  const announced = await server.call('alice', 'POST', '/api/v1/events', { body, ...once('k') })
  assert.equal(announced.json().code, 'REQUEST_KEY_REUSED')
  const ofAnnouncement = await cancel(two, `announce ${two}`)
  assert.deepEqual(
    [ofAnnouncement.status, ofAnnouncement.json().code, ofAnnouncement.json().receipt],
    [409, 'REQUEST_KEY_REUSED', null],
  )
  assert.equal((await cancel(two, 'l')).json().eventIds.length, 1)
})
