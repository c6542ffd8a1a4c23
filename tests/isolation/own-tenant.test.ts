// Within one tenant: who has no part in a thing learns nothing of it and changes nothing, at any endpoint: a member of the
// tenant, another app of it, another agent of it, and nobody. Each tries what foreign-requests.ts tries from outside.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { type Attempt, FOREIGN_REQUESTS } from './foreign-requests.ts'
import { type Names, ownTenant, SECRET_WORD } from './two-tenants.ts'

const DEMO = readFileSync(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')

/** The demo, and others who work there. */
const WITH_OTHERS = DEMO.replace(
  '    users:\n',
  '    users:\n      - { upn: erin@contoso.example, name: Erin Ek, roles: [agent] }\n',
).replace(
  '    apps:\n',
  `    apps:
      - name: other-app
        scopes: [SCOPE.DC.MANAGE-YOUR-APP, SCOPE.CRM.SETUP-AUTOMATIONS, Events.ReadWrite, Receipts.Read, Notifications.ReadWrite]
        sites: [{ name: Other site }]
`,
)

type Role = 'member' | 'agent' | 'app' | 'nobody'
const ROLES: readonly Role[] = ['member', 'agent', 'app', 'nobody']

let server: TestServer
let names: Names
let own: Awaited<ReturnType<typeof ownTenant>>
const tokens: { [role in Role]?: string } = {}

before(async () => {
  server = await testServer()
  await server.server.workspace.apply(WITH_OTHERS, { apply: true })
  own = await ownTenant(server)
  names = own.names
  const { auth } = server.server
  const mint = async (whose: { person: string } | { app: string }) =>
    (await auth.mintToken({ tenant: 'contoso', for: whose })).token
  tokens.member = await mint({ person: 'carol@contoso.example' })
  tokens.agent = await mint({ person: 'erin@contoso.example' })
  tokens.app = await mint({ app: 'other-app' })
})
after(() => server?.[Symbol.asyncDispose]())

/** As this role, whoever was meant to try it. An early cancel of a key of one's own would be kept, and change the list of receipts. */
async function send(role: Role, { method, path, body, headers = {} }: Attempt) {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name as keyof Names] ?? whole)
  const sent = body === undefined ? undefined : fill(JSON.stringify(body))
  const token = tokens[role]
  const isWix = /^\/(automations|v1|_api|workflows)\//.test(path)
  const response = await fetch(`${server.url}${fill(path)}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: isWix ? token : `Bearer ${token}` }),
      ...JSON.parse(fill(JSON.stringify(headers))),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  return { status: response.status, text: await response.text() }
}

for (const role of ROLES)
  test(`${role}: no answer tells of what is another's, and nothing of it changes`, async t => {
    const before = kept(await own.snapshot())
    let tried = 0
    for (const [route, attempts] of FOREIGN_REQUESTS)
      await t.test(route, async () => {
        for (const attempt of attempts) {
          // Its stream does not end.
          if (role === 'agent' && attempt.path.endsWith('/screen/events')) continue
          const { status, text } = await send(role, attempt)
          const what = `${attempt.method} ${attempt.path}: ${status} ${text.slice(0, 300)}`
          assert.ok(status < 500, what)
          assert.ok(!text.includes(SECRET_WORD), what)
          if (
            role === 'nobody' &&
            /^\/(api\/v1|v1\.0|beta|docs\/api|automations|v1|_api|workflows)\//.test(attempt.path)
          )
            assert.equal(status, 401, what)
          tried += 1
        }
      })
    assert.ok(tried > 70, `${tried} requests`)
    assert.deepEqual(kept(await own.snapshot()), before)
  })

/** Without the receipts of what these tried: an operator's list shows everybody's. */
function kept(snapshot: unknown): unknown {
  const { receipts, ...rest } = snapshot as { receipts: { value: readonly { title: string | null }[] } }
  return {
    ...rest,
    receipts: receipts.value.filter(receipt => JSON.stringify(receipt).includes(SECRET_WORD)),
  }
}
