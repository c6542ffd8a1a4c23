// Applying a workspace file: people, apps and sites are as it says, and what is taken out is gone.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { readWorkspaceFile } from '../../server/src/app/workspace/read-workspace-file.ts'
import { applyPeople } from '../../server/src/auth/people/apply-people.ts'
import { wantedOf } from '../../server/src/auth/people/workspace-people.ts'
import { ALICE, type AuthServer, authServer, DEMO_APP, DEMO_FILE, DEMO_INSTANCE } from './auth-server.ts'

const DEMO = readFileSync(DEMO_FILE, 'utf8')

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
    const text = DEMO.replace('allow: [127.0.0.1', 'allow: [10.0.0.0/8, 127.0.0.1')
    const [contoso] = readWorkspaceFile({ text, variables: { PUBLIC_URL: 'http://127.0.0.1:7700' } })
    const parts = { revision: server.auth.revision, random: (bytes: number) => new Uint8Array(bytes) }
    const apply = (settingsFixed: boolean, wanted = contoso!.people) =>
      server.db.transaction('test', tx =>
        applyPeople(tx, { wanted, apply: false, prune: false, settingsFixed }, parts),
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
    await assert.rejects(apply(true, wantedOf({ id: 'new', name: 'New', domains: [] })), {
      code: 'TENANT_SETTINGS',
    })
  })
})
