// On a whole server, an operator cancels by the names that callers of the other APIs know: a trigger's pair, an offer's
// token, an id as Graph spells it; whosever it is, also of an app, a site or an agent that has left the workspace file.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { type Acme, acmeOn } from '../support/two-apps.ts'

const CANCEL = '/api/v1/cancellations'
const PREVIEW = '/api/v1/previews'

let server: TestServer
let acme: Acme
let olga: string
let mallory: string

before(async () => {
  server = await testServer()
  acme = await acmeOn(server)
  olga = await acme.token({ person: 'olga' })
  mallory = await server.personToken('alice')
})
after(() => server?.[Symbol.asyncDispose]())

const report = async (token: string, externalEntityId: string): Promise<string> => {
  const body = { triggerKey: 'due', externalEntityId, payload: {} }
  const { status, body: answer } = await acme.call(token, '/automations/v1/events/report', body)
  assert.equal(status, 200)
  return answer.activationIds[0]
}
const stateOf = async (id: string): Promise<string> =>
  (await acme.call(olga, `/api/v1/events/${id}`)).body.state
const owners = (receipts: readonly { readonly of: object }[]) => receipts.map(({ of }) => of)

test('a trigger’s pair: one site, several sites and apps, one app by its name', async () => {
  const tokens = {
    north: await acme.token({ app: 'shop', site: 'Shop north' }),
    south: await acme.token({ app: 'shop', site: 'Shop south' }),
    rival: await acme.token({ app: 'rival', site: 'Rival' }),
  }
  const none = { agent: null, channel: null }
  const externalEntityId = randomUUID()
  const pair = { triggerKey: 'due', externalEntityId }

  const one = await report(tokens.south, externalEntityId)
  const previewed = await acme.call(olga, PREVIEW, pair)
  assert.deepEqual([previewed.body.eventIds, previewed.body.of.site], [[one], 'Shop south'])
  const cancelled = await acme.call(olga, CANCEL, {
    ...pair,
    externalEntityId: externalEntityId.toUpperCase(),
    reason: 'Paid',
  })
  assert.deepEqual([cancelled.status, cancelled.body.eventIds, cancelled.body.is], [201, [one], 'cancelled'])
  assert.deepEqual(cancelled.body.of, { app: 'shop', site: 'Shop south', ...none })
  const { body: receipt } = await acme.call(olga, cancelled.receipts[0] as string)
  assert.deepEqual([receipt.target.key, receipt.reason, receipt.by.name], ['due', 'Paid', 'Olga'])

  const all = [await report(tokens.north, externalEntityId), await report(tokens.south, externalEntityId)]
  all.push(await report(tokens.rival, externalEntityId))
  const several = await acme.call(olga, CANCEL, pair)
  assert.deepEqual(owners(several.body.receipts).toSorted(byText), [
    { app: 'rival', site: 'Rival', ...none },
    { app: 'shop', site: 'Shop north', ...none },
    { app: 'shop', site: 'Shop south', ...none },
  ])
  assert.equal(several.receipts.length, 3)
  for (const id of all) assert.equal(await stateOf(id), 'cancelled')
  assert.equal((await acme.call(olga, CANCEL, pair)).body.is, 'repeated')
  const found = await acme.call(olga, `/api/v1/receipts?${new URLSearchParams(pair)}`)
  assert.equal(found.body.value.length, 4)

  const again = [await report(tokens.north, externalEntityId), await report(tokens.rival, externalEntityId)]
  const ofOne = await acme.call(olga, CANCEL, { ...pair, app: 'rival' })
  assert.deepEqual(ofOne.body.eventIds, [again[1]])
  assert.equal(await stateOf(again[0] as string), 'announced')
  // The app itself cancels what it always could, and gets an answer of its API.
  const own = await acme.call(tokens.north, '/automations/v1/events/cancel', pair)
  assert.equal(own.status, 200)
  assert.equal(await stateOf(again[0] as string), 'cancelled')
})

function byText(a: object, b: object): number {
  return JSON.stringify(a).localeCompare(JSON.stringify(b))
}

test('apps and sites that left the workspace file are still reached, by everybody’s name and by their own', async () => {
  const shop = await acme.token({ app: 'shop', site: 'Shop south' })
  const rival = await acme.token({ app: 'rival' })
  const key = `order ${randomUUID()}`
  const announce = async (token: string) =>
    (await acme.call(token, '/api/v1/events', { key, title: 'Order' })).body.id as string
  const entities = [randomUUID(), randomUUID()] as const
  const live = [
    await announce(rival),
    await report(rival, entities[0]),
    await report(shop, entities[1]),
  ] as const
  await acme.apply({ shop: ['Shop north'] })
  try {
    const byKey = await acme.call(olga, CANCEL, { key })
    assert.deepEqual([byKey.body.eventIds, byKey.body.of.app], [[live[0]], 'rival'])
    const named = await acme.call(olga, CANCEL, {
      triggerKey: 'due',
      externalEntityId: entities[0],
      app: 'rival',
    })
    assert.deepEqual([named.body.eventIds, named.body.of.site], [[live[1]], 'Rival'])
    const ofSite = await acme.call(olga, CANCEL, { triggerKey: 'due', externalEntityId: entities[1] })
    assert.deepEqual([ofSite.body.eventIds, ofSite.body.of.site], [[live[2]], 'Shop south'])
    const found = await acme.call(olga, `/api/v1/receipts?${new URLSearchParams({ key })}`)
    assert.equal(found.body.value.length, 1)
  } finally {
    await acme.apply()
  }
  const back = await announce(await acme.token({ app: 'rival' }))
  assert.deepEqual((await acme.call(olga, CANCEL, { key })).body.eventIds, [back], 'once, when it is back')
})

test('an offer’s token: at one agent, at all, at one who has left', async () => {
  const agents = Object.fromEntries(
    await Promise.all(['ann', 'ben'].map(async name => [name, await acme.token({ person: name })] as const)),
  ) as { ann: string; ben: string }
  const raise = async (token: string, channel: string, cancellationToken: string) => {
    const { status, body } = await acme.call(token, '/api/v1/notifications/offers', {
      channel,
      templateName: 'acme_call',
      cancellationTokens: [cancellationToken],
    })
    assert.equal(status, 201)
    return body.id as string
  }
  const cancellationToken = 'call-1'
  const ids = [await raise(agents.ann, 'shop_phone', cancellationToken)]
  const one = await acme.call(olga, CANCEL, { cancellationToken })
  assert.deepEqual([one.body.eventIds, one.body.is], [ids, 'cancelled'])
  assert.deepEqual(one.body.of, { app: null, site: null, agent: 'ann@acme.example', channel: 'shop_phone' })
  assert.equal((await acme.call(olga, CANCEL, { cancellationToken })).body.is, 'repeated')

  const all = [await raise(agents.ann, 'shop_phone', cancellationToken)]
  all.push(await raise(agents.ann, 'rival_phone', cancellationToken))
  all.push(await raise(agents.ben, 'shop_phone', cancellationToken))
  const previewed = await acme.call(olga, PREVIEW, { cancellationToken })
  assert.equal(previewed.body.previews.length, 3)
  const bens = await acme.call(olga, CANCEL, { cancellationToken, agent: 'BEN@acme.example' })
  assert.deepEqual(bens.body.eventIds, [all[2]])
  const rest = await acme.call(olga, CANCEL, { cancellationToken })
  assert.deepEqual(
    rest.body.receipts.map((each: { eventIds: string[] }) => each.eventIds[0]).toSorted(),
    all.slice(0, 2).toSorted(),
  )
  const unknown = await acme.call(olga, CANCEL, { cancellationToken, agent: 'nobody@acme.example' })
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'NOT_FOUND'])
  assert.deepEqual((await acme.call(olga, CANCEL, { cancellationToken: 'call-2' })).body.is, 'nothing')

  const left = await raise(agents.ben, 'rival_phone', 'call-3')
  await acme.apply({ shop: [] }, ['ann'])
  try {
    const gone = await acme.call(olga, CANCEL, { cancellationToken: 'call-3' })
    assert.deepEqual([gone.body.eventIds, gone.body.of.channel], [[left], 'rival_phone'])
  } finally {
    await acme.apply()
  }
})

test('an event’s id in Graph’s spelling and in ours; the same meeting from its attendee’s calendar', async () => {
  const max = await acme.token({ person: 'max' })
  const meet = async () => {
    const { status, body } = await acme.call(max, '/v1.0/me/events', {
      subject: 'Standup',
      start: { dateTime: '2031-03-03T09:00:00', timeZone: 'UTC' },
      end: { dateTime: '2031-03-03T09:15:00', timeZone: 'UTC' },
      attendees: [{ emailAddress: { address: 'ann@acme.example' } }],
    })
    assert.equal(status, 201)
    return body.id as string
  }
  const id = await meet()
  assert.equal((await acme.call(olga, PREVIEW, { eventId: id })).status, 200)
  const cancelled = await acme.call(olga, CANCEL, { eventId: id })
  assert.deepEqual(
    [cancelled.status, cancelled.body.is, cancelled.body.eventIds.length],
    [201, 'cancelled', 1],
  )
  assert.equal(
    (await acme.call(max, `/v1.0/me/events/${id}`)).status,
    404,
    'the organizer’s copy is put away',
  )
  const own = cancelled.body.eventIds[0] as string
  const again = await acme.call(olga, CANCEL, { eventId: own.toUpperCase() })
  assert.deepEqual([again.status, again.body.is, again.receipts], [200, 'repeated', cancelled.receipts])
  for (const eventId of ['AAMkNotAnId', 'x', `${id.slice(0, -8)}AAAAAAAA`])
    assert.equal((await acme.call(olga, CANCEL, { eventId })).status, 404, eventId)
  assert.equal((await acme.call(olga, CANCEL, { eventId: 'x'.repeat(1001) })).status, 400)
  const second = await meet()
  for (const [token, eventId] of [
    [await acme.token({ person: 'ann' }), second],
    [mallory, second],
    [await acme.token({ app: 'shop', site: 'Shop north' }), second],
  ] as const) {
    assert.equal((await acme.call(token, CANCEL, { eventId })).status, 404)
    assert.equal((await acme.call(token, PREVIEW, { eventId })).status, 404)
  }
  assert.equal((await acme.call(max, CANCEL, { eventId: second })).status, 201, 'whose it is')
})
