// A workspace file that leaves out what still has work pending says how much, and does not go on before somebody has said what is to
// become of it.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'

const file = (apps: string, rest = '', { users = '', actions = 'delay: 3 days' } = {}) => `
tenants:
  - id: northwind
    name: Northwind
    domains: [northwind.example]
    sandbox: true
    users:
      - { upn: nora@northwind.example, name: Nora, roles: [admin, operator] }
${users}
    apps:
${apps}
    triggers:
      - { app: shop, key: ordered }
${rest}
    automations:
      - name: Thank
        app: shop
        trigger: ordered
        actions:
          - ${actions}
          - mail: { to: nora@northwind.example, subject: Thanks, text: Thanks }
`
const SCOPES = 'scopes: [SCOPE.DC.MANAGE-YOUR-APP, SCOPE.CRM.SETUP-AUTOMATIONS, Events.ReadWrite]'
const SITES = {
  Main: '94000000-0000-4000-8000-0000000000a1',
  Second: '94000000-0000-4000-8000-0000000000a2',
} as const
const MAIN = `{ name: Main, instanceId: ${SITES.Main} }`
const SECOND = `{ name: Second, instanceId: ${SITES.Second} }`
const SHOP = `      - { name: shop, ${SCOPES}, sites: [${MAIN}] }`
const TWO_SITES = `      - { name: shop, ${SCOPES}, sites: [${MAIN}, ${SECOND}] }`
const RIVAL = `      - { name: rival, ${SCOPES} }`
const NED = '      - { upn: ned@northwind.example, name: Ned, roles: [operator] }'
const ALL = file(`${TWO_SITES}\n${RIVAL}`, '', { users: NED })

type Body = { [name: string]: unknown }

class World {
  readonly server: TestServer
  nora = ''
  constructor(server: TestServer) {
    this.server = server
  }

  static async open(): Promise<World & AsyncDisposable> {
    const world = new World(await testServer())
    await world.server.server.workspace.apply(ALL, { apply: true })
    world.nora = await world.token({ person: 'nora@northwind.example' })
    return Object.assign(world, { [Symbol.asyncDispose]: () => world.server[Symbol.asyncDispose]() })
  }

  async token(whose: Parameters<TestServer['server']['auth']['mintToken']>[0]['for']): Promise<string> {
    return (await this.server.server.auth.mintToken({ tenant: 'northwind', for: whose })).token
  }

  async call(token: string, method: string, path: string, body?: Body) {
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const json = (await response.json()) as ReturnType<typeof JSON.parse>
    return { status: response.status, json }
  }

  apply(workspace: string, more: Body = {}) {
    return this.call(this.nora, 'POST', '/api/v1/workspace', { workspace, prune: true, ...more })
  }

  /** An event with one mail in an hour; its id. */
  async announce(token: string, title = 'x'): Promise<string> {
    const effects = [
      { kind: 'mail', to: ['nora@northwind.example'], subject: 'x', text: 'x', afterMs: 3_600_000 },
    ]
    const { status, json } = await this.call(token, 'POST', '/api/v1/events', { title, effects })
    assert.equal(status, 201, JSON.stringify(json))
    return json.id
  }

  async report(token: string): Promise<void> {
    const response = await fetch(`${this.server.url}/automations/v1/events/report`, {
      method: 'POST',
      headers: { authorization: token, 'content-type': 'application/json' },
      body: JSON.stringify({ triggerKey: 'ordered', externalEntityId: randomUUID() }),
    })
    assert.equal(response.status, 200, await response.text())
  }

  async state(id: string): Promise<string> {
    return (await this.call(this.nora, 'GET', `/api/v1/events/${id}`)).json.state
  }
}

type Change = { at: string; is: string; detail?: string; pending?: unknown }
const pendingOf = (changes: readonly Change[]) =>
  Object.fromEntries(
    changes.flatMap(({ at, pending }) => (pending ? [[at.replace('tenants.northwind.', ''), pending]] : [])),
  )

test('each app, site and person that goes says how much is pending; without a decision nothing is applied', async () => {
  await using world = await World.open()
  const rival = await world.token({ app: 'rival' })
  const ned = await world.token({ person: 'ned@northwind.example' })
  const ids = [await world.announce(rival), await world.announce(rival), await world.announce(ned)]
  await world.announce(world.nora, 'stays')
  const smaller = file(SHOP)
  const planned = await world.apply(smaller, { apply: false })
  assert.deepEqual(pendingOf(planned.json.changes), {
    'users.ned@northwind.example': { events: 1, actions: 1 },
    'apps.rival': { events: 2, actions: 2 },
  })
  const detail = planned.json.changes.find((change: Change) => change.at.endsWith('apps.rival')).detail
  assert.equal(detail, '2 events with 2 actions pending')

  const refused = await world.apply(smaller)
  assert.deepEqual([refused.status, refused.json.code], [409, 'PENDING_WORK'])
  assert.match(
    refused.json.detail,
    /3 events with 3 actions pending: .*users\.ned\S* \(1\), .*apps\.rival \(2\)/,
  )
  assert.match(refused.json.detail, /--cancel-pending.*--keep-pending/)
  assert.equal(
    (await world.apply(smaller, { apply: false })).json.changes.length,
    planned.json.changes.length,
  )

  const applied = await world.apply(smaller, { pending: 'cancel' })
  assert.deepEqual([applied.status, applied.json.applied, applied.json.receipts.length], [200, true, 3])
  for (const { receipt } of applied.json.receipts) {
    const { json } = await world.call(world.nora, 'GET', receipt)
    assert.deepEqual([json.state, json.counts.prevented, json.by.name], ['final', 1, 'Nora'])
  }
  assert.deepEqual(await Promise.all(ids.map(id => world.state(id))), ['cancelled', 'cancelled', 'cancelled'])
  assert.deepEqual((await world.apply(smaller, { apply: false })).json.changes, [])
})

test('what is kept happens, and an operator can still cancel it', async () => {
  await using world = await World.open()
  const id = await world.announce(await world.token({ app: 'rival' }))
  const applied = await world.apply(file(TWO_SITES, '', { users: NED }), { pending: 'keep' })
  assert.deepEqual([applied.json.applied, applied.json.receipts], [true, []])
  assert.equal(await world.state(id), 'announced')
  const cancel = await world.call(world.nora, 'POST', `/api/v1/events/${id}/cancel`, {})
  const receipt = await world.call(world.nora, 'GET', cancel.json.receipt)
  assert.equal(receipt.json.counts.prevented, 1)
})

test('a file with a mistake, or that would orphan, calls nothing off', async () => {
  await using world = await World.open()
  const id = await world.announce(await world.token({ app: 'rival' }))
  const smaller = file(TWO_SITES, '', { users: NED })
  const bad = await world.apply(smaller.replace('delay: 3 days', 'delay: never'), { pending: 'cancel' })
  assert.equal(bad.json.code, 'INVALID_WORKSPACE')
  const orphans = await world.apply(smaller, { pending: 'cancel', prune: false })
  assert.equal(orphans.json.code, 'WOULD_ORPHAN')
  assert.equal((await world.apply(smaller, { pending: 'both' })).status, 400)
  assert.equal(await world.state(id), 'announced')
})

test('a new revision says what changes inside, and how much goes on with an earlier one; that needs no decision', async () => {
  await using world = await World.open()
  await world.report(await world.token({ app: 'shop', instanceId: SITES.Main }))
  const changed = ALL.replace('delay: 3 days', 'delay: 5 days').replace('text: Thanks', 'text: Many thanks')
  const planned = await world.apply(changed, { apply: false })
  assert.deepEqual(planned.json.changes, [
    {
      is: 'changed',
      at: 'tenants.northwind.automations.shop.Thank',
      detail:
        'revision 2: - delay 3 days, + delay 5 days, ~ mail "Thanks" (text); 1 event with 1 action pending on an earlier revision, which they keep',
      pending: { events: 1, actions: 1 },
    },
  ])
  assert.equal((await world.apply(changed)).json.applied, true)
})

test('a site, a trigger and an automation that go count what is theirs', async () => {
  await using world = await World.open()
  for (const site of ['Main', 'Main', 'Second'] as const)
    await world.report(await world.token({ app: 'shop', instanceId: SITES[site] }))
  const oneSite = file(`${SHOP}\n${RIVAL}`, '', { users: NED })
  assert.deepEqual(pendingOf((await world.apply(oneSite, { apply: false })).json.changes), {
    'apps.shop.sites.Second': { events: 1, actions: 1 },
  })
  const none = oneSite.slice(0, oneSite.indexOf('    triggers:'))
  assert.deepEqual(pendingOf((await world.apply(none, { apply: false })).json.changes), {
    'apps.shop.sites.Second': { events: 1, actions: 1 },
    'triggers.shop.ordered': { events: 3, actions: 3 },
    'automations.shop.Thank': { events: 3, actions: 3 },
  })
  const refused = await world.apply(none)
  // Each once, though a site, a trigger and an automation go that it belongs to.
  assert.match(refused.json.detail, /still has 3 events with 3 actions pending/)
  assert.equal((await world.apply(none, { pending: 'cancel' })).json.receipts.length, 3)
})
