// A provider's server calls off offers with its app's token: at one agent, at all who have something under the token, and
// never under a channel that is another's.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { type Acme, acmeOn } from '../support/two-apps.ts'

const CANCEL = '/api/v1/notifications/cancel'

let server: TestServer
let acme: Acme
let shop: string
let rival: string
const agents = { ann: '', ben: '' }

before(async () => {
  server = await testServer()
  acme = await acmeOn(server)
  shop = await acme.token({ app: 'shop', site: 'Shop north' })
  rival = await acme.token({ app: 'rival' })
  for (const name of ['ann', 'ben'] as const) agents[name] = await acme.token({ person: name })
})
after(() => server?.[Symbol.asyncDispose]())

async function raise(agent: keyof typeof agents, cancellationToken: string, channel = 'shop_phone') {
  const { status, body } = await acme.call(agents[agent], '/api/v1/notifications/offers', {
    channel,
    templateName: 'acme_call',
    cancellationTokens: [cancellationToken],
  })
  assert.equal(status, 201)
  return { agent, id: body.id as string }
}

async function resultOf({ agent, id }: { readonly agent: keyof typeof agents; readonly id: string }) {
  const { body } = await acme.call(agents[agent], `/api/v1/notifications/offers/${id}`)
  return body.result?.actionName ?? 'open'
}

const cancel = (token: string, cancellationToken: string, more: object = {}) =>
  acme.call(token, CANCEL, { channel: 'shop_phone', cancellationToken, ...more })

test('one agent has it: one receipt; repeated, over, nobody has it', async () => {
  const offer = await raise('ann', 't1')
  const done = await cancel(shop, 't1', { correlationId: 'c1' })
  const { receiptId } = done.body
  assert.deepEqual(done.body, {
    cancellationToken: 't1',
    receiptId,
    is: 'cancelled',
    agent: 'ann@acme.example',
  })
  assert.deepEqual(done.receipts, [`/api/v1/receipts/${receiptId}`])
  assert.equal(await resultOf(offer), 'Cancel')
  assert.deepEqual((await cancel(shop, 't1')).body, { ...done.body, is: 'repeated' })
  const agents_ = await cancel(agents.ann, 't1')
  assert.deepEqual([agents_.body.is, agents_.body.receiptId === receiptId], ['over', false])
  const nothing = await cancel(shop, 'nobody has it')
  assert.deepEqual(
    [nothing.status, nothing.body, nothing.receipts],
    [200, { cancellationToken: 'nobody has it', receipts: [], is: 'nothing' }, []],
  )
  const late = await raise('ann', 'nobody has it')
  assert.equal(await resultOf(late), 'open', 'nothing was kept')

  const receipt = (await acme.call(shop, done.receipts[0] as string)).body
  assert.deepEqual([receipt.by.name, receipt.by.api, receipt.correlationId], ['shop', 'cif', 'c1'])
})

test('a call that rang for all: each agent has a receipt; with `agent`, one of them; receipts by token', async () => {
  const ann = await raise('ann', 't2')
  const ben = await raise('ben', 't2')
  const other = await raise('ann', 't2', 'rival_phone')
  const one = await cancel(shop, 't2', { agent: 'ben@acme.example' })
  assert.deepEqual([one.body.agent, one.body.is], ['ben@acme.example', 'cancelled'])
  assert.deepEqual([await resultOf(ann), await resultOf(ben)], ['open', 'Cancel'])
  const again = await raise('ben', 't2')
  const both = await cancel(shop, 't2')
  assert.deepEqual(both.body.receipts.map((each: { agent: string }) => each.agent).toSorted(), [
    'ann@acme.example',
    'ben@acme.example',
  ])
  assert.deepEqual([both.body.is, both.receipts.length], ['cancelled', 2])
  assert.deepEqual([await resultOf(ann), await resultOf(again)], ['Cancel', 'Cancel'])
  assert.equal(await resultOf(other), 'open', "another provider's token is another one")

  const query = 'channel=shop_phone&cancellationToken=t2'
  const receipts = (await acme.call(shop, `/api/v1/notifications/receipts?${query}`)).body.value
  assert.equal(receipts.length, 3)
  const bens = await acme.call(shop, `/api/v1/notifications/receipts?${query}&agent=ben@acme.example`)
  assert.equal(bens.body.value.length, 2)
})

test('a cancel for one agent may come first, and takes the offer that comes', async () => {
  const early = await cancel(shop, 't3', { agent: 'ann@acme.example' })
  assert.equal(early.body.is, 'waiting')
  const offer = await raise('ann', 't3')
  assert.equal(await resultOf(offer), 'Cancel')
  assert.equal(await resultOf(await raise('ben', 't3')), 'open')
})

test('no way into what is not its own: another app, another tenant, too narrow a token, members, agents', async () => {
  const offer = await raise('ann', 't4')
  const known = (
    await acme.call(shop, '/api/v1/notifications/receipts?channel=shop_phone&cancellationToken=t4')
  ).status
  assert.equal(known, 200)
  const demoApp = await server.appToken()
  const { auth } = server.server
  const site = (await auth.directory.instances('acme')).find(({ name }) => name === 'Shop north')
  assert.ok(site)
  const narrow = (
    await auth.mintToken({
      tenant: 'acme',
      for: { app: 'shop', instanceId: site.id },
      scopes: ['Receipts.Read'],
    })
  ).token
  const max = await acme.token({ person: 'max' })
  const operator = (await server.server.auth.mintToken({ tenant: 'acme', for: { operator: true } })).token
  for (const [who, more, status, code] of [
    [rival, {}, 404, 'NOT_YOUR_CHANNEL'],
    [rival, { channel: 'no_such_channel' }, 404, 'NOT_YOUR_CHANNEL'],
    [demoApp, {}, 404, 'NOT_YOUR_CHANNEL'],
    [narrow, {}, 403, 'SCOPE_MISSING'],
    [max, {}, 403, 'AGENT_ONLY'],
    [operator, {}, 403, 'AGENT_ONLY'],
    [agents.ben, { agent: 'ann@acme.example' }, 403, 'NOT_THAT_AGENT'],
    [shop, { agent: 'dana@contoso.example' }, 404, 'AGENT_UNKNOWN'],
  ] as const) {
    const answer = await cancel(who, 't4', more)
    assert.deepEqual([answer.status, answer.body.code], [status, code])
    const query = new URLSearchParams({ channel: 'shop_phone', cancellationToken: 't4', ...more })
    const read = await acme.call(who, `/api/v1/notifications/receipts?${query}`)
    assert.deepEqual([read.status, read.body.code], [status, code])
  }
  assert.equal((await cancel(agents.ben, 't4')).body.is, 'waiting', 'his own token of that name')
  assert.equal(await resultOf(offer), 'open')
  // What else is an agent's stays an agent's.
  for (const path of ['/screen', '/offers?channel=shop_phone&cancellationToken=t4', `/offers/${offer.id}`])
    assert.equal((await acme.call(shop, `/api/v1/notifications${path}`)).body.code, 'AGENT_ONLY')
  const body = { channel: 'shop_phone', templateName: 'acme_call' }
  assert.equal((await acme.call(shop, '/api/v1/notifications/offers', body)).body.code, 'AGENT_ONLY')
})

test('a channel names an app of its own tenant', async () => {
  const text = `
tenants:
  - id: typo
    name: Typo
    domains: [typo.example]
    apps: [{ name: shop }]
    channels: [{ uniqueName: phone, address: 'https://phone.example/', app: demo-app }]
`
  await assert.rejects(
    server.server.workspace.apply(text, { apply: true }),
    /channels\[0\]\.app names no app of the tenant: demo-app/,
  )
})
