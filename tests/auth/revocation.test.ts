// What was issued can be taken back at once: one person's, one app's, the operators', or all there is. What a minted token
// mints ends with it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import { type Auth, createAuth } from '../../server/src/auth/auth.ts'
import { LOOK_AGAIN_MS } from '../../server/src/auth/revision.ts'
import { jsonRequest } from '../support/json-request.ts'
import type { AuthServer } from './auth-server.ts'
import { browserOf, NILS, OidcFlow, PLANNER, TENANT } from './oidc-flow.ts'

const BOB = 'bob@contoso.example'
const MONTH = 30 * 86_400

let flow: OidcFlow
let server: AuthServer
let auth: Auth
/** Another process of the installation, whose clock can be moved on. */
let other: Auth
let otherAheadMs = 0
let serverKey = ''
before(async () => {
  flow = await OidcFlow.open()
  server = flow.server
  auth = server.auth
  other = await createAuth({
    db: server.db,
    config: {
      demo: 'auto',
      host: '127.0.0.1',
      publicUrl: null,
      trustProxy: false,
      oidcIssuer: null,
      oidcAudience: null,
    },
    now: () => new Date(Date.now() + otherAheadMs),
    random: bytes => randomBytes(bytes),
    publicUrl: () => server.url,
    ownOrigins: () => new Set<string>(),
  })
})
after(() => flow?.[Symbol.asyncDispose]())
beforeEach(async () => {
  await auth.provideServerKey('command line of a test', key => {
    serverKey = key
  })
})

const mint = async (of: Auth, whose: Parameters<Auth['mintToken']>[0]['for'], tenant = 'contoso') =>
  (await of.mintToken({ tenant, for: whose })).token

/** 'good', or the code of the refusal. */
const judge = (of: Auth, token: string): Promise<string> =>
  of.verify(token).then(
    () => 'good',
    (error: { code: string }) => error.code,
  )

async function call(token: string, method: string, path: string, body?: unknown) {
  const authorization = `Bearer ${token}`
  const { status, json } = await jsonRequest(`${server.url}/api/v1${path}`, { method, authorization, body })
  return { status, body: json }
}

/** What the other process says, once it had the time to look again. */
async function there(token: string): Promise<string> {
  otherAheadMs += LOOK_AGAIN_MS
  return judge(other, token)
}

describe('keys that are rotated now', () => {
  it('void every token that was signed before, in every process; what is signed after is good everywhere', async () => {
    const browser = await browserOf(flow, NILS)
    const ofPlanner = await flow.tokens(browser, 'Calendars.Read')
    const before = [
      await mint(auth, { person: BOB }),
      await mint(auth, { app: 'demo-app' }),
      await mint(auth, { operator: true }),
      await mint(other, { operator: true }, 'fabrikam'),
      ofPlanner.access_token,
    ]
    for (const one of [auth, other]) for (const token of before) assert.equal(await judge(one, token), 'good')
    assert.equal((await call(serverKey, 'POST', '/keys/rotate', { now: true })).status, 204)
    for (const token of before) {
      assert.equal(await judge(auth, token), 'INVALID_TOKEN')
      assert.equal(await there(token), 'INVALID_TOKEN')
    }
    assert.equal((await flow.refresh(ofPlanner.refresh_token)).body.error, 'invalid_grant')
    for (const one of [auth, other]) {
      const token = await mint(one, { person: BOB })
      assert.equal(await judge(auth, token), 'good')
      assert.equal(await there(token), 'good')
    }
    assert.equal(
      await judge(auth, (await flow.tokens(await browserOf(flow, NILS), 'Calendars.Read')).access_token),
      'good',
    )
  })

  it('void the server’s own keys with it, of which this process makes another one', async () => {
    const before = serverKey
    const ofAnother = await auth.mintAdminToken('command line of a machine that is gone')
    assert.equal((await call(before, 'POST', '/keys/rotate', { now: true })).status, 204)
    assert.notEqual(serverKey, before)
    for (const key of [before, ofAnother]) {
      assert.equal(await judge(auth, key), 'INVALID_TOKEN')
      assert.equal(await there(key), 'INVALID_TOKEN')
    }
    assert.equal(await judge(auth, serverKey), 'good')
  })

  it('without `now` void nothing', async () => {
    const token = await mint(auth, { person: BOB })
    for (const body of [undefined, {}, { now: false }]) {
      assert.equal((await call(serverKey, 'POST', '/keys/rotate', body)).status, 204)
      assert.equal(await judge(auth, token), 'good')
    }
    assert.equal(await judge(auth, serverKey), 'good')
  })

  it('are for the server’s own token only', async () => {
    const operator = await mint(auth, { operator: true })
    const admin = await mint(auth, { person: 'alice@contoso.example' })
    for (const token of [operator, admin])
      assert.equal((await call(token, 'POST', '/keys/rotate', { now: true })).status, 403)
    assert.equal((await call(serverKey, 'POST', '/keys/rotate', { now: 'yes' })).status, 400)
    assert.equal(await judge(auth, operator), 'good')
  })
})

describe('operators’ tokens', () => {
  it('are made void for one tenant, and the next one is good', async () => {
    const ours = await mint(auth, { operator: true })
    const theirs = await mint(auth, { operator: true }, 'fabrikam')
    assert.equal((await call(serverKey, 'POST', '/operators/revoke-tokens?tenant=contoso')).status, 204)
    assert.equal(await judge(auth, ours), 'TOKEN_REVOKED')
    assert.equal(await there(ours), 'TOKEN_REVOKED')
    assert.equal(await judge(auth, theirs), 'good')
    assert.equal(await judge(auth, serverKey), 'good')
    assert.equal(await judge(auth, await mint(auth, { operator: true })), 'good')
  })

  it('of one tenant may make its own void, and no other’s', async () => {
    const ours = await mint(auth, { operator: true })
    const theirs = await mint(auth, { operator: true }, 'fabrikam')
    const foreign = await call(theirs, 'POST', '/operators/revoke-tokens?tenant=contoso')
    assert.deepEqual([foreign.status, foreign.body.code], [404, 'UNKNOWN_TENANT'])
    assert.equal((await call(theirs, 'POST', '/operators/revoke-tokens')).status, 204)
    assert.equal(await judge(auth, theirs), 'TOKEN_REVOKED')
    assert.equal(await judge(auth, ours), 'good')
  })

  it('and the server’s own keys go all together', async () => {
    const tokens = [
      await mint(auth, { operator: true }),
      await mint(auth, { operator: true }, 'fabrikam'),
      serverKey,
    ]
    const person = await mint(auth, { person: BOB })
    assert.equal((await call(serverKey, 'POST', '/operators/revoke-tokens')).status, 204)
    for (const token of tokens) assert.match(await judge(auth, token), /TOKEN_REVOKED|INVALID_TOKEN/)
    assert.equal(await judge(auth, serverKey), 'good', 'another one')
    assert.equal(await judge(auth, person), 'good', 'a person’s is not an operator’s')
  })
})

describe('an app', () => {
  const grant = async (clientSecret: string | null, clientId: string) => {
    const answer = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret ?? '',
      }),
    })
    return { status: answer.status, body: (await answer.json()) as { access_token: string } }
  }

  it('loses its tokens, those of people in it and its API keys, and keeps its secret', async () => {
    const browser = await browserOf(flow, NILS)
    const ofPeople = await flow.tokens(browser, 'Calendars.Read')
    const own = [
      await mint(auth, { app: PLANNER }, TENANT),
      await auth.mintApiKey(TENANT, PLANNER, 'one'),
      await auth.mintApiKey(TENANT, PLANNER, 'two'),
      ofPeople.access_token,
    ]
    const foreign = [
      await mint(auth, { app: 'demo-app' }),
      await auth.mintApiKey('contoso', 'demo-app', 'one'),
    ]
    const secretBefore = (await auth.credentials(TENANT, PLANNER)).clientSecret
    for (const token of [...own, ...foreign]) assert.equal(await judge(other, token), 'good')
    const path = `/apps/${PLANNER}/revoke-tokens`
    const theirs = await mint(auth, { operator: true }, 'fabrikam')
    assert.equal((await call(theirs, 'POST', path)).body.code, 'UNKNOWN_APP')
    assert.equal((await call(serverKey, 'POST', `${path}?tenant=${TENANT}`)).status, 204)
    for (const token of own) {
      assert.match(await judge(auth, token), /TOKEN_REVOKED|INVALID_TOKEN/)
      assert.match(await there(token), /TOKEN_REVOKED|INVALID_TOKEN/)
    }
    assert.equal((await flow.refresh(ofPeople.refresh_token)).body.error, 'invalid_grant')
    for (const token of foreign) assert.equal(await judge(auth, token), 'good')
    const { clientSecret, apiKeys } = await auth.credentials(TENANT, PLANNER)
    assert.deepEqual([clientSecret, apiKeys], [secretBefore, []])
    const again = await grant(clientSecret, PLANNER)
    assert.equal(again.status, 200)
    assert.equal(await judge(auth, again.body.access_token), 'good')
  })

  it('that is renewed loses its API keys too, and its secret', async () => {
    const key = await auth.mintApiKey('fabrikam', 'ledger', 'till')
    const token = await mint(auth, { app: 'ledger' }, 'fabrikam')
    const { clientId, clientSecret, apiKeys } = await auth.credentials('fabrikam', 'ledger')
    assert.deepEqual(
      apiKeys.map(({ label }) => label),
      ['till'],
    )
    assert.equal((await call(serverKey, 'POST', '/apps/ledger/renew?tenant=fabrikam')).status, 200)
    assert.equal(await judge(auth, key), 'INVALID_TOKEN')
    assert.equal(await judge(auth, token), 'TOKEN_REVOKED')
    assert.equal((await grant(clientSecret, clientId)).status, 401)
  })
})

describe('what a minted token mints', () => {
  it('ends with it at the latest, however long the chain and whatever is asked for', async () => {
    const first = await auth.mintToken({ tenant: 'contoso', for: { operator: true }, ttlSeconds: 600 })
    const { exp: end = 0 } = decodeJwt(first.token)
    let last = first.token
    for (let link = 0; link < 3; link++) {
      for (const whose of [{ user: BOB }, { app: 'demo-app' }, { operator: true }]) {
        for (const ttl of [{}, { ttlSeconds: MONTH }]) {
          const { status, body } = await call(last, 'POST', '/tokens', { ...whose, ...ttl })
          assert.equal(status, 200)
          assert.equal(decodeJwt(body.token).exp, end)
          assert.ok(body.expiresInSeconds <= 600)
          if ('operator' in whose) last = body.token
        }
      }
    }
    const shorter = await call(last, 'POST', '/tokens', { user: BOB, ttlSeconds: 60 })
    assert.equal(shorter.body.expiresInSeconds, 60)
    server.clock.aheadMs += 601_000
    try {
      for (const token of [last, first.token])
        assert.equal((await call(token, 'POST', '/tokens', { operator: true })).body.code, 'TOKEN_EXPIRED')
    } finally {
      server.clock.aheadMs -= 601_000
    }
  })

  it('by the server’s own key lives as long as is asked for, a month at most', async () => {
    const { body } = await call(serverKey, 'POST', '/tokens', {
      tenant: 'contoso',
      user: BOB,
      ttlSeconds: MONTH,
    })
    assert.equal(body.expiresInSeconds, MONTH)
    const more = await call(serverKey, 'POST', '/tokens', {
      tenant: 'contoso',
      user: BOB,
      ttlSeconds: MONTH + 1,
    })
    assert.equal(more.status, 400)
  })
})
