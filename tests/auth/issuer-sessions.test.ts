// The built-in issuer answers as who is signed in at the browser, and as nobody else: not after signing out, not after
// another has signed in, not after what it knows was revoked.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser } from './browser.ts'
import { browserOf, CALLBACK, NILS, NORA, northwind, OidcFlow, PLANNER, TENANT } from './oidc-flow.ts'

const SCOPE = 'Calendars.Read'
const SILENT = { prompt: 'none' }

describe('the issuer’s session', () => {
  let flow: OidcFlow
  before(async () => {
    flow = await OidcFlow.open()
  })
  after(() => flow[Symbol.asyncDispose]())

  /** Whom the issuer signs in silently, or its refusal. */
  async function silently(browser: Browser): Promise<unknown> {
    const told = await flow.authorize(browser, `openid ${SCOPE}`, SILENT)
    const code = told.get('code')
    if (code === null) return told.get('error')
    const { body } = await flow.redeem(code)
    return (await flow.server.whoami({ authorization: `Bearer ${body.access_token}` })).body.upn
  }

  it('goes on silently while its person is signed in', async () => {
    const browser = await browserOf(flow, NORA)
    assert.equal(await silently(browser), 'login_required', 'it begins at the first sign-in for an app')
    await flow.tokens(browser, SCOPE)
    assert.equal(await silently(browser), NORA)
    await flow.signIn(browser, NORA)
    assert.equal(await silently(browser), NORA, 'the same person once more')
  })

  it('ends with signing out, together with what was granted in it', async () => {
    const browser = await browserOf(flow, NORA)
    const tokens = await flow.tokens(browser, SCOPE)
    const code = (await flow.authorize(browser, `openid ${SCOPE}`, SILENT)).get('code')!
    const elsewhere = await flow.tokens(await browserOf(flow, NORA), SCOPE)
    const cookies = new Map(browser.jar)
    await flow.signOut(browser)
    assert.equal(await silently(browser), 'login_required')
    assert.equal((await flow.refresh(tokens.refresh_token)).body.error, 'invalid_grant')
    assert.equal((await flow.redeem(code)).body.error, 'invalid_grant')
    assert.equal((await flow.refresh(elsewhere.refresh_token)).status, 200, 'another browser goes on')
    for (const [name, value] of cookies) browser.jar.set(name, value)
    assert.equal(await silently(browser), 'login_required', 'with every cookie of before')
  })

  it('ends when its person’s browser session is not there any more, however that went', async () => {
    const browser = await browserOf(flow, NORA)
    await flow.tokens(browser, SCOPE)
    const [name] = [...browser.jar.keys()].filter(each => /^standdown_[0-9a-f]{8}$/.test(each))
    browser.jar.delete(name!)
    assert.equal(await silently(browser), 'login_required')

    const revoked = await browserOf(flow, NILS)
    const { refresh_token: old } = await flow.tokens(revoked, SCOPE)
    await flow.server.auth.revokePerson(TENANT, NILS)
    assert.equal(await silently(revoked), 'login_required')
    assert.equal((await flow.refresh(old)).body.error, 'invalid_grant')
  })

  it('is the second person’s after another has signed in at the browser', async () => {
    const browser = await browserOf(flow, NORA)
    const { refresh_token: ofNora } = await flow.tokens(browser, SCOPE)
    const old = [...browser.jar].find(([name]) => /^standdown_[0-9a-f]{8}$/.test(name))!
    await flow.signIn(browser, NILS)
    assert.equal(await silently(browser), 'login_required', 'not as the first one')
    assert.equal((await flow.refresh(ofNora)).body.error, 'invalid_grant')
    const cookie = `${old[0]}=${old[1]}`
    assert.equal(await flow.server.auth.session({ method: 'GET', headers: { cookie } }), null)
    const { id_token: id } = await flow.tokens(browser, SCOPE)
    const claims = JSON.parse(Buffer.from(id.split('.')[1]!, 'base64url').toString()) as { sub: string }
    assert.equal(claims.sub, (await flow.server.auth.person(TENANT, NILS)).id)
    assert.equal(await silently(browser), NILS)
  })

  it('that a second person meets in the middle of signing in is begun anew, with no page that stays blank', async () => {
    const browser = await browserOf(flow, NORA)
    await flow.tokens(browser, SCOPE)
    // As far as the page at which one signs in, and no further.
    const first = await browser.go(
      flow.authorizationUrl(`openid ${SCOPE}`, { prompt: 'login', state: 'mine' }),
    )
    const interaction = first.headers.get('location')!
    await flow.signOut(browser)
    await flow.signIn(browser, NILS)
    const { url, answer } = await browser.follow(flow.server.url, new URL(interaction, flow.server.url).href)
    assert.equal(answer, null, `it stayed at ${url}: ${answer?.status} ${await answer?.text()}`)
    const told = new URL(url).searchParams
    assert.equal(told.get('state'), 'mine')
    const { body } = await flow.redeem(told.get('code')!)
    assert.equal((await flow.server.whoami({ authorization: `Bearer ${body.access_token}` })).body.upn, NILS)
  })
})

describe('signing out by an app', () => {
  let flow: OidcFlow
  before(async () => {
    flow = await OidcFlow.open()
  })
  after(() => flow[Symbol.asyncDispose]())

  const isSignedIn = async (browser: Browser) => {
    const answer = await browser.go(`${flow.server.url}/session`)
    return ((await answer.json()) as { upn?: string }).upn !== undefined
  }
  async function endSession(browser: Browser, query: Record<string, string>, form?: Record<string, string>) {
    return browser.go(
      `${flow.server.url}/oidc/session/end?${new URLSearchParams(query)}`,
      form ? { form } : {},
    )
  }

  it('is found by discovery', async () => {
    const answer = await fetch(`${flow.server.url}/oidc/.well-known/openid-configuration`)
    const { end_session_endpoint: end } = (await answer.json()) as Record<string, string>
    assert.equal(end, `${flow.server.url}/oidc/session/end`)
  })

  it('with the person’s identity token ends the session here and at the issuer, and goes back', async () => {
    const browser = await browserOf(flow, NORA)
    const { id_token: hint, refresh_token: token } = await flow.tokens(browser, SCOPE)
    flow.server.clock.aheadMs += 2 * 3_600_000
    try {
      const query = {
        id_token_hint: hint,
        post_logout_redirect_uri: CALLBACK,
        state: 's 1',
      }
      const answer = await endSession(browser, query)
      assert.equal(answer.status, 200)
      assert.ok((await answer.text()).includes(`0;url=${CALLBACK}?state=s+1"`), 'expired, and good')
    } finally {
      flow.server.clock.aheadMs -= 2 * 3_600_000
    }
    assert.equal(await isSignedIn(browser), false)
    assert.equal((await flow.authorize(browser, 'openid', SILENT)).get('error'), 'login_required')
    assert.equal((await flow.refresh(token)).body.error, 'invalid_grant')
  })

  it('without one, or with another’s, asks first, and takes no answer from a foreign page', async () => {
    const browser = await browserOf(flow, NORA)
    const { id_token: ofNils } = await flow.tokens(await browserOf(flow, NILS), SCOPE)
    const unproven: Record<string, string>[] = [
      {},
      { client_id: PLANNER },
      { id_token_hint: ofNils },
      { id_token_hint: 'nonsense' },
    ]
    for (const query of unproven) {
      const answer = await endSession(browser, query)
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /Sign out\?/)
      assert.equal(await isSignedIn(browser), true)
    }
    const fields = { client_id: PLANNER, post_logout_redirect_uri: CALLBACK, confirm: 'yes' }
    const foreign = await browser.go(`${flow.server.url}/oidc/session/end`, {
      form: fields,
      headers: { origin: 'https://evil.example' },
    })
    assert.equal(foreign.status, 403)
    assert.equal(await isSignedIn(browser), true)
    const confirmed = await browser.go(`${flow.server.url}/oidc/session/end`, { form: fields })
    assert.ok((await confirmed.text()).includes(`0;url=${CALLBACK}`))
    assert.equal(await isSignedIn(browser), false)
  })

  it('leads to addresses of the app only', async () => {
    const browser = await browserOf(flow, NORA)
    const { id_token: hint } = await flow.tokens(browser, SCOPE)
    for (const uri of ['https://evil.example/', `${CALLBACK}/other`, 'javascript:alert(1)', 'x']) {
      const said: Record<string, string>[] = [
        { post_logout_redirect_uri: uri },
        { post_logout_redirect_uri: uri, client_id: PLANNER },
        { post_logout_redirect_uri: uri, id_token_hint: hint },
      ]
      for (const query of said) assert.equal((await endSession(browser, query)).status, 400, uri)
    }
    const mixed = { id_token_hint: hint, client_id: 'c11e0700-0000-4000-8000-00000000000f' }
    assert.equal((await endSession(browser, mixed)).status, 400)
    assert.equal(await isSignedIn(browser), true)
  })
})

describe('who is removed and put back', () => {
  it('is not let in by what was issued to that person before', async () => {
    await using flow = await OidcFlow.open()
    const { auth } = flow.server
    const browser = await browserOf(flow, NILS)
    const tokens = await flow.tokens(browser, SCOPE)
    const code = (await flow.authorize(browser, `openid ${SCOPE}`, SILENT)).get('code')!
    const { token: minted } = await auth.mintToken({ tenant: TENANT, for: { person: NILS } })
    const { id, generation } = await auth.person(TENANT, NILS)
    const link = (await auth.sessions.makeLink(await auth.person(TENANT, NILS))).split('=')[1]!

    await flow.server.apply(northwind({ people: [NORA] }), { prune: true })
    for (const token of [tokens.access_token, minted])
      assert.equal(await flow.scopesOf(token), 'TOKEN_REVOKED')
    await flow.server.apply(northwind())
    const back = await auth.person(TENANT, NILS)
    assert.equal(back.id, id, 'the same person')
    assert.ok(back.generation > generation)
    for (const token of [tokens.access_token, minted])
      assert.equal(await flow.scopesOf(token), 'TOKEN_REVOKED')
    assert.equal((await flow.refresh(tokens.refresh_token)).body.error, 'invalid_grant')
    assert.equal((await flow.redeem(code)).body.error, 'invalid_grant')
    assert.equal((await flow.authorize(browser, 'openid', SILENT)).get('error'), 'login_required')
    await assert.rejects(auth.sessions.useLink(link, { headers: {} }), { code: 'LINK_USED' })
    await flow.signIn(browser, NILS)
    assert.deepEqual(await flow.scopesOf((await flow.tokens(browser, SCOPE)).access_token), [SCOPE])
  })

  it('does not make an app good again: its tokens, secret, keys, and what people gave it', async () => {
    await using flow = await OidcFlow.open()
    const { auth } = flow.server
    const browser = await browserOf(flow, NORA)
    const tokens = await flow.tokens(browser, SCOPE)
    const before = await auth.credentials(TENANT, PLANNER)
    const { token: minted } = await auth.mintToken({ tenant: TENANT, for: { app: PLANNER } })
    const key = await auth.mintApiKey(TENANT, PLANNER, 'test')

    await flow.server.apply(northwind({ apps: [] }), { prune: true })
    await flow.server.apply(northwind())
    for (const token of [tokens.access_token, minted])
      assert.equal(await flow.scopesOf(token), 'TOKEN_REVOKED')
    assert.equal(await flow.scopesOf(key), 'INVALID_TOKEN')
    assert.equal((await flow.refresh(tokens.refresh_token)).body.error, 'invalid_grant')
    const parameters = (secret: string) => ({
      parameters: { grant_type: 'client_credentials', client_id: PLANNER, client_secret: secret },
      context: { by: null, from: '127.0.0.1', requestId: 'a test' },
    })
    await assert.rejects(auth.tokenEndpoint.token(parameters(before.clientSecret!)), {
      code: 'invalid_client',
    })
    const after = await auth.credentials(TENANT, PLANNER)
    assert.notEqual(after.instances[0]!.refreshToken, before.instances[0]!.refreshToken)
    await auth.tokenEndpoint.token(parameters(after.clientSecret!))
  })

  it('and revoked before is of no generation that was', async () => {
    await using flow = await OidcFlow.open()
    const { auth } = flow.server
    const seen = new Set<number>()
    for (let round = 0; round < 3; round++) {
      for (const step of [
        () => auth.revokePerson(TENANT, NILS),
        () =>
          flow.server
            .apply(northwind({ people: [NORA] }), { prune: true })
            .then(() => flow.server.apply(northwind())),
      ]) {
        await step()
        const { generation } = await auth.person(TENANT, NILS)
        assert.ok(!seen.has(generation))
        seen.add(generation)
      }
    }
    assert.deepEqual(
      [...seen],
      [...seen].toSorted((a, b) => a - b),
      'they only go up',
    )
  })
})
