// An app gets the scopes that the workspace file gave it, by no way others: whoever signs in, whatever it asks for.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Browser } from './browser.ts'
import { browserOf, NORA, northwind, OidcFlow, PLANNER, TENANT } from './oidc-flow.ts'

const FOREIGN = 'Events.ReadWrite'
const OWN = 'Calendars.Read'

describe('an app that was not given a scope', () => {
  let flow: OidcFlow
  before(async () => {
    flow = await OidcFlow.open()
  })
  after(() => flow[Symbol.asyncDispose]())

  const ways: readonly [string, (browser: Browser) => Promise<Browser>, Record<string, string>][] = [
    ['at once', async browser => browser, {}],
    ['without a word to the person', async browser => browser, { prompt: 'none' }],
    ['after asking', async browser => browser, { prompt: 'consent' }],
    ['at a new sign-in', async browser => browser, { prompt: 'login' }],
    ['of somebody who is still to sign in', async () => new Browser(), {}],
  ]
  for (const [name, at, more] of ways) {
    it(`is refused it at authorization, ${name}`, async () => {
      const browser = await at(await browserOf(flow, NORA))
      for (const scope of [FOREIGN, `openid ${OWN} ${FOREIGN}`, `openid offline_access ${FOREIGN}`]) {
        const told = await flow.authorize(browser, scope, more)
        assert.deepEqual([told.get('error'), told.get('code')], ['invalid_scope', null], scope)
      }
    })
  }

  it('gets what it was given, and cannot refresh to more', async () => {
    const tokens = await flow.tokens(await browserOf(flow, NORA), OWN)
    assert.deepEqual(await flow.scopesOf(tokens.access_token), [OWN])
    const { status, body } = await flow.refresh(tokens.refresh_token, { scope: `openid ${OWN} ${FOREIGN}` })
    assert.deepEqual([status, body.error], [400, 'invalid_scope'])
  })

  it('is refused it as itself, at every endpoint and by every kind of request', async () => {
    const { clientSecret } = await flow.server.auth.credentials(TENANT, PLANNER)
    const secret = { client_id: PLANNER, client_secret: clientSecret! }
    const { instances } = await flow.server.auth.credentials(TENANT, PLANNER)
    const { token: its } = await flow.server.auth.mintToken({ tenant: TENANT, for: { app: PLANNER } })
    const credentials = { ...secret, grant_type: 'client_credentials' }
    const refresh = { ...secret, grant_type: 'refresh_token', refresh_token: instances[0]!.refreshToken }
    const requests: [string, Record<string, string>][] = [
      ['/oauth2/token', credentials],
      [`/${TENANT}/oauth2/v2.0/token`, credentials],
      ['/oauth2/token', refresh],
      ['/oauth/access', refresh],
      ['/oauth2/token', { ...secret, grant_type: 'strip_bound_session', access_token: its }],
    ]
    for (const [path, fields] of requests) {
      const ask = async (scope: string, type: 'form' | 'json') => {
        const all = { ...fields, scope }
        const answer = await fetch(`${flow.server.url}${path}`, {
          method: 'POST',
          ...(type === 'form'
            ? { body: new URLSearchParams(all) }
            : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(all) }),
        })
        return { status: answer.status, body: (await answer.json()) as Record<string, string> }
      }
      for (const type of ['form', 'json'] as const) {
        const at = `${path} ${fields.grant_type} ${type}`
        for (const scope of [
          FOREIGN,
          `${OWN} ${FOREIGN}`,
          `https://graph.microsoft.com/${FOREIGN}`,
          'standdown.server',
        ]) {
          const { status, body } = await ask(scope, type)
          assert.deepEqual([status, body.error], [400, 'invalid_scope'], at)
        }
        for (const scope of [OWN, 'https://graph.microsoft.com/.default']) {
          const { status, body } = await ask(scope, type)
          assert.equal(status, 200, at)
          assert.deepEqual(await flow.scopesOf(body.access_token!), [OWN], at)
        }
      }
    }
    const key = await flow.server.auth.mintApiKey(TENANT, PLANNER, 'test')
    assert.deepEqual(await flow.scopesOf(key), [OWN])
  })

  it('is given it by no operator either, nor is a person given what no person has', async () => {
    const key = await flow.server.auth.mintAdminToken()
    const mint = async (body: object) => {
      const answer = await fetch(`${flow.server.url}/api/v1/tokens`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tenant: TENANT, ...body }),
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, string> }
    }
    for (const scope of [FOREIGN, `${OWN} ${FOREIGN}`, 'standdown.server'])
      assert.deepEqual((await mint({ app: 'planner', scope })).body.code, 'UNKNOWN_SCOPE', scope)
    for (const scope of ['SCOPE.DC.MANAGE-YOUR-APP', `${OWN} Everything.Destroy`, 'standdown.server'])
      assert.deepEqual((await mint({ user: NORA, scope })).body.code, 'UNKNOWN_PERSON_SCOPE', scope)
    assert.equal(
      (await mint({ operator: true, scope: OWN })).status,
      400,
      'an operator’s token cannot be narrow',
    )
    const all = await mint({ app: 'planner', scope: 'https://graph.microsoft.com/.default' })
    assert.deepEqual(await flow.scopesOf(all.body.token!), [OWN])
    const narrow = await mint({ user: NORA, scope: OWN })
    assert.deepEqual(await flow.scopesOf(narrow.body.token!), [OWN])
  })
})

describe('an app that a scope is taken from', () => {
  it('loses it in codes, refresh tokens and access tokens that it has', async () => {
    await using flow = await OidcFlow.open(northwind({ scopes: [OWN, FOREIGN] }))
    const browser = await browserOf(flow, NORA)
    const tokens = await flow.tokens(browser, `${OWN} ${FOREIGN}`)
    assert.deepEqual(await flow.scopesOf(tokens.access_token), [OWN, FOREIGN])
    const code = (await flow.authorize(browser, `openid ${OWN} ${FOREIGN}`)).get('code')!
    await flow.server.apply(northwind({ scopes: [OWN] }))
    assert.deepEqual(await flow.scopesOf(tokens.access_token), [OWN], 'at once')
    const redeemed = await flow.redeem(code)
    assert.deepEqual([redeemed.status, redeemed.body.scope], [200, OWN])
    assert.deepEqual(await flow.scopesOf(redeemed.body.access_token), [OWN])
    const refreshed = await flow.refresh(tokens.refresh_token)
    assert.deepEqual([refreshed.status, refreshed.body.scope], [200, OWN], 'narrower, and says so')
    const asked = await flow.refresh(refreshed.body.refresh_token, { scope: FOREIGN })
    assert.deepEqual([asked.status, asked.body.error], [400, 'invalid_scope'])
    assert.equal(
      (await flow.authorize(browser, `openid ${FOREIGN}`, { prompt: 'none' })).get('error'),
      'invalid_scope',
    )
  })

  it('with all of them gone still signs people in, and nothing more', async () => {
    await using flow = await OidcFlow.open(northwind({ scopes: [] }))
    const tokens = await flow.tokens(await browserOf(flow, NORA), '')
    assert.deepEqual(await flow.scopesOf(tokens.access_token), [])
    assert.ok(tokens.id_token)
  })
})
