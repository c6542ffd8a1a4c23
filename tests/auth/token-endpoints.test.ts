import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AppStrategy } from '@wix/sdk'
import { type AuthServer, authServer, DEMO_APP, DEMO_INSTANCE, DEMO_SITE } from './auth-server.ts'

describe('token endpoints of apps', () => {
  let server: AuthServer
  let secret: string
  let refreshToken: string
  before(async () => {
    server = await authServer()
    const credentials = await server.auth.credentials('contoso', 'demo-app')
    secret = credentials.clientSecret!
    refreshToken = credentials.instances[0]!.refreshToken
  })
  after(() => server[Symbol.asyncDispose]())

  type Answer = { status: number; headers: Headers; body: Record<string, unknown> }
  async function post(path: string, body: string, headers: Record<string, string>): Promise<Answer> {
    const answer = await fetch(`${server.url}${path}`, { method: 'POST', body, headers })
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as Record<string, unknown>,
    }
  }
  const json = (path: string, body: unknown) =>
    post(path, JSON.stringify(body), { 'content-type': 'application/json' })
  const form = (path: string, fields: Record<string, string>, headers = {}) =>
    post(path, new URLSearchParams(fields).toString(), {
      'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
      ...headers,
    })
  const client = () => ({ client_id: DEMO_APP, client_secret: secret, grant_type: 'client_credentials' })
  async function caller(token: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${server.url}/wix-whoami`, { headers: { authorization: String(token) } })
    return (await answer.json()) as Record<string, unknown>
  }

  it("gives Wix's AppStrategy a token of its instance, which works raw and as Bearer", async () => {
    const { status, body, headers } = await json('/oauth2/token', { ...client(), instance_id: DEMO_INSTANCE })
    assert.equal(status, 200)
    assert.equal(body.token_type, 'Bearer')
    assert.equal(body.expires_in, 14_400)
    assert.match(headers.get('cache-control')!, /no-store/)
    for (const header of [body.access_token, `Bearer ${body.access_token}`]) {
      const principal = await caller(header)
      assert.equal(principal.id, DEMO_APP)
      assert.equal(principal.siteInstanceId, DEMO_INSTANCE)
      assert.ok((principal.scopes as string[]).includes('SCOPE.DC.MANAGE-YOUR-APP'))
    }
  })

  it('gives client credentials by form and by Basic header, with the scopes that were asked for', async () => {
    const whole = await form('/oauth2/token', { ...client(), scope: 'https://graph.microsoft.com/.default' })
    assert.equal(whole.status, 200)
    assert.ok(String(whole.body.scope).includes('Calendars.ReadWrite'))
    const basic = { authorization: `Basic ${Buffer.from(`${DEMO_APP}:${secret}`).toString('base64')}` }
    const part = await form(
      '/oauth2/token',
      { grant_type: 'client_credentials', scope: 'Calendars.Read' },
      basic,
    )
    assert.equal(part.status, 200)
    assert.equal(part.body.scope, 'Calendars.Read')
    assert.deepEqual((await caller(part.body.access_token)).scopes, ['Calendars.Read'])
    const ours = await form('/contoso/oauth2/v2.0/token', client())
    assert.equal(ours.status, 200)
    const foreign = await form('/fabrikam/oauth2/v2.0/token', client())
    assert.deepEqual([foreign.status, foreign.body.error], [401, 'invalid_client'])
    const foreignBasic = await form(
      '/fabrikam/oauth2/v2.0/token',
      { grant_type: 'client_credentials' },
      basic,
    )
    assert.equal(foreignBasic.status, 401)
  })

  it('gives a refresh token its access token, at both endpoints', async () => {
    const request = {
      refresh_token: refreshToken,
      client_id: DEMO_APP,
      client_secret: secret,
      grant_type: 'refresh_token',
    }
    for (const path of ['/oauth/access', '/oauth2/token']) {
      const { status, body } = await json(path, request)
      assert.equal(status, 200, path)
      assert.equal(body.refresh_token, refreshToken)
      assert.equal((await caller(body.access_token)).siteInstanceId, DEMO_INSTANCE)
    }
  })

  it("turns a token into one of the app's own, for the same instance", async () => {
    const { token } = await server.auth.mintToken({ tenant: 'contoso', for: { app: 'demo-app' } })
    const { status, body } = await json('/oauth2/token', {
      grant_type: 'strip_bound_session',
      access_token: token,
      client_secret: secret,
    })
    assert.equal(status, 200)
    assert.equal((await caller(body.access_token)).siteInstanceId, DEMO_INSTANCE)
  })

  it('says what a token is', async () => {
    const { token } = await server.auth.mintToken({ tenant: 'contoso', for: { app: 'demo-app' } })
    for (const each of [token, refreshToken]) {
      const { status, body } = await json('/oauth2/token-info', { token: each })
      assert.equal(status, 200)
      assert.equal(body.active, true)
      assert.equal(body.clientId, DEMO_APP)
      assert.equal(body.instanceId, DEMO_INSTANCE)
      assert.equal(body.siteId, DEMO_SITE)
    }
    assert.deepEqual((await json('/oauth2/token-info', { token: 'x' })).body, { active: false })
    assert.deepEqual((await json('/oauth2/token-info', { token: `${refreshToken.slice(0, -1)}!` })).body, {
      active: false,
    })
  })

  it('refuses in words that both kinds of client read, and never says which half was wrong', async () => {
    const refusals: [name: string, answer: Promise<Answer>, status: number, error: string][] = [
      [
        'a wrong secret',
        json('/oauth2/token', { ...client(), client_secret: `${secret}x` }),
        401,
        'invalid_client',
      ],
      [
        'an unknown app',
        json('/oauth2/token', { ...client(), client_id: DEMO_INSTANCE }),
        401,
        'invalid_client',
      ],
      [
        'an app id that is none',
        json('/oauth2/token', { ...client(), client_id: "'--" }),
        401,
        'invalid_client',
      ],
      [
        'no secret',
        json('/oauth2/token', { client_id: DEMO_APP, grant_type: 'client_credentials' }),
        401,
        'invalid_client',
      ],
      [
        'a secret that is no text',
        json('/oauth2/token', { ...client(), client_secret: { $ne: '' } }),
        401,
        'invalid_client',
      ],
      [
        'no grant type',
        json('/oauth2/token', { ...client(), grant_type: undefined }),
        400,
        'invalid_request',
      ],
      [
        'another grant type',
        json('/oauth2/token', { ...client(), grant_type: 'password' }),
        400,
        'unsupported_grant_type',
      ],
      [
        'a code of an installation',
        json('/oauth/access', { ...client(), grant_type: 'authorization_code', code: 'c' }),
        400,
        'unsupported_grant_type',
      ],
      [
        'a foreign instance',
        json('/oauth2/token', { ...client(), instance_id: '1ed9e400-0000-4000-8000-000000000002' }),
        400,
        'invalid_grant',
      ],
      [
        'a scope that it does not have',
        form('/oauth2/token', { ...client(), scope: 'Mail.Send' }),
        400,
        'invalid_scope',
      ],
      [
        'the scope of the server',
        form('/oauth2/token', { ...client(), scope: 'standdown.server' }),
        400,
        'invalid_scope',
      ],
      [
        'a forged refresh token',
        json('/oauth/access', {
          ...client(),
          grant_type: 'refresh_token',
          refresh_token: `${refreshToken.slice(0, -3)}AAA`,
        }),
        400,
        'invalid_grant',
      ],
      [
        'a field sent twice',
        post('/oauth2/token', 'grant_type=a&grant_type=b', {
          'content-type': 'application/x-www-form-urlencoded',
        }),
        400,
        'invalid_request',
      ],
      [
        'broken JSON',
        post('/oauth2/token', '{', { 'content-type': 'application/json' }),
        400,
        'invalid_request',
      ],
      ['another type', post('/oauth2/token', 'x', { 'content-type': 'text/plain' }), 415, 'invalid_request'],
      ['nothing', post('/oauth2/token', '', {}), 400, 'invalid_request'],
      ['a NUL', json('/oauth2/token', { ...client(), client_id: '\0' }), 400, 'invalid_request'],
    ]
    for (const [name, answer, status, error] of refusals) {
      const { body, ...rest } = await answer
      assert.deepEqual([rest.status, body.error], [status, error], name)
      assert.equal(typeof body.error_description, 'string', name)
      const { applicationError } = body.details as { applicationError: { code: string } }
      assert.equal(applicationError.code, error, name)
      assert.ok(rest.headers.get('x-wix-request-id'), name)
    }
  })

  it('serves the real AppStrategy of @wix/sdk, both ways', async t => {
    const real = globalThis.fetch
    t.after(() => {
      globalThis.fetch = real
    })
    globalThis.fetch = (input, init) =>
      real(String(input).replace('https://www.wixapis.com', server.url), init)
    const app = { appId: DEMO_APP, appSecret: secret }
    for (const strategy of [
      AppStrategy({ ...app, instanceId: DEMO_INSTANCE }),
      AppStrategy({ ...app, refreshToken } as Parameters<typeof AppStrategy>[0]),
    ]) {
      const { headers } = await strategy.getAuthHeaders(undefined as never)
      assert.equal((await caller(headers.Authorization)).siteInstanceId, DEMO_INSTANCE)
    }
    const wrong = AppStrategy({ appId: DEMO_APP, appSecret: 'wrong', instanceId: DEMO_INSTANCE })
    await assert.rejects(
      async () => wrong.getAuthHeaders(undefined as never),
      /status code from Wix OAuth API: 401, request id: [0-9a-f-]{36}/,
    )
  })

  it('lets an API key act at the site that wix-site-id names, until it is revoked', async () => {
    const key = await server.auth.mintApiKey('contoso', 'demo-app', 'test')
    const ask = async (headers: Record<string, string>) => {
      const answer = await fetch(`${server.url}/wix-whoami`, { headers: { authorization: key, ...headers } })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    }
    for (const site of [DEMO_SITE, DEMO_INSTANCE, DEMO_SITE.toUpperCase()]) {
      const { status, body } = await ask({ 'wix-site-id': site })
      assert.deepEqual([status, body.siteInstanceId], [200, DEMO_INSTANCE])
    }
    // An app that is at one site only needs not say which.
    assert.equal((await ask({})).body.siteInstanceId, DEMO_INSTANCE)
    for (const site of ['1ed9e400-0000-4000-8000-000000000003', 'x']) {
      assert.equal((await ask({ 'wix-site-id': site })).status, 403)
    }
    await server.auth.revokeApiKey('contoso', 'demo-app', 'test')
    assert.equal((await ask({ 'wix-site-id': DEMO_SITE })).status, 401)
  })

  it('takes a secret of the workspace file, which is shown nowhere', async () => {
    const file = (given: string) => `
tenants:
  - id: tailspin
    name: Tailspin
    domains: [tailspin.example]
    apps: [{ name: toys, clientId: 7a115b14-0000-4000-8000-000000000001, secret: ${given} }]
`
    const own = 'a-secret-of-our-own-with-40-characters-or-so'
    await server.apply(file(own))
    const toys = { client_id: '7a115b14-0000-4000-8000-000000000001', grant_type: 'client_credentials' }
    const { status, body } = await json('/oauth2/token', { ...toys, client_secret: own })
    assert.equal(status, 200)
    assert.equal((await server.auth.credentials('tailspin', 'toys')).clientSecret, null)
    assert.deepEqual(await server.apply(file(own)), [], 'again: nothing changes')
    assert.equal((await caller(body.access_token)).name, 'toys')
    await server.apply(file('another-secret-of-our-own-with-40-characters'))
    assert.equal((await json('/oauth2/token', { ...toys, client_secret: own })).status, 401)
    assert.equal((await caller(body.access_token)).code, 'TOKEN_REVOKED')
  })
})

describe('tokens for whoever runs the server', () => {
  let server: AuthServer
  let operator: string
  before(async () => {
    server = await authServer()
    operator = await server.auth.mintAdminToken()
  })
  after(() => server[Symbol.asyncDispose]())

  async function call(path: string, options: { token?: string; body?: unknown; method?: string } = {}) {
    const { token = operator, body, method = body === undefined ? 'GET' : 'POST' } = options
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
  }

  it("mints for a person, an app and a tenant's operator", async () => {
    const person = await call('/api/v1/tokens', {
      body: { user: 'dana@contoso.example', scope: 'Calendars.ReadWrite' },
    })
    assert.equal(person.status, 200)
    assert.equal(person.body.tenant, 'contoso')
    const { body } = await server.whoami({ authorization: `Bearer ${person.body.token}` })
    assert.deepEqual([body.upn, body.scopes], ['dana@contoso.example', ['Calendars.ReadWrite']])
    const app = await call('/api/v1/tokens', { body: { app: 'ledger', tenant: 'fabrikam' } })
    assert.equal((await server.whoami({ authorization: `Bearer ${app.body.token}` })).body.tenant, 'fabrikam')
    const tenant = await call('/api/v1/tokens', { body: { operator: true, tenant: 'fabrikam' } })
    const own = String(tenant.body.token)
    assert.equal((await call('/api/v1/tokens', { token: own, body: { app: 'ledger' } })).status, 200)
    assert.equal((await call('/api/v1/tokens', { token: own, body: { app: 'demo-app' } })).status, 404)
    assert.equal(
      (await call('/api/v1/tokens', { token: own, body: { app: 'demo-app', tenant: 'contoso' } })).status,
      404,
    )
    assert.equal((await call('/api/v1/keys/rotate', { token: own, method: 'POST' })).status, 403)
  })

  it('asks which tenant when it cannot know, and says what is wrong', async () => {
    assert.equal((await call('/api/v1/tokens', { body: { app: 'demo-app' } })).body.code, 'TENANT_NEEDED')
    assert.equal((await call('/api/v1/tokens', { body: {} })).status, 400)
    assert.equal(
      (await call('/api/v1/tokens', { body: { user: 'a@contoso.example', app: 'b' } })).status,
      400,
    )
    assert.equal(
      (await call('/api/v1/tokens', { body: { user: 'nobody@contoso.example' } })).body.code,
      'UNKNOWN_PERSON',
    )
    assert.equal(
      (await call('/api/v1/tokens', { body: { user: 'bob@contoso.example', ttlSeconds: 1e9 } })).status,
      400,
    )
    const scope = { app: 'ledger', tenant: 'fabrikam', scope: 'Mail.Read' }
    assert.equal((await call('/api/v1/tokens', { body: scope })).body.code, 'UNKNOWN_SCOPE')
  })

  it("shows an app's credentials, and makes them anew", async () => {
    const shown = await call('/api/v1/apps/demo-app?tenant=contoso')
    assert.equal(shown.status, 200)
    assert.equal(shown.body.clientId, DEMO_APP)
    assert.match(String(shown.body.clientSecret), /^sds_/)
    const again = await call('/api/v1/apps/demo-app?tenant=contoso')
    assert.equal(again.body.clientSecret, shown.body.clientSecret)
    const renewed = await call('/api/v1/apps/demo-app/renew?tenant=contoso', { method: 'POST' })
    assert.notEqual(renewed.body.clientSecret, shown.body.clientSecret)
  })

  it('is for the operator: not for a person who is an admin, nor for an app', async () => {
    const alice = await server.auth.mintToken({ tenant: 'contoso', for: { person: 'alice@contoso.example' } })
    const app = await server.auth.mintToken({ tenant: 'contoso', for: { app: 'demo-app' } })
    for (const { token } of [alice, app]) {
      for (const body of [{ user: 'bob@contoso.example' }, { operator: true, tenant: 'contoso' }]) {
        assert.equal((await call('/api/v1/tokens', { token, body })).status, 403)
      }
      assert.equal((await call('/api/v1/apps/demo-app?tenant=contoso', { token })).status, 403)
    }
    assert.equal((await call('/api/v1/tokens', { token: 'x', body: {} })).status, 401)
  })

  it("makes the operator's key before void with each new one", async () => {
    const next = await server.auth.mintAdminToken()
    assert.equal((await call('/api/v1/tokens', { body: { user: 'bob@contoso.example' } })).status, 401)
    assert.equal(
      (await call('/api/v1/tokens', { token: next, body: { user: 'bob@contoso.example' } })).status,
      200,
    )
  })
})
