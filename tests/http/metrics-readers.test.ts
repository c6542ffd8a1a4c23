// Who reads /metrics: this machine, as long as nobody else is meant to come in; the monitor's token; who runs the server.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authServer } from '../auth/auth-server.ts'
import { testServer } from '../support/server.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { httpServer } from './http-server.ts'

const MONITOR = 'monitor-0123456789abcdef'

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  return (await fetch(`${url}/metrics`, { headers })).status
}

describe('/metrics', () => {
  it('is read at this machine, and not through a proxy on it', async () => {
    await using server = await httpServer()
    assert.equal(await statusOf(server.url), 200)
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { via: '1.1 proxy' },
      { 'x-real-ip': '::1' },
    ] as Record<string, string>[])
      assert.equal(await statusOf(server.url, headers), 404, JSON.stringify(headers))
  })

  it('needs a credential where the settings say that others come in: a proxy may add no header', async () => {
    for (const env of [
      { TRUST_PROXY: 'loopback' },
      { TRUST_PROXY: 'all' },
      { PUBLIC_URL: 'https://desk.example' },
    ] as Record<string, string>[]) {
      await using server = await httpServer({ env: { ...env, METRICS_TOKEN: MONITOR } })
      assert.equal(await statusOf(server.url), 404, JSON.stringify(env))
      for (const headers of [{}, { 'x-forwarded-for': '203.0.113.9' }] as Record<string, string>[])
        assert.equal(await statusOf(server.url, { ...headers, authorization: `Bearer ${MONITOR}` }), 200)
      for (const wrong of [`${MONITOR}x`, MONITOR.slice(1), '', 'null'])
        assert.equal(await statusOf(server.url, { authorization: `Bearer ${wrong}` }), 404, wrong)
      assert.equal(await statusOf(server.url, { authorization: MONITOR }), 404)
    }
    await using without = await httpServer({ env: { TRUST_PROXY: 'loopback' } })
    for (const word of ['', 'null', 'undefined'])
      assert.equal(await statusOf(without.url, { authorization: `Bearer ${word}` }), 404)
  })

  it('is for operators wherever the proxy stands, by token and by session', async () => {
    await using server = await testServer({ DEMO: 'off', TRUST_PROXY: 'loopback' })
    const { auth, workspace } = server.server
    const far = { 'x-forwarded-for': '203.0.113.9' }
    const tenant = (id: string) => `
tenants:
  - id: ${id}
    name: ${id}
    domains: [${id}.example]
    users:
      - { upn: olga@${id}.example, name: Olga, roles: [operator] }
      - { upn: mia@${id}.example, name: Mia }
`
    await workspace.apply(tenant('contoso'), { apply: true })
    const mint = async (whose: { person: string } | { operator: true }, scopes?: readonly string[]) => {
      const { token } = await auth.mintToken({ tenant: 'contoso', for: whose, ...(scopes && { scopes }) })
      return { ...far, authorization: `Bearer ${token}` }
    }
    const olga = await mint({ person: 'olga@contoso.example' })
    const operator = await mint({ operator: true })
    const link = await auth.sessions.makeLink(await auth.person('contoso', 'olga@contoso.example'))
    const signedIn = await confirmLink(server.url, link)
    const cookie = { ...far, cookie: signedIn.headers.getSetCookie()[0]!.split(';')[0]! }
    const key = { ...far, authorization: `Bearer ${server.token}` }
    for (const headers of [olga, operator, cookie, key])
      assert.equal(await statusOf(server.url, headers), 200)
    for (const headers of [
      far,
      await mint({ person: 'mia@contoso.example' }),
      await mint({ person: 'olga@contoso.example' }, ['Calendars.Read']),
      { ...far, authorization: 'Bearer sdo_nonsense' },
      { ...far, cookie: 'standdown_00000000=x' },
    ])
      assert.equal(await statusOf(server.url, headers), 404)
    // The numbers are of all tenants: with a second one they are for who runs the server.
    await workspace.apply(tenant('fabrikam'), { apply: true })
    for (const headers of [olga, operator, cookie]) assert.equal(await statusOf(server.url, headers), 404)
    assert.equal(await statusOf(server.url, key), 200)
  })

  it('is kept from who was revoked', async () => {
    await using server = await authServer({ DEMO: 'off', TRUST_PROXY: 'loopback' })
    const key = await server.auth.mintAdminToken('a test')
    assert.equal(await statusOf(server.url, { authorization: `Bearer ${key}` }), 200)
    await server.auth.revokeOperators(null)
    assert.equal(await statusOf(server.url, { authorization: `Bearer ${key}` }), 404)
  })
})
