import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NATIVE_EVENT } from '../../server/src/apis/native/access.ts'
import type { Announcement } from '../../server/src/core/event.ts'
import type { PreviewView } from '../../wire/src/preview.ts'
import type { ReceiptView } from '../../wire/src/receipt.ts'
import { until } from '../support/until.ts'
import { type NativeServer, nativeServer, TENANT } from './native-server.ts'

const DAY = 86_400_000
const LATER = { kind: 'mail.send', title: 'later', due: { afterMs: DAY }, data: {} } as const

async function preview(server: NativeServer, body: object): Promise<PreviewView> {
  const reply = await server.call('alice', 'POST', '/api/v1/previews', { body })
  assert.equal(reply.status, 200, reply.text)
  return reply.json()
}

async function* pages(server: NativeServer, body: object): AsyncGenerator<PreviewView> {
  let after: string | null = null
  do {
    const page = await preview(server, { ...body, ...(after === null ? {} : { after }) })
    yield page
    assert.equal(page.counts.total, page.items.length, 'counts are of the items of the page')
    after = page.itemsAfter
  } while (after !== null)
}

const EVENT = {
  tenant: TENANT,
  kind: NATIVE_EVENT,
  key: null,
  entity: 'tree',
  title: 'T',
  data: {},
  effects: [],
}

/** Ids of what was announced, one for each. */
async function announceAll(
  server: NativeServer,
  events: readonly Partial<Announcement>[],
): Promise<readonly string[]> {
  const announced = await server.db.transaction('test.announce', tx =>
    server.engine.announce(
      tx,
      events.map(event => ({ ...EVENT, ...event }) as Announcement),
    ),
  )
  return announced.map(each => {
    assert.equal(each.is, 'announced')
    return each.is === 'announced' ? each.eventId : ''
  })
}

async function announce(server: NativeServer, event: Partial<Announcement>): Promise<string> {
  return (await announceAll(server, [event]))[0] as string
}

test('a preview of 200,001 effects: each page is bounded, and all pages together are all of it, once', async () => {
  await using server = await nativeServer()
  const eventId = await announce(server, { effects: [LATER] })
  // Written as the engine writes them; through it, this would be most of the test's time.
  await server.db.query({
    text: `insert into engine.effect (shard, id, tenant, event_id, event_kind, kind, lane, title, due_at, due_shown, max_attempts, touches_world, data)
      select e.shard, overlay(overlay(gen_random_uuid()::text placing substr(e.id::text, 15, 4) from 15 for 4) placing '8' from 20)::uuid,
        e.tenant, e.id, e.kind, 'mail.send', e.tenant || ' mail.send ', 'later', now() + interval '1 day', now() + interval '1 day', 3, true, '{}'
      from engine.event e, generate_series(1, 200000) where e.id = '${eventId}'`,
  })
  const seen = new Set<string>()
  const eventIds: string[] = []
  for await (const page of pages(server, { eventId })) {
    assert.ok(page.items.length <= 1000)
    assert.equal(page.counts.prevented, page.items.length)
    for (const item of page.items) seen.add(item.effectId)
    for (const id of page.eventIds) eventIds.push(id)
  }
  assert.equal(seen.size, 200_001)
  assert.deepEqual(eventIds, [eventId])
})

test('a wide tree of events with nothing under them, and a deep one, are paged too', async () => {
  await using server = await nativeServer()
  for (const shape of ['wide', 'deep'] as const) {
    const root = await announce(server, { entity: shape, effects: [LATER] })
    let parent = root
    for (let n = 0; n < 5; n++) {
      const child = { entity: shape, parent: { id: parent, link: 'cancel' as const } }
      const made = await announceAll(server, Array(shape === 'wide' ? 500 : 1).fill(child))
      if (shape === 'deep') parent = made[0] as string
    }
    await announce(server, { entity: shape, parent: { id: parent, link: 'cancel' }, effects: [LATER] })
    const found: string[] = []
    let items = 0
    for await (const page of pages(server, { eventId: root })) {
      assert.ok(page.eventIds.length <= 1000, 'an event without effects is work too')
      for (const id of page.eventIds) found.push(id)
      items += page.items.length
    }
    assert.equal(new Set(found).size, found.length)
    assert.deepEqual([found.length, items], [shape === 'wide' ? 2502 : 7, 2])
  }
})

type Planned = {
  readonly under: number
  readonly keep: boolean
  readonly named: boolean
  readonly effects: number
}

test('whatever the tree, all pages say what the receipt of the cancel then says', async () => {
  await using server = await nativeServer()
  const node = fc.record({
    under: fc.nat({ max: 20 }),
    keep: fc.boolean(),
    named: fc.boolean(),
    effects: fc.nat({ max: 3 }),
  })
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(node, { minLength: 1, maxLength: 14 }),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      async (plan, limit, byKey) => {
        run += 1
        const entity = `tree ${run}`
        const { rootId } = await grow(server, plan, entity)
        const target = byKey ? { key: 'named', entity, app: 'people' } : { eventId: rootId }
        const previewed = new Map<string, string>()
        const eventIds = new Set<string>()
        for await (const page of pages(server, { ...target, limit })) {
          assert.ok(page.items.length <= limit)
          for (const item of page.items) {
            assert.ok(!previewed.has(item.effectId), 'each once')
            previewed.set(item.effectId, item.outcome)
          }
          for (const id of page.eventIds) {
            assert.ok(!eventIds.has(id), 'each once')
            eventIds.add(id)
          }
        }
        const cancelled = await server.call('alice', 'POST', '/api/v1/cancellations', { body: target })
        const receipt: ReceiptView = (
          await server.call('alice', 'GET', `/api/v1/receipts/${cancelled.json().receiptId}`)
        ).json()
        assert.deepEqual(previewed, new Map(receipt.items.map(item => [item.effectId, item.outcome])))
        assert.deepEqual([...eventIds].sort(), cancelled.json().eventIds.toSorted())
      },
    ),
    { numRuns: 60 },
  )
})

/** Some events have a key in common; some effects are kept, replaced, or running when the preview comes. */
async function grow(server: NativeServer, plan: readonly Planned[], entity: string) {
  const ids: string[] = []
  const key = `people\u001fnamed`
  for (const [i, { under, keep, named, effects }] of plan.entries()) {
    const parent = i === 0 ? undefined : (ids[under % i] as string)
    const id = await announce(server, {
      entity,
      title: String(i),
      ...(named ? { key } : {}),
      ...(parent === undefined ? {} : { parent: { id: parent, link: keep ? 'keep' : 'cancel' } }),
      effects: Array.from({ length: effects }, (_, n) => ({
        ...LATER,
        link: n === 1 ? ('keep' as const) : ('cancel' as const),
      })),
    })
    if (effects === 3 && keep)
      await server.db.transaction('test.revise', tx =>
        server.engine.revise(tx, { tenant: TENANT, eventId: id, effects: [LATER] }),
      )
    ids.push(id)
  }
  // One part of the tree was called off before.
  if (plan.length > 6)
    await server.engine.cancel({
      tenant: TENANT,
      target: { eventId: ids[5] as string },
      by: { principal: 'user:somebody', api: 'native', name: 'somebody' },
    })
  return { rootId: ids[0] as string }
}

test('what is running, or may have happened, is previewed as it would be told', async () => {
  await using server = await nativeServer()
  const body = {
    title: 'W',
    effects: [
      { kind: 'webhook', url: 'https://hooks.example/a' },
      { kind: 'webhook', url: 'https://hooks.example/b', afterMs: DAY },
    ],
  }
  const { id: eventId } = (await server.call('alice', 'POST', '/api/v1/events', { body })).json()
  const run = await server.webhook.begun(1)
  const outcomes = async () => (await preview(server, { eventId })).items.map(item => item.outcome).sort()
  assert.deepEqual(await outcomes(), ['prevented', 'stopping'])
  run.end({ is: 'retry', error: 'the answer was lost', mayHaveHappened: true, afterMs: DAY })
  await until(
    async () => !(await server.engine.effectsOf(TENANT, eventId)).some(effect => effect.state === 'running'),
  )
  assert.deepEqual(await outcomes(), ['in_doubt', 'prevented'])
})

test('a preview waits for no lock, and takes none', async () => {
  await using server = await nativeServer()
  const eventId = await announce(server, { effects: [LATER], key: 'people\u001fheld', entity: 'held' })
  await server.db.transaction('test.hold', async tx => {
    for (const table of ['event', 'effect'])
      await tx.query({ text: `select from engine.${table} for update` })
    for (const body of [{ eventId }, { key: 'held' }])
      assert.equal((await preview(server, body)).counts.prevented, 1)
  })
  const [row] = await server.db.query<{ n: number }>({
    text: 'select (select count(*) from engine.cancellation)::int + (select count(*) from engine.ended)::int as n',
  })
  assert.equal(row?.n, 0, 'nothing was written')
})

test('a place that is none, of another preview or another tenant, is refused', async () => {
  await using server = await nativeServer()
  const one = await announce(server, { effects: [LATER, LATER] })
  const other = await announce(server, { effects: [LATER, LATER] })
  const { itemsAfter } = await preview(server, { eventId: one, limit: 1 })
  assert.ok(itemsAfter !== null)
  const refused = async (body: object, token = 'alice') => {
    const reply = await server.call(token, 'POST', '/api/v1/previews', { body })
    return [reply.status, reply.json().code]
  }
  for (const after of ['x', `${one}`, `${one}_x`, `${itemsAfter}_1`, itemsAfter.replace(/^.{36}/, other)])
    assert.deepEqual(await refused({ eventId: one, after }), [400, 'INVALID_REQUEST'], after)
  assert.deepEqual(await refused({ eventId: other, after: itemsAfter }), [400, 'INVALID_REQUEST'])
  assert.deepEqual(await refused({ key: 'tree', after: itemsAfter }), [400, 'INVALID_REQUEST'])
  assert.deepEqual(await refused({ key: 'tree', after: itemsAfter }, 'mallory'), [400, 'INVALID_REQUEST'])
  for (const limit of [0, 1001, 1.5]) assert.equal((await refused({ eventId: one, limit }))[0], 400)
})
