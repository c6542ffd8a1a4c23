// A database on hold over HTTP: operators see and release what is their tenant's, and nothing of another's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeHold } from '../../server/src/engine/hold/hold.ts'
import { type NativeServer, nativeServer } from '../native/native-server.ts'

async function onHold(): Promise<NativeServer & { readonly eventId: string; readonly foreign: string }> {
  const server = await nativeServer()
  const restored = { backupAt: new Date('2026-01-01T00:00:00Z') }
  await server.db.transaction('t', tx => placeHold(tx, { by: 'test', reason: 'Zebra', restored }))
  const announce = async (who: string) => {
    const body = { title: `of ${who}`, effects: [{ kind: 'webhook', url: 'https://hooks.example/x' }] }
    return (await server.call(who, 'POST', '/api/v1/events', { body })).json().id as string
  }
  return Object.assign(server, { eventId: await announce('alice'), foreign: await announce('mallory') })
}

const release = (server: NativeServer, who: string, body: object) =>
  server.call(who, 'POST', '/api/v1/hold/release', { body })

test('an operator sees what is on hold, and lets it go', async () => {
  await using server = await onHold()
  const list = (await server.call('olga', 'GET', '/api/v1/hold')).json()
  assert.deepEqual(
    [list.onHold, list.backupAt, list.by, list.reason],
    [true, '2026-01-01T00:00:00.000Z', 'test', 'Zebra'],
  )
  assert.deepEqual(list.kinds, [{ kind: 'webhook.call', overdue: 1, inDoubt: 0, later: 0 }])
  assert.deepEqual(
    list.value.map((item: { event: { id: string; title: string }; state: string }) => [
      item.event,
      item.state,
    ]),
    [[{ id: server.eventId, title: 'of alice', key: null }, 'overdue']],
  )
  assert.equal((await server.call('bob', 'GET', '/api/v1/status')).json().onHoldSince, list.since)

  assert.equal((await release(server, 'olga', { kind: 'mail.send' })).json().released, 0)
  assert.equal((await release(server, 'olga', { eventId: server.eventId })).json().released, 1)
  assert.equal((await server.webhook.begun(1)).effect.eventId, server.eventId)
  const all = (await release(server, 'olga', { all: true })).json()
  assert.equal(all.onHold, false, 'that another tenant is still is not its own')
  assert.equal((await server.call('mallory', 'GET', '/api/v1/hold')).json().onHold, true)
  const again = await release(server, 'olga', { all: true })
  assert.deepEqual([again.status, again.json().code], [409, 'NOT_ON_HOLD'])
  assert.equal((await server.call('olga', 'GET', '/api/v1/hold')).json().onHold, false)
})

test('nobody reaches what another tenant has on hold', async () => {
  await using server = await onHold()
  const list = (await server.call('mallory', 'GET', `/api/v1/hold?eventId=${server.eventId}`)).json()
  assert.deepEqual([list.value, list.kinds, list.counts.overdue], [[], [], 0])
  for (const cancel of [false, true]) {
    const answer = await release(server, 'mallory', { eventId: server.eventId, cancel })
    assert.deepEqual([answer.json().released, answer.json().receipts], [0, []])
  }
  await release(server, 'mallory', { all: true })
  assert.equal((await server.webhook.begun(1)).effect.eventId, server.foreign)
  const mine = (await server.call('olga', 'GET', '/api/v1/hold')).json()
  assert.deepEqual([mine.onHold, mine.counts.overdue], [true, 1])
  assert.equal(
    (await server.call('alice', 'GET', `/api/v1/events/${server.eventId}`)).json().state,
    'announced',
  )
})

test('only who runs things may look or release', async () => {
  await using server = await onHold()
  for (const who of ['bob', 'shop', 'alice-for-calendars']) {
    assert.equal((await server.call(who, 'GET', '/api/v1/hold')).status, 403, who)
    for (const body of [{ all: true }, { kind: 'webhook.call' }, { kind: 'webhook.call', cancel: true }])
      assert.equal((await release(server, who, body)).status, 403, who)
  }
})

test('what is called off has a receipt; what is due later or meanwhile is prevented', async () => {
  await using server = await onHold()
  const answer = (await release(server, 'olga', { kind: 'webhook.call', cancel: true, reason: 'old' })).json()
  assert.deepEqual(
    answer.receipts.map((each: { prevented: number; total: number }) => [each.prevented, each.total]),
    [[1, 1]],
  )
  const receipt = (await server.call('olga', 'GET', answer.receipts[0].receipt)).json()
  assert.deepEqual([receipt.reason, receipt.by.name, receipt.counts.prevented], ['old', 'olga', 1])
  assert.equal(server.webhook.runs.length, 0)
})

test('a request that says too little, too much or nonsense is refused', async () => {
  await using server = await onHold()
  for (const body of [
    {},
    { cancel: true },
    { all: false },
    { all: true, kind: 'mail.send' },
    { kind: '' },
    { kind: 'x'.repeat(101) },
    { eventId: 'x' },
    { dueBefore: 'yesterday' },
    { dueBefore: '0001-01-01T00:00:00Z' },
    { state: 'running' },
    { kind: 'mail.send', after: 'x' },
    { kind: 'mail.send', reason: 'x'.repeat(10_001) },
    { kind: 'mail.send', more: 1 },
  ]) {
    const answer = await release(server, 'olga', body)
    assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`)
  }
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'after=x', 'state=x', 'dueFrom=x', 'other=1'])
    assert.equal((await server.call('olga', 'GET', `/api/v1/hold?${query}`)).status, 400, query)
  for (const limit of [1, 1000])
    assert.equal((await server.call('olga', 'GET', `/api/v1/hold?limit=${limit}`)).status, 200)
  assert.equal(server.webhook.runs.length, 0)
})

test('a list comes in pages', async () => {
  await using server = await onHold()
  const effects = [1, 2, 3].map(n => ({ kind: 'webhook', url: 'https://hooks.example/x', title: `w${n}` }))
  const { id } = (
    await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'x', effects } })
  ).json()
  const found: string[] = []
  let pages = 0
  for (let after = ''; ; pages++) {
    const page = (await server.call('olga', 'GET', `/api/v1/hold?eventId=${id}&limit=2${after}`)).json()
    found.push(...page.value.map((item: { title: string }) => item.title))
    if (page.after === null) break
    after = `&after=${page.after}`
  }
  assert.deepEqual([found, pages], [['w1', 'w2', 'w3'], 1])
})
