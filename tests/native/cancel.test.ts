import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nativeServer } from './native-server.ts'

const DAY = 86_400_000
const REMINDER = {
  kind: 'mail',
  to: ['bob@contoso.example'],
  subject: 'Your order',
  text: 'It is on its way.',
  afterMs: DAY,
}

test('announce, cancel by key, read the receipt', async () => {
  await using server = await nativeServer()
  const announced = await server.call('alice', 'POST', '/api/v1/events', {
    body: {
      key: 'order-1017',
      title: 'Order 1017',
      effects: [REMINDER, { kind: 'delay', afterMs: 7 * DAY }],
    },
  })
  assert.equal(announced.status, 201)
  const { id, effectIds } = announced.json()
  assert.equal(announced.headers.get('location'), `/api/v1/events/${id}`)
  assert.equal(effectIds.length, 2)

  const looked = (await server.call('alice', 'GET', `/api/v1/events/${id}`)).json()
  assert.equal(looked.key, 'order-1017')
  assert.equal(looked.state, 'announced')
  assert.deepEqual(
    looked.effects.map((effect: { title: string; state: string }) => [effect.title, effect.state]),
    [
      ['Mail to bob@contoso.example', 'pending'],
      ['Wait', 'pending'],
    ],
  )

  const cancelled = await server.call('alice', 'POST', '/api/v1/cancellations', {
    body: { key: 'order-1017', reason: 'Out of stock', correlationId: 'c-1' },
  })
  assert.equal(cancelled.status, 201)
  const { receipt, counts, replayed, early } = cancelled.json()
  assert.equal(cancelled.headers.get('standdown-receipt'), receipt)
  assert.deepEqual(
    { total: counts.total, prevented: counts.prevented, replayed, early },
    {
      total: 1,
      prevented: 1,
      replayed: false,
      early: false,
    },
  )

  const read = (await server.call('alice', 'GET', `${receipt}?wait=30`)).json()
  assert.equal(read.state, 'final')
  assert.equal(read.reason, 'Out of stock')
  assert.equal(read.by.api, 'native')
  assert.equal(read.target.key, 'order-1017')
  assert.deepEqual(
    [...read.items, ...read.innerSteps].map((item: { title: string; outcome: string }) => [
      item.title,
      item.outcome,
    ]),
    [
      ['Mail to bob@contoso.example', 'prevented'],
      ['Wait', 'prevented'],
    ],
  )
  assert.equal((await server.call('alice', 'GET', `/api/v1/events/${id}`)).json().receipt, receipt)

  for (const query of ['key=order-1017', `eventId=${id}`, 'correlationId=c-1', '']) {
    const { value } = (await server.call('alice', 'GET', `/api/v1/receipts?${query}`)).json()
    assert.deepEqual(
      value.map((each: { link: string }) => each.link),
      [receipt],
      `found by ${query}`,
    )
  }
})

test('the same cancel again gets the same receipt, and a key of a different cancel is refused', async () => {
  await using server = await nativeServer()
  const announce = { body: { key: 'k', entity: 'e', title: 'K', effects: [REMINDER] } }
  await server.call('alice', 'POST', '/api/v1/events', announce)
  const headers = { 'idempotency-key': 'once' }
  const first = await server.call('alice', 'POST', '/api/v1/cancellations', {
    body: { key: 'k', entity: 'e' },
    headers,
  })
  const second = await server.call('alice', 'POST', '/api/v1/cancellations', {
    body: { key: 'k', entity: 'e' },
    headers,
  })
  assert.equal(first.status, 201)
  assert.equal(second.status, 200)
  assert.equal(second.json().receiptId, first.json().receiptId)
  assert.equal(second.json().replayed, true)
  const other = await server.call('alice', 'POST', '/api/v1/cancellations', {
    body: { key: 'other', entity: 'e' },
    headers,
  })
  assert.equal(other.status, 409)
  assert.equal(other.json().code, 'REQUEST_KEY_REUSED')
  assert.equal(other.json().receipt, first.json().receipt)
})

test('a cancel that comes first waits, and the event is absorbed or refused as it asks', async () => {
  await using server = await nativeServer()
  const early = (
    await server.call('alice', 'POST', '/api/v1/cancellations', { body: { key: 'soon', app: 'people' } })
  ).json()
  assert.deepEqual([early.early, early.is], [true, 'waiting'])
  const body = { key: 'soon', title: 'Soon', effects: [{ ...REMINDER, afterMs: 0 }] }
  const refused = await server.call('alice', 'POST', '/api/v1/events', { body: { ...body, early: 'reject' } })
  assert.equal(refused.status, 409)
  assert.equal(refused.json().receipt, early.receipt)
  const absorbed = await server.call('alice', 'POST', '/api/v1/events', { body })
  assert.equal(absorbed.status, 200)
  assert.deepEqual(
    { is: absorbed.json().is, receipt: absorbed.json().receipt },
    { is: 'absorbed', receipt: early.receipt },
  )
  const ignored = await server.call('alice', 'POST', '/api/v1/events', { body: { ...body, early: 'ignore' } })
  assert.equal(ignored.status, 201)
  await server.mail.begun(1)
  assert.equal(server.mail.runs.length, 1, 'only the event that ignored the cancel did anything')
})

test('cancel by id takes children along, but not what is linked as kept', async () => {
  await using server = await nativeServer()
  const parent = (await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'Meeting' } })).json()
  for (const link of ['cancel', 'keep'] as const) {
    const body = { title: link, parent: { id: parent.id, link }, effects: [REMINDER] }
    assert.equal((await server.call('alice', 'POST', '/api/v1/events', { body })).status, 201)
  }
  const { counts } = (await server.call('alice', 'POST', `/api/v1/events/${parent.id}/cancel`, {})).json()
  assert.deepEqual([counts.total, counts.prevented, counts.kept], [2, 1, 1])
  const late = await server.call('alice', 'POST', '/api/v1/events', {
    body: { title: 'late', parent: { id: parent.id } },
  })
  assert.equal(late.status, 409)
  assert.equal(late.json().code, 'PARENT_CANCELLED')
})

test('a preview says what the cancel then does, and changes nothing', async () => {
  await using server = await nativeServer()
  const wait = { kind: 'delay', afterMs: DAY, link: 'keep' }
  const body = { key: 'p', title: 'P', effects: [REMINDER, { ...REMINDER, link: 'keep' }, wait] }
  const { id } = (await server.call('alice', 'POST', '/api/v1/events', { body })).json()
  const preview = (await server.call('alice', 'POST', '/api/v1/previews', { body: { key: 'p' } })).json()
  const again = (await server.call('alice', 'POST', '/api/v1/previews', { body: { eventId: id } })).json()
  assert.deepEqual(again.counts, preview.counts)
  const outcomes = (items: { readonly outcome: string }[]) => items.map(item => item.outcome).toSorted()
  assert.deepEqual(outcomes(preview.items), ['kept', 'prevented'])
  assert.deepEqual(outcomes(preview.innerSteps), ['kept'])
  assert.equal((await server.call('alice', 'GET', `/api/v1/events/${id}`)).json().state, 'announced')
  assert.deepEqual((await server.call('alice', 'GET', '/api/v1/receipts')).json().value, [])
  const cancelled = (
    await server.call('alice', 'POST', '/api/v1/cancellations', { body: { key: 'p' } })
  ).json()
  assert.deepEqual(cancelled.counts, preview.counts)
})

test('revise replaces what is pending; a cancelled event is not revised', async () => {
  await using server = await nativeServer()
  const { id } = (
    await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'R', effects: [REMINDER] } })
  ).json()
  const revised = await server.call('alice', 'POST', `/api/v1/events/${id}/revise`, {
    body: { title: 'R, moved', effects: [{ ...REMINDER, afterMs: 2 * DAY }] },
  })
  assert.equal(revised.status, 200)
  const event = (await server.call('alice', 'GET', `/api/v1/events/${id}`)).json()
  assert.equal(event.title, 'R, moved')
  assert.deepEqual(
    event.effects.map((effect: { state: string }) => effect.state),
    ['superseded', 'pending'],
  )
  const { receipt } = (
    await server.call('alice', 'POST', `/api/v1/events/${id}/cancel`, { body: { reason: 'x' } })
  ).json()
  const refused = await server.call('alice', 'POST', `/api/v1/events/${id}/revise`, { body: { effects: [] } })
  assert.equal(refused.status, 409)
  assert.equal(refused.json().receipt, receipt)
})

test('a receipt is waited for until a running action has said how it ended', async () => {
  await using server = await nativeServer()
  const body = { title: 'W', effects: [{ kind: 'webhook', url: 'https://hooks.example/a' }] }
  const { id } = (await server.call('alice', 'POST', '/api/v1/events', { body })).json()
  const run = await server.webhook.begun(1)
  run.signal.addEventListener('abort', () => run.end({ is: 'done', evidence: { status: 200 } }))
  const cancelled = (await server.call('alice', 'POST', `/api/v1/events/${id}/cancel`)).json()
  assert.equal(cancelled.counts.stopping, 1)
  const receipt = (await server.call('alice', 'GET', `${cancelled.receipt}?wait=30`)).json()
  assert.equal(receipt.state, 'final')
  assert.equal(receipt.items[0].outcome, 'too_late')
  assert.deepEqual(receipt.items[0].evidence, { status: 200 })
})
