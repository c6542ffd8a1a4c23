// Whatever can be announced can hang from whatever was announced, by any API's id, within one tenant and the caller's rights.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { shardOfEntity, shardOfId } from '../../server/src/core/ids.ts'
import { DEMO_TENANT } from '../support/server.ts'
import { DAY, joinedWorld, OFFERS, REPORT, type Said, type World } from './joined-world.ts'

let world: World
before(async () => {
  world = await joinedWorld()
})
after(() => world?.[Symbol.asyncDispose]())

const under = (id: string, link = '') => ({ 'standdown-parent': `${id}${link}` })

/** Whose an event of each API is, besides the admin's, and how one is made: its id as its API spells it. */
const EACH = {
  native: { owner: 'app', make: () => world.native('app') },
  graph: { owner: 'bob', make: async () => (await world.meeting('bob')).json.id as string },
  wix: { owner: 'app', make: async () => (await world.report(randomUUID())).json.activationIds[0] as string },
  cif: { owner: 'dana', make: async () => (await world.offer()).json.id as string },
} as const
type Api = keyof typeof EACH
const APIS = Object.keys(EACH) as readonly Api[]

/** Announced below `id`: the child's own id in the engine. */
const ANNOUNCE: { readonly [api in Api]: (id: string) => Promise<string> } = {
  native: async id => await world.native('alice', { parent: { id } }),
  graph: async id => {
    const { json, status } = await world.meeting('alice', { headers: under(id) })
    assert.equal(status, 201)
    return (await world.event(json.id)).id
  },
  wix: async id => {
    const { json, status } = await world.report(randomUUID(), { headers: under(id) })
    assert.equal(status, 200, JSON.stringify(json))
    return json.activationIds[0]
  },
  cif: async id => {
    const { json, status } = await world.offer({ parent: { id } })
    assert.equal(status, 201, JSON.stringify(json))
    return json.id
  },
}

/** Which APIs' callers may hang something from another's event: alice runs things, the others have only what is theirs. */
const REACH: { readonly [child in Api]: readonly Api[] } = {
  native: ['native', 'graph', 'wix', 'cif'],
  graph: ['native', 'graph', 'wix', 'cif'],
  wix: ['native', 'graph', 'wix'],
  cif: ['cif'],
}

test('an event of any API hangs from an event of any other, and goes with it', async () => {
  for (const childApi of APIS) {
    for (const api of REACH[childApi]) {
      const id = await EACH[api].make()
      const child = await ANNOUNCE[childApi](id)
      const parent = await world.event(id)
      assert.equal((await world.event(child)).parentId, parent.id, `${childApi} below ${api}`)
      assert.equal(shardOfId(child), shardOfId(parent.id), 'the tree inherits its shard')
      const preview = await world.call('alice', 'POST', '/api/v1/previews', { body: { eventId: id } })
      assert.ok(preview.json.eventIds.includes(child), `${childApi} below ${api} is previewed`)
      const receipt = await world.cancel(id)
      assert.ok(
        receipt.events.some(event => event.id === child),
        `${childApi} below ${api} stands in the receipt`,
      )
      assert.equal((await world.event(child)).state, 'cancelled')
    }
  }
})

test('keep: the child outlives its parent, and is told in the receipt', async () => {
  const parent = await world.native('app')
  const kept = {
    wix: (await world.report(randomUUID(), { headers: under(parent, '; link=keep') })).json.activationIds[0],
    graph: (await world.meeting('app', { headers: under(parent, ';link=keep') })).json.id,
    native: await world.native('app', { parent: { id: parent, link: 'keep' } }),
  }
  await world.server.advance(0)
  const receipt = await world.cancel(parent)
  for (const [api, id] of Object.entries(kept))
    assert.notEqual((await world.event(id)).state, 'cancelled', api)
  assert.ok(receipt.items.every(item => ['kept', 'already_ended'].includes(item.outcome)))
})

test('whoever may use an event may look at it, preview it and call it off by any spelling; nobody else finds it', async () => {
  for (const api of APIS) {
    const { owner, make } = EACH[api]
    const id = await make()
    for (const who of ['alice', 'bob', 'carol', 'dana', 'app']) {
      // An app with Calendars.ReadWrite reaches every user's calendar, as it does by Graph.
      const may = who === 'alice' || who === owner || (who === 'app' && api === 'graph')
      const seen = await world.call(who, 'GET', `/api/v1/events/${id}`)
      // Who is asked to a meeting sees it, and no more than that.
      const maySee = may || (who === 'carol' && api === 'graph')
      assert.equal(seen.status, maySee ? 200 : 404, `${who} looks at ${api}`)
      const previewed = await world.call(who, 'POST', '/api/v1/previews', { body: { eventId: id } })
      assert.equal(previewed.status, may ? 200 : 404, `${who} previews ${api}`)
      if (may) continue
      for (const [path, body] of [
        [`/api/v1/events/${id}/cancel`, {}],
        ['/api/v1/cancellations', { eventId: id }],
      ] as const)
        assert.equal((await world.call(who, 'POST', path, { body })).status, 404, `${who} cancels ${api}`)
    }
    assert.notEqual((await world.event(id)).state, 'cancelled', 'nobody called it off')
    const cancelled = await world.call(owner, 'POST', '/api/v1/cancellations', { body: { eventId: id } })
    assert.equal(cancelled.status, 201, `${owner} cancels ${api}`)
  }
})

test('a right goes with the token: one that was made for something else uses nothing', async () => {
  const [native, graph, wix, cif] = await Promise.all(APIS.map(api => EACH[api].make()))
  const look = async (token: string, id: string) =>
    (
      await fetch(`${world.server.url}/api/v1/events/${id}`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status
  const { server } = world
  assert.equal(await look(await server.appToken(['Calendars.ReadWrite']), native!), 404)
  assert.equal(await look(await server.appToken(['Calendars.ReadWrite']), wix!), 404)
  assert.equal(await look(await server.appToken(['Events.ReadWrite']), graph!), 404)
  assert.equal(await look(await server.personToken('bob', ['Calendars.Read']), graph!), 404)
  assert.equal(await look(await server.personToken('bob', ['Calendars.ReadWrite']), graph!), 200)
  assert.equal(await look(await server.personToken('dana', ['Calendars.ReadWrite']), cif!), 404)
  assert.equal(await look(await server.personToken('alice', ['Calendars.ReadWrite']), native!), 404)
})

test("a group's meeting is its members' to use, and no app's", async () => {
  const group = '94000000-0000-4000-8000-000000000005'
  const made = await world.call('alice', 'POST', `/v1.0/groups/${group}/events`, {
    body: {
      subject: 'Of the group',
      start: { dateTime: '2031-03-03T09:00:00', timeZone: 'UTC' },
      end: { dateTime: '2031-03-03T10:00:00', timeZone: 'UTC' },
    },
  })
  assert.equal(made.status, 201)
  for (const [who, status] of [
    ['bob', 200],
    ['carol', 404],
    ['app', 404],
  ] as const)
    assert.equal((await world.call(who, 'GET', `/api/v1/events/${made.json.id}`)).status, status, who)
})

type Refused = { readonly code: string; readonly text: string }
const CODE_OF: { readonly [api: string]: (said: Said) => Refused } = {
  graph: ({ json }) => ({ code: json.error.code, text: json.error.message }),
  wix: ({ json }) => ({ code: json.details.applicationError.code, text: json.message }),
  cif: ({ json }) => ({ code: json.code, text: json.detail }),
  native: ({ json }) => ({ code: json.code, text: json.detail }),
}

test('what cannot be a parent is refused in the API’s own shape, and nothing is half done', async () => {
  const others = await world.native('alice')
  const nobodys = '019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42'
  const malformed = [
    'x',
    `${nobodys}; link=lose`,
    `${nobodys}, ${others}`,
    `${nobodys};`,
    `AAMk${'A'.repeat(197)}`,
  ]
  const key = randomUUID()
  const ask = {
    graph: (id: string) => world.meeting('bob', { headers: under(id), body: { subject: 'Never' } }),
    wix: (id: string) => world.report(key, { headers: under(id), body: { idempotency: { key } } }),
    bulk: (id: string) =>
      world.call('app', 'POST', '/automations/v1/events/bulk-report', {
        headers: under(id),
        body: { triggerKey: 'my_trigger', eventsInfo: [{ externalEntityId: key }] },
      }),
    cif: (id: string) => world.offer({ parent: { id }, cancellationTokens: [key] }),
    native: (id: string) =>
      world.call('app', 'POST', '/api/v1/events', { body: { title: 'Never', parent: { id } } }),
  }
  const shapeOf = (api: string) => CODE_OF[api === 'bulk' ? 'wix' : api]!
  for (const [api, announce] of Object.entries(ask)) {
    const unknown = await announce(nobodys)
    const foreign = await announce(others)
    assert.deepEqual([unknown.status, foreign.status], [404, 404], api)
    const [a, b] = [shapeOf(api)(unknown), shapeOf(api)(foreign)]
    assert.equal(a.text.replace(nobodys, '…'), b.text.replace(others, '…'), `${api}: the two read the same`)
    for (const text of malformed) assert.equal((await announce(text)).status, 400, `${api} ${text}`)
  }
  const codes = await Promise.all(
    Object.entries(ask).map(async ([api, of]) => [api, shapeOf(api)(await of(others)).code]),
  )
  assert.deepEqual(Object.fromEntries(codes), {
    graph: 'ErrorItemNotFound',
    wix: 'NOT_FOUND',
    bulk: 'NOT_FOUND',
    cif: 'PARENT_NOT_FOUND',
    native: 'NOT_FOUND',
  })
  // The idempotency key is free, no meeting and no offer is there.
  assert.equal((await world.report(key, { body: { idempotency: { key } } })).json.activationIds.length, 1)
  const subjects = (await world.call('bob', 'GET', '/v1.0/me/events?$top=100')).json.value
  assert.ok(subjects.every(({ subject }: { subject: string }) => subject !== 'Never'))
  const open = await world.call('dana', 'GET', `${OFFERS}?channel=demo_softphone&cancellationToken=${key}`)
  assert.deepEqual(open.json.value, [])
})

test('below what was called off nothing is announced: 409 that names the receipt, and nothing is half done', async () => {
  const parent = await world.native('app', { key: 'doomed' })
  const offered = (await world.offer()).json.id as string
  const { link } = await world.cancel(parent)
  const { link: ofOffer } = await world.cancel(offered)
  const entity = randomUUID()
  const body = { idempotency: { key: entity } }
  const eventsInfo = [{ externalEntityId: entity, ...body }, { externalEntityId: randomUUID() }]
  const refused: { readonly [api: string]: Said } = {
    graph: await world.meeting('app', { headers: under(parent), body: { transactionId: entity } }),
    wix: await world.report(entity, { headers: under(parent), body }),
    bulk: await world.call('app', 'POST', REPORT.replace('report', 'bulk-report'), {
      headers: under(parent),
      body: { triggerKey: 'my_trigger', eventsInfo },
    }),
    cif: await world.offer({ parent: { id: offered }, cancellationTokens: [entity] }),
    native: await world.call('app', 'POST', '/api/v1/events', {
      body: { title: 'x', parent: { id: parent } },
    }),
  }
  for (const [api, said] of Object.entries(refused)) {
    assert.equal(said.status, 409, `${api}: ${JSON.stringify(said.json)}`)
    const named = said.headers.get('standdown-receipt') ?? said.json.receipt
    assert.equal(named, api === 'cif' ? ofOffer : link, api)
  }
  assert.equal(refused.graph!.json.error.code, 'Conflict')
  assert.equal(refused.wix!.json.details.applicationError.code, 'PARENT_CANCELLED')
  assert.equal(refused.wix!.json.details.applicationError.data.receipt, link)
  assert.equal(refused.cif!.json.code, 'PARENT_CANCELLED')
  // What each would have claimed is free: the same again, without the header, is the first.
  assert.equal((await world.report(entity, { body })).json.activationIds.length, 1)
  const meeting = await world.meeting('app', { body: { transactionId: entity } })
  assert.equal((await world.event(meeting.json.id)).parentId, null)
  const offer = await world.offer({ cancellationTokens: [entity] })
  assert.deepEqual([offer.status, offer.json.state], [201, 'arriving'])
})

test('a tree goes a hundred levels deep, and no deeper: 400 in each API, and nothing is half done', async () => {
  let deepest = await world.native('app')
  for (let level = 2; level <= 100; level++)
    deepest = await world.native('app', { parent: { id: deepest, link: 'cancel' } })
  const entity = randomUUID()
  // An agent hangs offers from offers only, and has room for a few: those are as deep as the tree above.
  const [offered, oneLess] = [
    (await world.offer()).json.id as string,
    (await world.offer()).json.id as string,
  ]
  const { db } = world.server.database
  for (const [id, levels] of [
    [offered, 100],
    [oneLess, 99],
  ] as const)
    await db.query({ text: 'update engine.event set cancel_path = id || $2::uuid[] where id = $1' }, [
      id,
      Array.from({ length: levels - 1 }, () => randomUUID()),
    ])
  const headers = under(deepest)
  const body = { idempotency: { key: entity } }
  const refused: { readonly [api: string]: Said } = {
    graph: await world.meeting('app', { headers, body: { transactionId: entity } }),
    wix: await world.report(entity, { headers, body }),
    cif: await world.offer({ parent: { id: offered }, cancellationTokens: [entity] }),
    // The second token is an event between the two: there is room for one more level, not for two.
    tokens: await world.offer({ parent: { id: oneLess }, cancellationTokens: [entity, randomUUID()] }),
    native: await world.call('app', 'POST', '/api/v1/events', {
      body: { title: 'x', parent: { id: deepest } },
    }),
  }
  for (const [api, said] of Object.entries(refused))
    assert.equal(said.status, 400, `${api}: ${JSON.stringify(said.json)}`)
  assert.equal(refused.graph!.json.error.code, 'BadRequest')
  assert.equal(refused.wix!.json.details.applicationError.code, 'TREE_TOO_DEEP')
  assert.deepEqual(
    [refused.cif!, refused.tokens!, refused.native!].map(said => said.json.code),
    ['TREE_TOO_DEEP', 'TREE_TOO_DEEP', 'TREE_TOO_DEEP'],
  )
  // What each would have claimed is free, and what is kept begins anew.
  assert.equal((await world.report(entity, { headers: under(deepest, '; link=keep'), body })).status, 200)
  const last = await world.offer({ parent: { id: oneLess }, cancellationTokens: [entity] })
  assert.equal(last.status, 201, JSON.stringify(last.json))
})

test('the same report again is acknowledged as before, whatever became of its parent meanwhile', async () => {
  const parent = await world.native('app')
  const entity = randomUUID()
  const call = { headers: under(parent), body: { idempotency: { key: entity } } }
  assert.equal((await world.report(entity, call)).json.activationIds.length, 1)
  await world.cancel(parent)
  assert.deepEqual((await world.report(entity, call)).json, { activationIds: [] })
  const graph = await world.native('app')
  const once = { headers: under(graph), body: { transactionId: entity } }
  const first = await world.meeting('app', once)
  assert.equal((await world.meeting('app', once)).json.id, first.json.id)
})

test('a child is found by its own key, token and id, although it lives where its parent lives', async () => {
  const parent = await world.native('app')
  const entity = entityElsewhere(parent)
  const { json } = await world.report(entity, { headers: under(parent) })
  const [activation] = json.activationIds as string[]
  const pair = { triggerKey: 'my_trigger', externalEntityId: entity }
  const cancelled = await world.call('app', 'POST', '/automations/v1/events/cancel', { body: pair })
  assert.equal(cancelled.status, 200)
  assert.equal((await world.event(activation!)).state, 'cancelled')
  assert.notEqual((await world.event(parent)).state, 'cancelled', 'a child’s cancel is not its parent’s')

  const above = await world.offer()
  const tokens = [randomUUID(), randomUUID()]
  const below = await world.offer({ parent: { id: above.json.id }, cancellationTokens: tokens })
  assert.equal(below.status, 201)
  const again = await world.offer({ parent: { id: above.json.id }, cancellationTokens: tokens })
  assert.deepEqual([again.status, again.json.id], [200, below.json.id], 'another tab joins it')
  await world.call('dana', 'POST', '/api/v1/notifications/cancel', {
    body: { channel: 'demo_softphone', cancellationToken: tokens[1] },
  })
  const offer = await world.call('dana', 'GET', `${OFFERS}/${below.json.id}`)
  assert.equal(offer.json.result.responseReason, 'Cancelled')
  assert.notEqual((await world.event(above.json.id)).state, 'cancelled')
})

test('what hangs from what: announced in pieces at once with the cancel, each is refused or goes with it', async () => {
  const parent = await world.native('app', { effects: [{ kind: 'delay', afterMs: DAY }] })
  const entities = Array.from({ length: 8 }, () => randomUUID())
  const announced = entities.flatMap(entity => [
    world.report(entity, { headers: under(parent) }),
    world.meeting('app', { headers: under(parent) }),
  ])
  const cancelled = world.cancel(parent)
  const said = await Promise.all(announced)
  const receipt = await cancelled
  const inReceipt = new Set(receipt.events.map(event => event.id))
  for (const each of said) {
    if (each.status === 409) continue
    const id = each.json.activationIds?.[0] ?? each.json.id
    assert.ok(inReceipt.has((await world.event(id)).id), 'what was acknowledged stands in the receipt')
  }
})

/** An entity whose shard is not that of the tree. */
function entityElsewhere(id: string): string {
  for (;;) {
    const entity = randomUUID()
    if (shardOfEntity(DEMO_TENANT, entity) !== shardOfId(id)) return entity
  }
}
