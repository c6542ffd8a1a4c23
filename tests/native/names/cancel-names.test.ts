// An operator's key reaches every app's events; each app that has it gets a cancellation and a receipt of its own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CancelledListView, CancelledView } from '@standdown/wire/src/cancellation.ts'
import type { ReceiptView } from '@standdown/wire/src/receipt.ts'
import { keyOfOwner } from '../../../server/src/apis/native/access.ts'
import { nativeServer, type Reply } from '../native-server.ts'
import { announce, cancel, LATER, OLD, state } from './key-of-many-apps.ts'

/** Is, whose, prevented; of each receipt of a list. */
function told(reply: Reply): unknown {
  const { receipts } = reply.json() as CancelledListView
  return receipts.map(({ is, of, counts }) => [is, of?.app, counts.prevented])
}

test('one app has the key: one receipt, in the shape of always', async () => {
  await using server = await nativeServer()
  const id = await announce(server, 'shop', { key: 'opk' })
  const reply = await cancel(server, 'olga', { key: 'opk' })
  assert.equal(reply.status, 201)
  const view: CancelledView = reply.json()
  assert.deepEqual(view.eventIds, [id])
  assert.deepEqual(
    [view.is, view.replayed, view.early, view.counts.prevented],
    ['cancelled', false, false, 1],
  )
  assert.deepEqual(view.of, { app: 'shop', site: null, agent: null, channel: null })
  assert.equal(reply.headers.get('standdown-receipt'), view.receipt)
  assert.equal(reply.headers.get('location'), view.receipt)
  const receipt: ReceiptView = (await server.call('olga', 'GET', view.receipt)).json()
  assert.deepEqual([receipt.by.name, receipt.target.key, receipt.counts.prevented], ['olga', 'opk', 1])
  const found = (await server.call('olga', 'GET', '/api/v1/receipts?key=opk')).json().value
  assert.deepEqual(
    found.map((each: ReceiptView) => each.id),
    [receipt.id],
  )
})

test('several have it: a list of receipts, and each is its own cancellation', async () => {
  await using server = await nativeServer()
  const ids = []
  for (const who of ['alice', 'shop', 'rival']) ids.push(await announce(server, who, { key: 'k' }))
  const other = await announce(server, 'shop', { key: 'k', entity: 'another' })
  const body = { key: 'k', title: 'M', effects: [LATER] }
  const foreign = await server.call('mallory', 'POST', '/api/v1/events', { body })
  const reply = await cancel(server, 'alice', { key: 'k', reason: 'Recalled' })
  assert.equal(reply.status, 201)
  assert.equal(Object.keys(reply.json())[0], 'receipts', 'first')
  assert.deepEqual(told(reply), [
    ['cancelled', null, 1],
    ['cancelled', 'shop', 1],
    ['cancelled', 'rival', 1],
  ])
  const list: CancelledListView = reply.json()
  assert.deepEqual([list.is, list.replayed], ['cancelled', false])
  assert.deepEqual(
    list.receipts.flatMap(each => each.eventIds),
    ids,
  )
  assert.equal(new Set(list.receipts.map(each => each.receiptId)).size, 3)
  assert.equal(reply.headers.get('standdown-receipt'), list.receipts.map(each => each.receipt).join(', '))
  for (const { receipt } of list.receipts) {
    const read: ReceiptView = (await server.call('alice', 'GET', receipt)).json()
    assert.deepEqual([read.reason, read.counts.prevented], ['Recalled', 1])
  }
  assert.notEqual(await state(server, other), 'cancelled', 'another entity is another target')
  assert.notEqual(
    (await server.call('mallory', 'GET', `/api/v1/events/${foreign.json().id}`)).json().state,
    'cancelled',
  )
})

test('`app` names one: by name, by id, people; and an app that left the workspace file is reached', async () => {
  await using server = await nativeServer()
  const make = async () => [
    await announce(server, 'alice', { key: 'k' }),
    await announce(server, 'shop', { key: 'k' }),
    await announce(server, 'rival', { key: 'k' }),
  ]
  for (const [app, reached] of [
    ['shop', 1],
    ['RIVAL-ID', 2],
    ['people', 0],
  ] as const) {
    const ids = await make()
    const view: CancelledView = (await cancel(server, 'olga', { key: 'k', app })).json()
    assert.deepEqual(view.eventIds, [ids[reached]], app)
    await cancel(server, 'olga', { key: 'k' })
  }
  const unknown = await cancel(server, 'olga', { key: 'k', app: 'nobody' })
  assert.deepEqual([unknown.status, unknown.json().code], [404, 'NOT_FOUND'])

  for (const by of [{}, { app: 'rival' }, { app: 'rival-id' }]) {
    const id = await announce(server, 'rival', { key: 'left' })
    server.removedApps.push(...server.apps.splice(1))
    const view: CancelledView = (await cancel(server, 'olga', { key: 'left', ...by })).json()
    assert.deepEqual([view.eventIds, view.of?.app], [[id], 'rival'])
    server.apps.push(...server.removedApps.splice(0))
  }
})

test('an app that was replaced by one of the same name: both are reached, and what is kept is kept for the one there', async () => {
  await using server = await nativeServer()
  server.removedApps.push({ id: 'old-shop-id', name: 'shop' })
  const old = await server.db.transaction('t', tx =>
    server.engine.announce(tx, [{ ...OLD, key: keyOfOwner('old-shop-id', 'k') }]),
  )
  assert.equal(old[0]?.is, 'announced')
  await announce(server, 'shop', { key: 'k' })
  assert.deepEqual(told(await cancel(server, 'olga', { key: 'k', app: 'shop' })), [
    ['cancelled', 'shop', 1],
    ['cancelled', 'shop', 0],
  ])
  const early: CancelledView = (await cancel(server, 'olga', { key: 'soon', app: 'shop' })).json()
  assert.deepEqual([early.is, early.early], ['waiting', true])
  const absorbed = await server.call('shop', 'POST', '/api/v1/events', { body: { key: 'soon', title: 'S' } })
  assert.equal(absorbed.json().is, 'absorbed')
  // The old one's is over: that is no answer for the one there, whose event is still to come.
  const kept = (await cancel(server, 'olga', { key: 'old k', app: 'shop' }, 'r1')).json()
  assert.equal(kept.is, 'waiting')
  await server.db.transaction('t', tx =>
    server.engine.announce(tx, [{ ...OLD, key: keyOfOwner('old-shop-id', 'm') }]),
  )
  await cancel(server, 'olga', { key: 'm', entity: 'k', app: 'shop', earlyMs: 0 })
  const both: CancelledListView = (
    await cancel(server, 'olga', { key: 'm', entity: 'k', app: 'shop' })
  ).json()
  assert.deepEqual([both.is, both.receipts.map(each => each.is)], ['waiting', ['waiting', 'repeated']])
  const caught = await server.call('shop', 'POST', '/api/v1/events', {
    body: { key: 'm', entity: 'k', title: 'M', effects: [LATER] },
  })
  assert.equal(caught.json().is, 'absorbed')
  const again = await cancel(server, 'olga', { key: 'm', entity: 'k', app: 'shop' })
  assert.deepEqual([again.status, again.json().replayed], [200, true])
})

test('an app stays within its own names, and may say so; who is neither app nor operator may not cancel by key', async () => {
  await using server = await nativeServer()
  const id = await announce(server, 'shop', { key: 'k' })
  for (const [who, body, status] of [
    ['rival', { key: 'k', app: 'shop' }, 403],
    ['rival', { key: 'k', app: 'shop-id' }, 403],
    ['rival', { key: 'k', app: 'people' }, 403],
    ['rival', { key: 'k', app: 'no such app' }, 403],
    ['bob', { key: 'k' }, 403],
    ['bob', { key: 'k', app: 'shop' }, 403],
    ['alice-for-calendars', { key: 'k' }, 403],
    ['mallory', { key: 'k', app: 'shop' }, 404],
  ] as const) {
    for (const path of ['/api/v1/cancellations', '/api/v1/previews']) {
      const reply = await server.call(who, 'POST', path, { body })
      assert.equal(reply.status, status, `${who} ${path} ${JSON.stringify(body)}: ${reply.text}`)
    }
  }
  for (const [who, status] of [
    ['rival', 403],
    ['bob', 403],
    ['mallory', 404],
    ['shop', 200],
    ['olga', 200],
  ] as const)
    assert.equal((await server.call(who, 'GET', '/api/v1/receipts?key=k&app=shop')).status, status, who)
  const guessed: CancelledView = (await cancel(server, 'rival', { key: 'k', earlyMs: 0 })).json()
  assert.deepEqual([guessed.eventIds, guessed.is], [[], 'nothing'])
  const foreign: CancelledListView = (await cancel(server, 'mallory', { key: 'k' })).json()
  assert.deepEqual(foreign, { receipts: [], is: 'nothing', replayed: false })
  assert.equal(await state(server, id), 'announced')
  const own: CancelledView = (await cancel(server, 'shop', { key: 'k', app: 'shop' })).json()
  assert.deepEqual([own.eventIds, own.is], [[id], 'cancelled'])
})

test('pairs and tokens are for operators', async () => {
  await using server = await nativeServer()
  const pair = { triggerKey: 't', externalEntityId: '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c' }
  for (const body of [pair, { ...pair, app: 'shop' }, { cancellationToken: 't' }]) {
    for (const path of ['/api/v1/cancellations', '/api/v1/previews']) {
      for (const who of ['shop', 'bob', 'alice-for-calendars'])
        assert.equal((await server.call(who, 'POST', path, { body })).status, 403, `${who} ${path}`)
      assert.equal((await server.call('olga', 'POST', path, { body })).status, 200)
    }
  }
})

test('repeated, over, nobody has it: three answers, and nothing is kept early without `app`', async () => {
  await using server = await nativeServer()
  await announce(server, 'shop', { key: 'k' })
  await announce(server, 'rival', { key: 'k' })
  const first: CancelledListView = (await cancel(server, 'olga', { key: 'k' })).json()
  const again = await cancel(server, 'olga', { key: 'k' })
  assert.equal(again.status, 200)
  assert.deepEqual([again.json().is, again.json().replayed], ['repeated', true])
  const idsOf = (list: CancelledListView) => list.receipts.map(each => each.receiptId)
  assert.deepEqual(idsOf(again.json()), idsOf(first))

  const over = await cancel(server, 'alice', { key: 'k' })
  assert.deepEqual([over.status, over.json().is, over.json().replayed], [201, 'over', false])

  const nothing = await cancel(server, 'olga', { key: 'k7' })
  assert.equal(nothing.status, 200)
  assert.deepEqual(nothing.json(), { receipts: [], is: 'nothing', replayed: false })
  assert.equal(nothing.headers.get('standdown-receipt'), null)
  const later = await announce(server, 'shop', { key: 'k7' })
  assert.equal(await state(server, later), 'announced', 'it was not kept')
  const early = await cancel(server, 'olga', { key: 'k8', earlyMs: 1000 })
  assert.deepEqual([early.status, early.json().code], [400, 'INVALID_REQUEST'])
  assert.equal((await cancel(server, 'olga', { key: 'k8', earlyMs: 0 })).json().is, 'nothing')

  // What one app called off long ago is not what an operator repeats.
  await announce(server, 'shop', { key: 'own' })
  await cancel(server, 'shop', { key: 'own' })
  await announce(server, 'rival', { key: 'own' })
  const one: CancelledView = (await cancel(server, 'olga', { key: 'own' })).json()
  assert.deepEqual([one.is, one.of?.app], ['cancelled', 'rival'])
  const same: CancelledView = (await cancel(server, 'olga', { key: 'own' })).json()
  assert.deepEqual([same.is, same.receiptId], ['repeated', one.receiptId])
})

test('a fault in the middle loses nothing: the same request goes on, with the same receipts', async () => {
  await using server = await nativeServer()
  const ids = []
  for (const who of ['alice', 'shop', 'rival']) ids.push(await announce(server, who, { key: 'k' }))
  const whole = server.engine.cancel.bind(server.engine)
  const done: string[] = []
  server.engine.cancel = async request => {
    if ('key' in request.target && request.target.key.startsWith('app:shop')) throw new Error('gone')
    const outcome = await whole(request)
    if ('receiptId' in outcome) done.push(outcome.receiptId)
    return outcome
  }
  assert.equal((await cancel(server, 'olga', { key: 'k' }, 'r')).status, 500)
  assert.equal(done.length, 2)
  assert.deepEqual(await Promise.all(ids.map(id => state(server, id))), [
    'cancelled',
    'announced',
    'cancelled',
  ])
  server.engine.cancel = whole
  // Announced since, by one whose cancel is done: that request is over for it.
  const since = await announce(server, 'rival', { key: 'k' })

  const reply = await cancel(server, 'olga', { key: 'k' }, 'r')
  const list: CancelledListView = reply.json()
  assert.deepEqual(
    list.receipts.map(each => [each.is, each.replayed]),
    [
      ['repeated', true],
      ['cancelled', false],
      ['repeated', true],
    ],
  )
  assert.deepEqual([reply.status, list.is], [201, 'cancelled'])
  const receipts = list.receipts.map(each => each.receiptId)
  assert.deepEqual([receipts[0], receipts[2]], done)
  assert.equal(await state(server, since), 'announced')

  const third = await cancel(server, 'olga', { key: 'k' }, 'r')
  assert.deepEqual([third.status, third.json().is, third.json().replayed], [200, 'repeated', true])
  assert.deepEqual(
    third.json().receipts.map((each: CancelledView) => each.receiptId),
    receipts,
  )
  for (const body of [{ key: 'k', app: 'shop' }, { key: 'other' }, { key: 'k', entity: 'e' }]) {
    const other = await cancel(server, 'olga', body, 'r')
    assert.deepEqual([other.status, other.json().code], [409, 'REQUEST_KEY_REUSED'], JSON.stringify(body))
  }
  const own = await cancel(server, 'alice', { key: 'k' }, 'r')
  assert.equal(own.json().of.app, 'rival', "another caller's request key is its own")
})

test('a request that matched nothing is answered so again, whatever was announced since', async () => {
  await using server = await nativeServer()
  assert.equal((await cancel(server, 'olga', { key: 'k' }, 'r')).json().is, 'nothing')
  const id = await announce(server, 'shop', { key: 'k' })
  const again = await cancel(server, 'olga', { key: 'k' }, 'r')
  assert.deepEqual(again.json(), { receipts: [], is: 'nothing', replayed: true })
  assert.equal(await state(server, id), 'announced')
})
