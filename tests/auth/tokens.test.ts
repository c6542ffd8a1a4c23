import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { decodeJwt, decodeProtectedHeader, exportSPKI, importJWK, type JWTPayload, SignJWT } from 'jose'
import { publicPart } from '../../server/src/auth/tokens/signing-keys.ts'
import { ALICE, type AuthServer, authServer, DEMO_APP, DEMO_INSTANCE } from './auth-server.ts'

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('access tokens', () => {
  let server: AuthServer
  let alice: string
  before(async () => {
    server = await authServer()
    alice = (await server.auth.mintToken({ tenant: 'contoso', for: { person: 'alice@contoso.example' } }))
      .token
  })
  after(() => server[Symbol.asyncDispose]())

  const status = async (authorization: string) => {
    const { status, body } = await server.whoami({ authorization })
    return status === 200 ? 200 : `${status} ${body.code}`
  }

  /** Alice's token, with `change` made to its claims and header, signed by our own key. */
  async function forged(change: { claims?: JWTPayload; header?: object }): Promise<string> {
    const key = server.auth.keys.signer('ES256')
    const { exp, iat, ...claims } = decodeJwt(alice)
    return new SignJWT({ ...claims, exp, iat, ...change.claims } as JWTPayload)
      .setProtectedHeader({ alg: 'ES256', kid: key.kid, typ: 'at+jwt', ...change.header })
      .sign(key.privateKey)
  }

  it('says who is calling', async () => {
    const { status, body } = await server.whoami({ authorization: `Bearer ${alice}` })
    assert.equal(status, 200)
    assert.equal(body.id, ALICE)
    assert.equal(body.tenant, 'contoso')
    assert.equal(body.upn, 'alice@contoso.example')
    assert.deepEqual(new Set(body.roles as string[]), new Set(['admin', 'operator', 'member']))
    assert.ok((body.scopes as string[]).includes('Calendars.ReadWrite'))
  })

  it('is asked for when it is missing, empty, of another scheme, or raw where Bearer is wanted', async () => {
    assert.equal((await server.whoami({})).body.code, 'UNAUTHENTICATED')
    for (const header of ['', 'Bearer', 'Bearer ', 'Basic YTpi', alice]) {
      assert.equal(await status(header), '401 UNAUTHENTICATED', header.slice(0, 10))
    }
  })

  it('is refused unless our key signed it for us: none, HMAC, foreign key, other key id, issuer, audience, type', async () => {
    const { kid } = decodeProtectedHeader(alice)
    const [, payload, signature] = alice.split('.')
    const key = server.auth.keys.signer('ES256')
    const publicKey = await importJWK(publicPart(key.privateJwk), 'ES256', { extractable: true })
    const spki = await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0])
    const hmac = (secret: string) => {
      const body = `${part({ alg: 'HS256', kid, typ: 'at+jwt' })}.${payload}`
      return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
    }
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const attacks: Record<string, string> = {
      'alg none': `${part({ alg: 'none', kid, typ: 'at+jwt' })}.${payload}.`,
      'alg None with the old signature': `${part({ alg: 'None', kid, typ: 'at+jwt' })}.${payload}.${signature}`,
      'HMAC with the public key as PEM': hmac(spki),
      'HMAC with the public key as JWK': hmac(JSON.stringify(publicPart(key.privateJwk))),
      'HMAC with nothing': hmac(''),
      'a foreign key': await new SignJWT(decodeJwt(alice))
        .setProtectedHeader({ alg: 'ES256', kid: kid!, typ: 'at+jwt' })
        .sign(foreign),
      'a key id that is a path': await forged({ header: { kid: '../../../../dev/null' } }),
      'a key id that is SQL': await forged({ header: { kid: "' or 1=1 --" } }),
      'no key id': await forged({ header: { kid: undefined } }),
      'a key that the token brings along': await forged({
        header: { kid: 'x', jwk: publicPart(key.privateJwk) },
      }),
      'an address for the key': await forged({ header: { kid: 'x', jku: 'http://127.0.0.1:9/keys' } }),
      'an extension that must be understood': await forged({ header: { crit: ['b64'], b64: true } }),
      'another type': await forged({ header: { typ: 'JWT' } }),
      'another issuer': await forged({ claims: { iss: 'https://issuer.example' } }),
      'no issuer': await forged({ claims: { iss: undefined } }),
      'the issuer of people, with an app token of ours': await forged({
        claims: { iss: `${server.url}/oidc` },
      }),
      'another audience': await forged({
        claims: { aud: 'urn:standdown:00000000-0000-4000-8000-000000000000' },
      }),
      'no audience': await forged({ claims: { aud: undefined } }),
      'no end': await forged({ claims: { exp: undefined } }),
      'not yet': await forged({ claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }),
      'changed claims': `${alice.split('.')[0]}.${part({ ...decodeJwt(alice), tid: 'fabrikam' })}.${signature}`,
      'a kind that does not exist': await forged({ claims: { idtyp: 'device' } }),
      'no generation': await forged({ claims: { gen: undefined } }),
      'not a token': 'x.y.z',
      'very long': `${alice}${'A'.repeat(9000)}`,
      'an unknown key of an app': `sdk_${'A'.repeat(43)}`,
      'an unknown key of an operator': `sdo_${'A'.repeat(43)}`,
    }
    for (const [name, token] of Object.entries(attacks)) {
      assert.equal(await status(`Bearer ${token}`), '401 INVALID_TOKEN', name)
    }
    assert.equal(
      await status(`Bearer ${await forged({})}`),
      200,
      'and the forgery itself is good when nothing is changed',
    )
  })

  it('of a person of one tenant is worth nothing in another', async () => {
    const erin = (await server.auth.directory.users('fabrikam'))[0]!
    assert.equal(await status(`Bearer ${await forged({ claims: { tid: 'fabrikam' } })}`), '401 TOKEN_REVOKED')
    assert.equal(await status(`Bearer ${await forged({ claims: { sub: erin.id } })}`), '401 TOKEN_REVOKED')
    assert.equal(
      await status(`Bearer ${await forged({ claims: { sub: randomUUID() } })}`),
      '401 TOKEN_REVOKED',
    )
  })

  it('of an app at a site counts only where that app of that tenant is installed', async () => {
    const { generation: gen } = await server.auth.app('contoso', DEMO_APP)
    const forApp = (claims: JWTPayload) =>
      forged({ claims: { idtyp: 'app', gen, sub: DEMO_APP, scp: '', ...claims } })
    assert.equal(await status(`Bearer ${await forApp({ instance_id: DEMO_INSTANCE })}`), 200)
    const foreign = '1ed9e400-0000-4000-8000-000000000002'
    assert.equal(await status(`Bearer ${await forApp({ instance_id: foreign })}`), '403 NOT_INSTALLED')
    assert.equal(await status(`Bearer ${await forApp({ tid: 'fabrikam' })}`), '401 TOKEN_REVOKED')
  })

  it('has at most the scopes that the app has now', async () => {
    const claims = {
      idtyp: 'app',
      gen: (await server.auth.app('contoso', DEMO_APP)).generation,
      sub: DEMO_APP,
      scp: 'Calendars.Read Everything.Destroy standdown.server',
    }
    const { body } = await server.whoami({ authorization: `Bearer ${await forged({ claims })}` })
    assert.deepEqual(body.scopes, ['Calendars.Read'])
    const person = await forged({ claims: { scp: 'Mail.Read standdown.server' } })
    assert.deepEqual((await server.whoami({ authorization: `Bearer ${person}` })).body.scopes, ['Mail.Read'])
  })

  it('ends, remembered or not', async () => {
    const { token } = await server.auth.mintToken({
      tenant: 'contoso',
      for: { person: 'bob@contoso.example' },
      ttlSeconds: 60,
    })
    assert.equal(await status(`Bearer ${token}`), 200)
    server.clock.aheadMs += 61_000
    try {
      assert.equal(await status(`Bearer ${token}`), '401 TOKEN_EXPIRED', 'remembered')
      assert.equal(await status(`Bearer ${token}`), '401 TOKEN_EXPIRED', 'looked at again')
    } finally {
      server.clock.aheadMs -= 61_000
    }
  })

  it('of a person is void once revoked, and the next one is good', async () => {
    const mint = () => server.auth.mintToken({ tenant: 'contoso', for: { person: 'carol@contoso.example' } })
    const { token } = await mint()
    assert.equal(await status(`Bearer ${token}`), 200)
    await server.auth.revokePerson('contoso', 'carol@contoso.example')
    assert.equal(await status(`Bearer ${token}`), '401 TOKEN_REVOKED')
    assert.equal(await status(`Bearer ${(await mint()).token}`), 200)
  })

  it('of an app is void once its secret was made anew', async () => {
    const { token } = await server.auth.mintToken({ tenant: 'fabrikam', for: { app: 'ledger' } })
    assert.equal(await status(`Bearer ${token}`), 200)
    const before = await server.auth.credentials('fabrikam', 'ledger')
    const renewed = await server.auth.renewApp('fabrikam', 'ledger')
    assert.notEqual(renewed.clientSecret, before.clientSecret)
    assert.notEqual(renewed.instances[0]!.refreshToken, before.instances[0]!.refreshToken)
    assert.equal(await status(`Bearer ${token}`), '401 TOKEN_REVOKED')
  })

  it('still counts after the keys were rotated, and new ones are signed by the new key', async () => {
    const { token: old } = await server.auth.mintToken({
      tenant: 'contoso',
      for: { person: 'bob@contoso.example' },
    })
    await server.auth.keys.rotate()
    const { token } = await server.auth.mintToken({
      tenant: 'contoso',
      for: { person: 'bob@contoso.example' },
    })
    assert.notEqual(decodeProtectedHeader(token).kid, decodeProtectedHeader(old).kid)
    assert.equal(await status(`Bearer ${old}`), 200)
    assert.equal(await status(`Bearer ${token}`), 200)
  })

  it("of an operator is an admin's, in its tenant only", async () => {
    const { token } = await server.auth.mintToken({ tenant: 'fabrikam', for: { operator: true } })
    const { body } = await server.whoami({ authorization: `Bearer ${token}` })
    assert.equal(body.tenant, 'fabrikam')
    assert.ok((body.roles as string[]).includes('admin'))
    assert.ok(!(body.scopes as string[]).includes('standdown.server'))
    await assert.rejects(server.auth.mintToken({ tenant: 'nowhere', for: { operator: true } }), {
      code: 'UNKNOWN_TENANT',
    })
  })
})
