import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { applyPeople } from '../../server/src/auth/apply-people.ts'
import { parseWorkspace } from '../../server/src/auth/workspace-file.ts'
import { readWorkspace } from '../../server/src/automations/read-workspace.ts'
import { Fault } from '../../server/src/core/fault.ts'
import { readNotificationWorkspace } from '../../server/src/notifications/workspace.ts'
import { ALICE, type AuthServer, authServer, DEMO_APP, DEMO_FILE, DEMO_INSTANCE } from './auth-server.ts'

const DEMO = readFileSync(DEMO_FILE, 'utf8')

function mistakes(text: string): string[] {
  try {
    parseWorkspace(text)
  } catch (error) {
    assert.ok(error instanceof Fault)
    assert.deepEqual([error.code, error.status], ['INVALID_WORKSPACE', 400])
    return (error.data.mistakes as { line: number; column: number; at: string; problem: string }[]).map(
      ({ line, column, at, problem }) => `${line}:${column} ${at} ${problem}`.replace(/ +/g, ' '),
    )
  }
  return []
}

describe('the workspace file', () => {
  it('of the demo is what the design says, and every room can read its part', () => {
    const { tenants } = parseWorkspace(DEMO, { PUBLIC_URL: 'http://127.0.0.1:7700' })
    assert.equal(tenants.length, 1)
    const contoso = tenants[0]!
    assert.equal(contoso.name, 'Contoso')
    assert.equal(contoso.sandbox, true)
    assert.deepEqual(
      contoso.users!.map(user => user.upn),
      ['alice', 'bob', 'carol', 'dana'].map(name => `${name}@contoso.example`),
    )
    assert.ok(
      contoso.users!.every(user => user.id !== undefined),
      'fixed ids',
    )
    assert.deepEqual(contoso.groups![0]!.members, ['alice@contoso.example', 'bob@contoso.example'])
    assert.equal(contoso.calendars![0]!.user, 'alice@contoso.example')
    const apps = new Map([['demo-app', DEMO_APP]])
    const { triggers, automations } = readWorkspace({
      triggers: contoso.triggers,
      automations: contoso.automations,
      apps,
    })
    assert.deepEqual(
      triggers.map(trigger => [trigger.triggerKey, trigger.scheduleField]),
      [
        ['my_trigger', null],
        ['form_submitted', null],
        ['invoice_due', null],
        ['appointment_starting', 'startsAt'],
      ],
    )
    for (const { triggerKey } of triggers) {
      const program = automations.find(automation => automation.triggerKey === triggerKey)!.program
      const kinds = program.steps.map(step => step.do)
      for (const kind of ['mail', 'webhook', 'delay'] as const)
        assert.ok(kinds.includes(kind), `${triggerKey} ${kind}`)
    }
    const notifications = readNotificationWorkspace({
      templates: contoso.templates,
      channels: contoso.channels,
    })
    assert.equal(notifications.templates[0]!.uniqueName, 'msdyn_chat_incoming_unauthenticated')
    assert.equal(notifications.channels[0]!.address, 'demo:softphone')
  })

  it('names every mistake with its line and column', () => {
    const file = `tenants:
  - id: Contoso
    name: Contoso
    domains: [contoso.example]
    colour: blue
    users:
      - upn: alice
        name: Alice
        roles: [admin, king]
      - name: Bob
`
    const found = mistakes(file)
    assert.ok(
      found.some(each => each.startsWith('2:9 tenants[0].id must match pattern')),
      found.join('\n'),
    )
    assert.ok(
      found.some(each => each.endsWith('tenants[0].colour is not known here') && each.startsWith('5:')),
      found.join('\n'),
    )
    assert.ok(
      found.some(each => each.startsWith('7:14 tenants[0].users[0].upn')),
      found.join('\n'),
    )
    assert.ok(
      found.some(each => each.startsWith('9:24 tenants[0].users[0].roles[1] must be one of')),
      found.join('\n'),
    )
    assert.ok(
      found.some(each => each.startsWith('10:9 tenants[0].users[1] upn is missing')),
      found.join('\n'),
    )
  })

  it('is refused for what a schema cannot see', () => {
    const file = `tenants:
  - id: a
    name: A
    domains: [a.example]
    users:
      - { upn: x@a.example, name: X }
      - { upn: X@a.example, name: X again }
      - { upn: y@b.example, name: Y }
    groups:
      - { name: g, members: [z@a.example] }
    apps: [{ name: one }, { name: One }]
    calendars: [{ user: z@a.example }]
  - { id: a, name: Again, domains: [a.example] }
`
    assert.deepEqual(
      mistakes(file).map(each => each.replace(/^\S+ /, '')),
      [
        'tenants[0].users[1].upn is there twice: X@a.example',
        'tenants[0].users[1].id is there twice: ' + mistakes(file)[1]!.split(': ')[1],
        'tenants[0].users[2].upn must be in a domain of the tenant: a.example',
        'tenants[0].groups[0].members[0] names nobody of the tenant: z@a.example',
        'tenants[0].apps[1].name is there twice: One',
        'tenants[0].apps[1].clientId is there twice: ' + mistakes(file)[5]!.split(': ')[1],
        'tenants[0].calendars[0].user names nobody of the tenant: z@a.example',
        'tenants[1].id is there twice: a',
        'tenants[1].domains[0] is there twice: a.example',
      ],
    )
  })

  it('is refused when it is no YAML, has a key twice, a custom tag, a bomb of aliases, or what cannot be kept', () => {
    assert.match(mistakes('tenants: [')[0]!, /^1:11 /)
    assert.match(mistakes('tenants: []\ntenants: []')[0]!, /^2:1 .*unique/i)
    assert.equal(mistakes('tenants: !!js/function "x"').length, 1)
    const bomb = [
      'a0: &a0 [x]',
      ...Array.from(
        { length: 12 },
        (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`,
      ),
    ]
    assert.equal(mistakes(bomb.join('\n')).length, 1)
    assert.match(
      mistakes('tenants: [{ id: a, name: "\\0", domains: [] }]')[0]!,
      /characters that cannot be kept/,
    )
    assert.match(mistakes(`tenants: ${'['.repeat(200)}${']'.repeat(200)}`)[0]!, /nested too deeply/)
    assert.match(mistakes(' '.repeat(1_000_001))[0]!, /longer than/)
    assert.match(mistakes('')[0]!, /must be object/)
    assert.match(mistakes('[]')[0]!, /must be object/)
  })

  it('cannot mark a tenant as the demo, nor give an app the scope of the server', () => {
    assert.match(
      mistakes('tenants: [{ id: a, name: A, domains: [], demo: true }]')[0]!,
      /demo is not known here/,
    )
  })
})

describe('applying it', () => {
  let server: AuthServer
  before(async () => {
    server = await authServer()
  })
  after(() => server[Symbol.asyncDispose]())

  it('twice changes nothing', async () => {
    assert.deepEqual(await server.apply(DEMO), [])
  })

  it('makes a directory in which everybody is found, in their own tenant only', async () => {
    const { directory } = server.auth
    for (const name of [ALICE, ALICE.toUpperCase(), 'alice@contoso.example', 'Alice@Contoso.Example']) {
      assert.equal((await directory.user('contoso', name))?.name, 'Alice Anders', name)
      assert.equal(await directory.user('fabrikam', name), null)
    }
    for (const nobody of ['', '\0', 'x'.repeat(400), "' or true --", 'nobody@contoso.example']) {
      assert.equal(await directory.user('contoso', nobody), null)
    }
    const [group] = await directory.groups('contoso')
    assert.deepEqual(
      (await directory.membersOf('contoso', group!.id)).map(person => person.upn),
      ['alice@contoso.example', 'bob@contoso.example'],
    )
    assert.deepEqual(
      (await directory.groupsOf('contoso', ALICE)).map(each => each.name),
      ['project-x'],
    )
    assert.deepEqual(await directory.groupsOf('fabrikam', ALICE), [])
    assert.deepEqual(await directory.membersOf('fabrikam', group!.id), [])
    assert.equal(await directory.group('fabrikam', group!.id), null)
    assert.equal(await directory.app('fabrikam', DEMO_APP), null)
    const app = (await directory.app('contoso', 'demo-app'))!
    assert.equal(app.id, DEMO_APP)
    assert.equal((await directory.instance(app, DEMO_INSTANCE))?.appId, DEMO_APP)
    const ledger = (await directory.app('fabrikam', 'ledger'))!
    assert.equal(await directory.instance(ledger, DEMO_INSTANCE), null)
    assert.equal((await directory.tenant('contoso'))!.demo, true)
    assert.deepEqual((await directory.tenant('contoso'))!.webhookAllow, ['127.0.0.1', '::1', 'localhost'])
    assert.equal((await directory.userByMail('contoso', 'BOB@contoso.example'))?.upn, 'bob@contoso.example')
  })

  it('shows what changes, and a reader sees it at once', async () => {
    const file = (name: string, roles: string) => `
tenants:
  - id: wingtip
    name: Wingtip
    domains: [wingtip.example]
    users:
      - { upn: w@wingtip.example, name: ${name}, roles: [${roles}] }
    groups: [{ name: all, members: [w@wingtip.example] }]
    apps: [{ name: shop, scopes: [Mail.Read] }]
`
    assert.deepEqual(await server.apply(file('Will', 'member')), [
      'added tenants.wingtip',
      'added tenants.wingtip.users.w@wingtip.example',
      'added tenants.wingtip.groups.all',
      'added tenants.wingtip.apps.shop',
      'added tenants.wingtip.apps.shop.sites.shop',
    ])
    assert.deepEqual((await server.auth.directory.user('wingtip', 'w@wingtip.example'))?.roles, ['member'])
    assert.deepEqual(await server.apply(file('Wilma', 'agent, operator')), [
      'changed tenants.wingtip.users.w@wingtip.example: name, roles',
    ])
    const person = (await server.auth.directory.user('wingtip', 'w@wingtip.example'))!
    assert.deepEqual([person.name, person.roles], ['Wilma', ['agent', 'operator']])
  })

  it('refuses to remove what something may hang from, unless told to', async () => {
    const file = (users: string) => `
tenants:
  - { id: proseware, name: Proseware, domains: [proseware.example], users: [${users}] }
`
    const two = '{ upn: p@proseware.example, name: P }, { upn: q@proseware.example, name: Q }'
    const one = '{ upn: p@proseware.example, name: P }'
    await server.apply(file(two))
    const { token } = await server.auth.mintToken({
      tenant: 'proseware',
      for: { person: 'q@proseware.example' },
    })
    await assert.rejects(server.apply(file(one)), {
      code: 'WOULD_ORPHAN',
      status: 409,
      message: /users\.q@proseware\.example/,
    })
    assert.equal((await server.whoami({ authorization: `Bearer ${token}` })).status, 200, 'nothing half done')
    assert.deepEqual(await server.apply(file(one), { prune: true }), [
      'removed tenants.proseware.users.q@proseware.example',
    ])
    assert.equal((await server.whoami({ authorization: `Bearer ${token}` })).body.code, 'TOKEN_REVOKED')
  })

  it('never takes an id or a domain from another tenant, nor changes an id', async () => {
    const file = (tenant: string) => `tenants: [${tenant}]`
    await assert.rejects(server.apply(file('{ id: thief, name: T, domains: [contoso.example] }')), {
      code: 'TAKEN',
    })
    await assert.rejects(
      server.apply(
        file(
          `{ id: thief, name: T, domains: [t.example], users: [{ upn: t@t.example, name: T, id: ${ALICE} }] }`,
        ),
      ),
      { code: 'TAKEN' },
    )
    await assert.rejects(
      server.apply(
        file(`{ id: thief, name: T, domains: [t.example], apps: [{ name: t, clientId: ${DEMO_APP} }] }`),
      ),
      { code: 'TAKEN' },
    )
    await assert.rejects(
      server.apply(
        file(
          `{ id: thief, name: T, domains: [t.example], apps: [{ name: t, sites: [{ name: t, instanceId: ${DEMO_INSTANCE} }] }] }`,
        ),
      ),
      { code: 'TAKEN' },
    )
    assert.equal(await server.auth.directory.tenant('thief'), null, 'nothing half done')
    await assert.rejects(server.apply(DEMO.replace('b0b00000', 'b0b00001'), { prune: true }), {
      code: 'ID_CHANGED',
    })
  })

  it('leaves the settings of a tenant to who runs the server', async () => {
    const { tenants } = parseWorkspace(DEMO.replace('allow: [127.0.0.1', 'allow: [10.0.0.0/8, 127.0.0.1'))
    const parts = { revision: server.auth.revision, random: (bytes: number) => new Uint8Array(bytes) }
    const apply = (settingsFixed: boolean, section = tenants[0]!) =>
      server.db.transaction('test', tx =>
        applyPeople(tx, { section, apply: false, prune: false, settingsFixed }, parts),
      )
    await assert.rejects(apply(true), { code: 'TENANT_SETTINGS', status: 403, message: /webhookAllow/ })
    assert.deepEqual((await apply(false)).changes, [
      { is: 'changed', at: 'tenants.contoso', detail: 'webhookAllow' },
    ])
    assert.deepEqual(
      (await server.auth.directory.tenant('contoso'))!.webhookAllow.length,
      3,
      'a diff changes nothing',
    )
    await assert.rejects(apply(true, { id: 'new', name: 'New', domains: [] }), { code: 'TENANT_SETTINGS' })
  })
})
