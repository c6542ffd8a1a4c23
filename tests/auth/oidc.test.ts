import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { raw } from '../http/http-server.ts'
import { ALICE, type AuthServer, authServer } from './auth-server.ts'
import { Browser } from './browser.ts'

const CALLBACK = 'http://127.0.0.1/callback'
const WITH_CLIENT = `
tenants:
  - id: fabrikam
    name: Fabrikam
    domains: [fabrikam.example]
    users: [{ upn: erin@fabrikam.example, name: Erin Eriksen, roles: [admin] }]
    apps:
      - name: ledger
        clientId: 1ed9e400-0000-4000-8000-000000000001
        redirectUris: [https://ledger.fabrikam.example/callback]
        sites: [{ name: Shop, instanceId: 1ed9e400-0000-4000-8000-000000000002, siteId: 1ed9e400-0000-4000-8000-000000000003 }]
`
const CLIENT = 'c11e0700-0000-4000-8000-000000000001'
const CONTOSO_CLIENT = `
  - id: northwind
    name: Northwind
    domains: [northwind.example]
    users:
      - { upn: nora@northwind.example, name: Nora Nilsen }
      - { upn: nils@northwind.example, name: Nils Nilsen }
    apps: [{ name: planner, clientId: ${CLIENT}, redirectUris: ['${CALLBACK}'], scopes: [Calendars.ReadWrite, Mail.Read] }]
`

describe('the built-in issuer', () => {
  let server: AuthServer
  before(async () => {
    server = await authServer()
    await server.apply(WITH_CLIENT)
    await server.apply(`tenants:${CONTOSO_CLIENT}`, { demo: true })
  })
  after(() => server[Symbol.asyncDispose]())

  const verifier = randomBytes(32).toString('base64url')
  function authorize(more: Record<string, string> = {}): string {
    const query = new URLSearchParams({
      client_id: CLIENT,
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid profile Calendars.ReadWrite Mail.Read offline_access',
      prompt: 'consent',
      state: 'xyz',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    })
    return `${server.url}/oidc/auth?${query}`
  }
  async function exchange(
    fields: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, string> }> {
    const answer = await fetch(`${server.url}/oidc/token`, {
      method: 'POST',
      // What the client says of hosts is not looked at.
      headers: { 'x-forwarded-host': 'evil.example' },
      body: new URLSearchParams({ client_id: CLIENT, ...fields }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, string> }
  }
  async function signInAs(upn: string, browser: Browser, url: string): Promise<string> {
    const first = await browser.follow(server.url, url)
    assert.match(first.url, /\/signin\?return_to=/)
    const person = (await server.auth.directory.user('northwind', upn))!
    const returnTo = new URL(first.url).searchParams.get('return_to')!
    const page = await browser.go(`${server.url}/signin`, {
      form: { person: person.id, return_to: returnTo },
    })
    assert.equal(page.status, 200)
    assert.ok((await page.text()).includes(`0;url=${returnTo}`))
    return (await browser.follow(server.url, `${server.url}${returnTo}`)).url
  }

  it('is found by discovery under the public URL, whatever Host says', async () => {
    const answer = await fetch(`${server.url}/oidc/.well-known/openid-configuration`)
    const found = (await answer.json()) as Record<string, string>
    assert.equal(found.issuer, `${server.url}/oidc`)
    assert.equal(found.token_endpoint, `${server.url}/oidc/token`)
    const keys = (await (await fetch(found.jwks_uri!)).json()) as { keys: Record<string, unknown>[] }
    assert.ok(keys.keys.length >= 2)
    for (const key of keys.keys) assert.ok(!('d' in key), 'a private key is published')
  })

  it('leaves a connection usable whose body it gave up reading', async () => {
    // In chunks: what says its length is refused unread.
    const chunk = 'a'.repeat(200_000)
    const answers = await raw(
      Number(new URL(server.url).port),
      [
        'POST /oidc/token HTTP/1.1',
        'Host: 127.0.0.1',
        'Content-Type: application/x-www-form-urlencoded',
        'Transfer-Encoding: chunked',
        '',
        chunk.length.toString(16),
        chunk,
        '0',
        '',
        'GET /healthz HTTP/1.1',
        'Host: 127.0.0.1',
        'Connection: close',
        '\r\n',
      ].join('\r\n'),
    )
    assert.match(answers, /^HTTP\/1\.1 400 /)
    assert.match(answers, /HTTP\/1\.1 200 OK[\s\S]*ok\n$/)
  })

  it('signs in a chosen person, end to end, and its token works as that person', async () => {
    const browser = new Browser()
    const back = new URL(await signInAs('nora@northwind.example', browser, authorize()))
    assert.equal(back.origin + back.pathname, CALLBACK)
    assert.equal(back.searchParams.get('state'), 'xyz')
    assert.equal(back.searchParams.get('iss'), `${server.url}/oidc`)
    const code = back.searchParams.get('code')!
    const grant = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }
    assert.equal(
      (await exchange({ ...grant, code_verifier: randomBytes(32).toString('base64url') })).status,
      400,
    )
    const again = new URL((await browser.follow(server.url, authorize())).url)
    const { status, body } = await exchange({
      ...grant,
      code: again.searchParams.get('code')!,
      code_verifier: verifier,
    })
    assert.equal(status, 200, JSON.stringify(body))
    const { body: who } = await server.whoami({ authorization: `Bearer ${body.access_token}` })
    assert.equal(who.upn, 'nora@northwind.example')
    assert.equal(who.tenant, 'northwind')
    assert.equal(who.appId, CLIENT)
    assert.deepEqual(new Set(who.scopes as string[]), new Set(['Calendars.ReadWrite', 'Mail.Read']))
    assert.deepEqual(who.roles, ['member'])

    const keys = createRemoteJWKSet(new URL(`${server.url}/oidc/jwks`))
    const id = await jwtVerify(body.id_token!, keys, { issuer: `${server.url}/oidc`, audience: CLIENT })
    assert.equal(id.protectedHeader.alg, 'RS256')
    assert.equal(
      (await server.whoami({ authorization: `Bearer ${body.id_token}` })).status,
      401,
      'an identity token is no access token',
    )

    const refreshed = await exchange({ grant_type: 'refresh_token', refresh_token: body.refresh_token! })
    assert.equal(refreshed.status, 200)
    assert.equal(
      (await server.whoami({ authorization: `Bearer ${refreshed.body.access_token}` })).status,
      200,
    )

    await server.auth.revokePerson('northwind', 'nora@northwind.example')
    assert.equal(
      (await server.whoami({ authorization: `Bearer ${body.access_token}` })).body.code,
      'TOKEN_REVOKED',
    )
  })

  it('refuses a code that is used twice, and one without PKCE', async () => {
    const browser = new Browser()
    const back = new URL(await signInAs('nils@northwind.example', browser, authorize()))
    const grant = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code')!,
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    }
    const first = await exchange(grant)
    assert.equal(first.status, 200)
    assert.equal((await exchange(grant)).status, 400)
    const refreshed = await exchange({
      grant_type: 'refresh_token',
      refresh_token: first.body.refresh_token!,
    })
    assert.equal(refreshed.status, 400, 'a replayed code ends what it gave')
    const plain = await browser.follow(
      server.url,
      authorize({ code_challenge: '', code_challenge_method: '' }),
    )
    assert.match(plain.url, /error=invalid_request/)
  })

  it('sends codes to registered addresses only', async () => {
    const browser = new Browser()
    for (const redirect of [
      'https://evil.example/callback',
      'http://127.0.0.1/other',
      'http://127.0.0.1.evil.example/callback',
    ]) {
      const { answer } = await browser.follow(server.url, authorize({ redirect_uri: redirect }))
      assert.equal(answer?.status, 400, redirect)
    }
    const anyPort = await browser.follow(
      server.url,
      authorize({ redirect_uri: 'http://127.0.0.1:4711/callback' }),
    )
    assert.match(anyPort.url, /\/signin/, 'any port of loopback, RFC 8252')
    const unknown = await browser.follow(server.url, authorize({ client_id: ALICE }))
    assert.equal(unknown.answer?.status, 400)
  })

  it('signs nobody in to an app of another tenant', async () => {
    const browser = new Browser()
    const person = (await server.auth.directory.user('contoso', 'alice@contoso.example'))!
    await browser.go(`${server.url}/signin`, { form: { person: person.id } })
    const { url } = await browser.follow(server.url, authorize())
    assert.match(url, /error=access_denied/)
  })

  it('does not go on with an interaction that another browser began', async () => {
    const first = await new Browser().follow(server.url, authorize())
    const returnTo = new URL(first.url).searchParams.get('return_to')!
    const other = await new Browser().go(`${server.url}${returnTo}`)
    assert.equal(other.status, 410)
  })
})

/** An issuer of the operator's own, over real HTTP. */
async function outsideIssuer() {
  const pair = await generateKeyPair('RS256', { extractable: true })
  let issuer = ''
  let isUp = true
  const server: Server = createServer(async (request, response) => {
    if (!isUp) return void response.writeHead(500).end()
    const body =
      request.url === '/keys'
        ? { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] }
        : { issuer, jwks_uri: `${issuer}/keys` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    down(yes: boolean) {
      isUp = !yes
    },
    token: (claims: JWTPayload, alg = 'RS256') =>
      new SignJWT({ scp: 'Calendars.ReadWrite', ...claims })
        .setProtectedHeader({ alg, kid: 'one' })
        .setIssuer(claims.iss ?? issuer)
        .setAudience(claims.aud ?? 'api://standdown')
        .setSubject('s')
        .setExpirationTime('5m')
        .sign(pair.privateKey),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

describe('an outside issuer', () => {
  it('is believed for people that the workspace knows, and for nobody else', async () => {
    await using outside = await outsideIssuer()
    await using server = await authServer({ OIDC_ISSUER: outside.issuer, OIDC_AUDIENCE: 'api://standdown' })
    const status = async (claims: JWTPayload) => {
      const { status, body } = await server.whoami({ authorization: `Bearer ${await outside.token(claims)}` })
      return status === 200 ? `${body.tenant} ${body.upn}` : `${status} ${body.code}`
    }
    const alice = { upn: 'alice@contoso.example' }
    assert.equal(await status(alice), '401 INVALID_TOKEN', 'two tenants, and none names the issuer')
    await server.apply(
      `
tenants:
  - id: fabrikam
    name: Fabrikam
    issuer: ${outside.issuer}
    domains: [fabrikam.example]
    users: [{ upn: erin@fabrikam.example, name: Erin }]
`,
      { prune: true },
    )
    assert.equal(await status(alice), '401 INVALID_TOKEN', "another tenant's person")
    const erin = 'fabrikam erin@fabrikam.example'
    assert.equal(await status({ upn: 'Erin@fabrikam.example' }), erin)
    assert.equal(
      await status({
        oid: (await server.auth.directory.user('fabrikam', 'erin@fabrikam.example'))!.id.toUpperCase(),
      }),
      erin,
    )
    assert.equal(await status({ preferred_username: 'erin@fabrikam.example' }), erin)
    assert.equal(await status({ email: 'erin@fabrikam.example', email_verified: true }), erin)
    assert.equal(
      await status({ email: 'erin@fabrikam.example' }),
      '401 INVALID_TOKEN',
      'an address that nobody proved',
    )
    assert.equal(
      await status({ upn: 'new@fabrikam.example' }),
      '401 INVALID_TOKEN',
      'nobody is made by signing in',
    )
    assert.equal(await status({ upn: 'erin@fabrikam.example', aud: 'api://other' }), '401 INVALID_TOKEN')
    assert.equal(
      await status({ upn: 'erin@fabrikam.example', iss: 'https://other.example' }),
      '401 INVALID_TOKEN',
    )
    assert.equal(server.auth.oidc, null)
    assert.equal((await fetch(`${server.url}/oidc/auth`)).status, 404, 'the built-in one is off')
  })

  it('that cannot be reached is 503, not a bad token, and is asked again later', async () => {
    await using outside = await outsideIssuer()
    await using server = await authServer({ OIDC_ISSUER: outside.issuer, OIDC_AUDIENCE: 'api://standdown' })
    const authorization = `Bearer ${await outside.token({ upn: 'x@fabrikam.example' })}`
    outside.down(true)
    assert.equal((await server.whoami({ authorization })).body.code, 'ISSUER_UNREACHABLE')
    outside.down(false)
    assert.equal(
      (await server.whoami({ authorization })).body.code,
      'ISSUER_UNREACHABLE',
      'not at every call',
    )
    server.clock.aheadMs += 11_000
    assert.equal((await server.whoami({ authorization })).body.code, 'INVALID_TOKEN')
  })
})
