// What an operator sees of a workspace file with mistakes, and of an app at several sites: against a whole server.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { session } from './terminal-session.ts'

let server: TestServer
let directory: string
before(async () => {
  server = await testServer()
  directory = await mkdtemp(join(tmpdir(), 'standdown-cli-'))
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const run = (...args: string[]) =>
  session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: server.token }, cwd: directory }).run(...args)

async function applied(text: string, ...flags: string[]) {
  await writeFile(join(directory, 'workspace.yaml'), text)
  return await run('apply', 'workspace.yaml', ...flags)
}

async function post(sent: object, token = server.token) {
  const answer = await fetch(`${server.url}/api/v1/workspace`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(sent),
  })
  const body = (await answer.json()) as ReturnType<typeof JSON.parse>
  return { status: answer.status, type: answer.headers.get('content-type'), body }
}

const SHOP = `tenants:
  - id: wingtip
    name: Wingtip
    domains: [wingtip.example]
    apps:
      - name: shop
        scopes: [SCOPE.DC.MANAGE-YOUR-APP]
        sites:
          - { name: North, siteId: 517e0000-0000-4000-8000-0000000000a1 }
          - { name: South, siteId: 517e0000-0000-4000-8000-0000000000a2 }
      - { name: kiosk, sites: [{ name: Only }] }
      - { name: plain }
`
const BROKEN = `tenants:
  - id: wingtip
    name: Wingtip
    domains: [wingtip.example]
    apps: [{ name: shop, scopes: [Mail.Raed] }]
    users:
      - { upn: "w@wingtip.example\\nworkspace.yaml:1:1: forged", name: W }
`

test('a file with mistakes is refused with a line for each, as editors read them, and nothing is changed', async () => {
  const { code, out, err } = await applied(BROKEN)
  assert.equal(code, 1)
  assert.equal(out, '')
  const lines = err.trimEnd().split('\n')
  assert.equal(lines[0], 'standdown: 2 mistakes in workspace.yaml. Nothing was changed.')
  assert.match(
    lines[1]!,
    /^workspace\.yaml:5:35: tenant wingtip, tenants\[0\]\.apps\[0\]\.scopes\[0\] is not known; did you mean Mail\.Read\? \(accepted: one of /,
  )
  assert.match(
    lines[2]!,
    /^workspace\.yaml:7:16: tenant wingtip, tenants\[0\]\.users\[0\]\.upn is not a mail address/,
  )
  assert.equal(lines.length, 3, err)
  assert.equal(await server.server.auth.directory.tenant('wingtip'), null)
})

test('the API answers with all of them in problem+json', async () => {
  for (const apply of [false, true]) {
    const { status, type, body } = await post({ workspace: BROKEN, apply })
    assert.deepEqual(
      [status, type, body.code],
      [400, 'application/problem+json; charset=utf-8', 'INVALID_WORKSPACE'],
    )
    assert.match(body.detail, /^The workspace file has 2 mistakes, of which the first is: 5:35 /)
    assert.equal(body.more, 0)
    const { accepted, ...second } = body.errors[1]
    assert.deepEqual(second, {
      at: 'tenants[0].users[0].upn',
      message: 'is not a mail address',
      tenant: 'wingtip',
      line: 7,
      column: 16,
    })
    assert.match(accepted, /an address such as/)
  }
})

test('more than a hundred are counted', async () => {
  const { err } = await applied(`tenants: [{ id: a, name: A, domains: [] }]\n${'x: 1\n'.repeat(151)}`)
  assert.match(err, /^standdown: 151 mistakes in workspace\.yaml\./)
  assert.match(err, /\n… and 51 more\.\n$/)
})

test('whoever may apply a file may send a hostile one: others are answered meanwhile, and it is refused', async () => {
  const admin = await server.personToken('alice')
  const texts = [
    Array.from({ length: 40_000 }, (_, i) => `k${i}: 1\n`).join(''),
    `x: &x [${'1,'.repeat(9000)}]\ny: [${'*x,'.repeat(100)}]`,
    '['.repeat(100_000),
  ]
  for (const workspace of texts) {
    const order: string[] = []
    const refusal = post({ workspace, apply: false }, admin).then(answer => {
      order.push('refused')
      return answer
    })
    const health = await fetch(`${server.url}/healthz`)
    order.push(`healthz ${health.status}`)
    const { status, body } = await refusal
    assert.equal(status, 400, JSON.stringify(body).slice(0, 300))
    assert.ok(['INVALID_WORKSPACE', 'READING_TOO_LONG', 'READING_TOO_LARGE'].includes(body.code), body.code)
    assert.deepEqual(order, ['healthz 200', 'refused'])
  }
})

test('an admin of a tenant hears of mistakes in his own file, and may apply no other', async () => {
  const admin = await server.personToken('alice')
  assert.equal((await post({ workspace: BROKEN }, admin)).body.code, 'INVALID_WORKSPACE')
  assert.deepEqual(await post({ workspace: SHOP }, admin).then(({ status, body }) => [status, body.code]), [
    403,
    'TENANT_SETTINGS',
  ])
  const member = await server.personToken('bob')
  assert.equal((await post({ workspace: BROKEN }, member)).status, 403)
})

test('a token for an app at two sites is for the one that is named, and says which there are', async () => {
  const { code, err } = await applied(SHOP)
  assert.equal(code, 0, err)
  const siteOf = async (token: string) =>
    (await server.server.auth.authenticate(`Bearer ${token}`, { scheme: 'bearer' })).siteInstanceId
  const tenant = ['--tenant', 'wingtip']

  const unsaid = await run('token', '--app', 'shop', ...tenant)
  assert.deepEqual([unsaid.code, unsaid.out], [1, ''])
  assert.match(unsaid.err, /App shop is at several sites.*--site.*There are North, South\. \(SITE_NEEDED\)/)

  const all = await server.server.auth.directory.instances('wingtip')
  for (const [asked, name] of [
    ['North', 'North'],
    ['south', 'South'],
    ['517e0000-0000-4000-8000-0000000000a2', 'South'],
    [all.find(each => each.name === 'North')!.id.toUpperCase(), 'North'],
  ] as const) {
    const { code, out, err } = await run('token', '--app', 'shop', '--site', asked, ...tenant)
    assert.equal(code, 0, err)
    assert.equal(await siteOf(out.trim()), all.find(each => each.name === name)!.id, asked)
  }
  const wrong = await run('token', '--app', 'shop', '--site', 'Only', ...tenant)
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /App shop has no site Only\. There are North, South\. \(UNKNOWN_SITE\)/)

  for (const app of ['kiosk', 'plain']) {
    const { code, out } = await run('token', '--app', app, ...tenant)
    assert.equal(code, 0)
    assert.notEqual(await siteOf(out.trim()), null, 'its one site, as ever')
  }
  const foreign = await run('token', '--app', 'demo-app', '--site', 'North', '--tenant', 'contoso')
  assert.match(foreign.err, /UNKNOWN_SITE/, 'a site of another tenant is none')
  assert.equal((await run('token', '--user', 'alice@contoso.example', '--site', 'North')).code, 2)
})
