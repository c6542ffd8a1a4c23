// The security log: everything that it promises a line of is done, and its line read; and no line ever holds a secret.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  SECURITY_EVENTS,
  type SecurityEvent,
  type SecurityLine,
  SecurityLog,
  STRANGERS_LINES_A_MINUTE,
} from '../../server/src/auth/security-log.ts'
import { placeHold } from '../../server/src/engine/hold/hold.ts'
import { Database } from '../../server/src/store/database.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { ALICE, DEMO_APP } from './auth-server.ts'
import { browserOf, NILS, OidcFlow, PLANNER, TENANT } from './oidc-flow.ts'

type Line = { readonly [name: string]: unknown }
const linesOf = (log: readonly string[]): Line[] =>
  log.flatMap(text => {
    const line = JSON.parse(text) as Line
    return line.log === 'security' ? [line] : []
  })

/** Nothing but what the documentation says, without what pino adds. */
const factsOf = ({ level, time, pid, hostname, log, from, requestId, ...facts }: Line) => {
  assert.equal(log, 'security')
  assert.match(String(requestId), /^[0-9a-f-]{36}$/)
  assert.equal(from, '127.0.0.1')
  return facts
}

/** Sent wherever a caller can send something: it must never be seen again. */
const SECRET = 'sesame-hunter2-0123456789-abcdefghij'

describe('the security log of a server', () => {
  let server: TestServer
  let key: string
  const done = new Set<unknown>()
  before(async () => {
    server = await testServer()
    key = server.token
  })
  after(() => server?.[Symbol.asyncDispose]())

  /** What was written while this was done. */
  async function written(work: () => Promise<unknown>): Promise<Line[]> {
    const from = server.log.length
    await work()
    const facts = linesOf(server.log.slice(from)).map(factsOf)
    for (const { event } of facts) done.add(event)
    return facts
  }

  async function call(method: string, path: string, body?: unknown, token = key) {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${path}: ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
  const operator = () => `app:${server.server.auth.installation.id}`
  const grant = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/oauth2/token`, { method: 'POST', headers, body: new URLSearchParams(fields) })

  it('is silent at the start, and at what needs no right', async () => {
    assert.deepEqual(linesOf(server.log), [])
    assert.deepEqual(await written(() => fetch(`${server.url}/signin`)), [])
    assert.deepEqual(await written(() => fetch(`${server.url}/v1.0/me`)), [], 'no credential was sent')
  })

  it('says who signed in, by which way, and who could not', async () => {
    const alice = await server.server.auth.person('contoso', 'alice@contoso.example')
    const path = await server.server.auth.sessions.makeLink(alice)
    const by = `user:${ALICE}`
    assert.deepEqual(await written(() => confirmLink(server.url, path)), [
      { event: 'sign_in', by, tenant: 'contoso', via: 'link' },
    ])
    assert.deepEqual(await written(() => confirmLink(server.url, path)), [
      { event: 'sign_in_failed', by: null, via: 'link', code: 'LINK_USED' },
    ])
    assert.deepEqual(await written(() => fetch(`${server.url}/signin?code=${SECRET}`)), [
      { event: 'sign_in_failed', by: null, via: 'link', code: 'LINK_USED' },
    ])
    const choose = (person: string, origin = server.url) =>
      fetch(`${server.url}/signin`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin },
        body: new URLSearchParams({ person }),
      })
    assert.deepEqual(await written(() => choose(ALICE)), [
      { event: 'sign_in', by, tenant: 'contoso', via: 'demo' },
    ])
    assert.deepEqual(await written(() => choose(SECRET)), [
      { event: 'sign_in_failed', by: null, via: 'demo', code: 'UNKNOWN_PERSON' },
    ])
    assert.deepEqual(await written(() => choose(ALICE, 'https://evil.example')), [
      { event: 'sign_in_failed', by: null, via: 'demo', code: 'CROSS_SITE' },
    ])
    const cookie = (await choose(ALICE)).headers.getSetCookie()[0]!.split(';')[0]!
    const signOut = () =>
      fetch(`${server.url}/signout`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin: server.url, cookie },
      })
    assert.deepEqual(await written(signOut), [{ event: 'sign_out', by, tenant: 'contoso' }])
  })

  it('says which app was given a token, and which was not', async () => {
    const { clientSecret } = await server.server.auth.credentials('contoso', 'demo-app')
    const right = { grant_type: 'client_credentials', client_id: DEMO_APP, client_secret: clientSecret ?? '' }
    assert.deepEqual(await written(() => grant(right)), [
      {
        event: 'token_granted',
        by: `app:${DEMO_APP}`,
        tenant: 'contoso',
        app: DEMO_APP,
        grant: 'client_credentials',
      },
    ])
    assert.deepEqual(await written(() => grant({ ...right, client_secret: SECRET })), [
      {
        event: 'token_refused',
        by: null,
        tenant: 'contoso',
        app: DEMO_APP,
        grant: 'client_credentials',
        code: 'invalid_client',
      },
    ])
    // A secret in the wrong field, in a header, and where the kind of grant belongs.
    const refused = { event: 'token_refused', by: null }
    assert.deepEqual(await written(() => grant({ ...right, client_id: SECRET })), [
      { ...refused, grant: 'client_credentials', code: 'invalid_client' },
    ])
    const basic = `Basic ${Buffer.from(`${SECRET}:${SECRET}`).toString('base64')}`
    assert.deepEqual(
      await written(() => grant({ grant_type: 'client_credentials' }, { authorization: basic })),
      [{ ...refused, grant: 'client_credentials', code: 'invalid_client' }],
    )
    assert.deepEqual(await written(() => grant({ grant_type: SECRET })), [
      { ...refused, grant: 'other', code: 'unsupported_grant_type' },
    ])
  })

  it('says that a token or key was not good, for every API', async () => {
    const bad = { authorization: `Bearer ${SECRET}` }
    const at: readonly (readonly [string, string, string])[] = [
      ['GET', '/api/v1/status', '/api/v1/status'],
      ['GET', `/v1.0/me?token=${SECRET}`, '/v1.0/*'],
      ['POST', '/automations/v1/events/report', '/automations/v1/events/report'],
      ['GET', '/api/v1/notifications/screen', '/api/v1/notifications/screen'],
      ['POST', '/api/v1/tokens', '/api/v1/tokens'],
    ]
    for (const [method, path] of at) {
      const [line, ...more] = await written(() => fetch(`${server.url}${path}`, { method, headers: bad }))
      assert.deepEqual(more, [], path)
      assert.equal(line?.event, 'credential_refused', path)
      assert.equal(line?.method, method)
    }
  })

  it('says what an operator made, showed and took away', async () => {
    const by = operator()
    const tenant = 'contoso'
    const expected: readonly (readonly [string, string, unknown, Line])[] = [
      [
        'POST',
        '/api/v1/tokens',
        { user: 'bob@contoso.example' },
        { event: 'token_minted', user: 'bob@contoso.example', expiresInSeconds: 43_200 },
      ],
      [
        'POST',
        '/api/v1/tokens',
        { app: 'demo-app' },
        { event: 'token_minted', app: 'demo-app', expiresInSeconds: 14_400 },
      ],
      [
        'POST',
        '/api/v1/tokens',
        { operator: true, ttlSeconds: 60 },
        { event: 'token_minted', operator: true, expiresInSeconds: 60 },
      ],
      [
        'POST',
        '/api/v1/sign-in-links',
        { user: 'bob@contoso.example' },
        { event: 'link_minted', user: 'bob@contoso.example' },
      ],
      ['GET', '/api/v1/apps/demo-app', undefined, { event: 'secret_shown', app: DEMO_APP }],
      [
        'POST',
        '/api/v1/apps/demo-app/api-keys',
        { label: SECRET },
        { event: 'api_key_minted', app: DEMO_APP },
      ],
      [
        'DELETE',
        `/api/v1/apps/demo-app/api-keys/${SECRET}`,
        undefined,
        { event: 'api_key_revoked', app: DEMO_APP },
      ],
      ['POST', '/api/v1/apps/demo-app/renew', undefined, { event: 'secret_renewed', app: DEMO_APP }],
      ['POST', '/api/v1/apps/demo-app/revoke-tokens', undefined, { event: 'tokens_revoked', app: DEMO_APP }],
      [
        'POST',
        '/api/v1/operators/revoke-tokens?tenant=contoso',
        undefined,
        { event: 'tokens_revoked', operators: true },
      ],
    ]
    for (const [method, path, body, line] of expected)
      assert.deepEqual(await written(() => call(method, path, body)), [{ by, tenant, ...line }], path)
    const bob = await server.server.auth.person('contoso', 'bob@contoso.example')
    assert.deepEqual(await written(() => call('POST', '/api/v1/users/bob@contoso.example/revoke-tokens')), [
      { event: 'tokens_revoked', by, tenant, person: bob.id },
    ])
    assert.deepEqual(await written(() => call('POST', '/api/v1/keys/rotate')), [
      { event: 'keys_rotated', by, now: false },
    ])
  })

  it('says who applied a workspace file, and which secrets of webhooks were shown', async () => {
    const alice = await server.personToken('alice')
    const by = `user:${ALICE}`
    const ref = encodeURIComponent('https://hooks.example')
    const told = { by, tenant: 'contoso', receiver: 'https://hooks.example' }
    assert.deepEqual(await written(() => call('PUT', `/api/v1/webhook-secrets/${ref}`, undefined, alice)), [
      { event: 'secret_shown', ...told },
    ])
    assert.deepEqual(await written(() => call('GET', `/api/v1/webhook-secrets/${ref}`, undefined, alice)), [
      { event: 'secret_shown', ...told },
    ])
    assert.deepEqual(
      await written(() => call('POST', `/api/v1/webhook-secrets/${ref}/rotate`, undefined, alice)),
      [{ event: 'secret_renewed', ...told }],
    )
    const workspace = `
tenants:
  - id: fabrikam
    name: ${SECRET}
    domains: [fabrikam.example]
    apps: [{ name: till, secret: ${SECRET} }]
`
    const looked = await written(() => call('POST', '/api/v1/workspace', { workspace, apply: false }))
    assert.deepEqual(looked, [], 'a look changes nothing')
    const [line] = await written(() => call('POST', '/api/v1/workspace', { workspace }))
    assert.deepEqual(line, {
      event: 'workspace_applied',
      by: operator(),
      tenant: 'fabrikam',
      changes: 3,
      prune: false,
    })
  })

  it('names who released what was on hold, and says whether it was called off', async () => {
    const hold = { by: 'restore', reason: SECRET, restored: null }
    const db = new Database(server.databaseOptions)
    await db.transaction('t', tx => placeHold(tx, hold)).finally(() => db.close())
    const by = operator()
    const later = { dueFrom: '9999-01-01T00:00:00Z' }
    const path = '/api/v1/hold/release'
    const { token } = await call('POST', '/api/v1/tokens', { operator: true, tenant: 'contoso' })
    const mail = { kind: 'mail', to: ['bob@contoso.example'], subject: 'x', text: 'x', afterMs: 86_400_000 }
    await call('POST', '/api/v1/events', { title: 'held', effects: [mail] }, token)
    const called = await written(() => call('POST', path, { ...later, cancel: true, reason: SECRET }, token))
    assert.deepEqual(called, [{ event: 'release', by, tenant: 'contoso', all: false, cancel: true }])
    assert.deepEqual(await written(() => call('POST', path, { all: true })), [
      { event: 'release', by, tenant: null, all: true, cancel: false },
    ])
  })

  it('says that the keys were rotated at once, and by whom', async () => {
    const by = operator()
    assert.deepEqual(await written(() => call('POST', '/api/v1/keys/rotate', { now: true })), [
      { event: 'keys_rotated', by, now: true },
    ])
  })

  it('has now had every line but the one that the command line writes, and nowhere a secret', () => {
    const missing = Object.keys(SECURITY_EVENTS).filter(event => !done.has(event))
    assert.deepEqual(missing, ['hold'])
    const log = server.log.join('')
    for (const part of [SECRET, SECRET.slice(0, 14), 'sds_', 'sdk_', 'sdo_', 'sdr_', 'eyJ', 'whsec_'])
      assert.ok(
        !log.includes(part),
        server.log.find(line => line.includes(part)),
      )
  })
})

describe('the security log', () => {
  it('names the app and the person of a sign-in through the issuer, and what was refused there', async () => {
    await using flow = await OidcFlow.open()
    const { log, auth } = flow.server
    const browser = await browserOf(flow, NILS)
    const nils = await auth.person(TENANT, NILS)
    const from = log.length
    const tokens = await flow.tokens(browser, 'Calendars.Read')
    const [granted, ...none] = linesOf(log.slice(from)).map(factsOf)
    assert.deepEqual(none, [])
    assert.equal(granted?.event, 'token_granted')
    assert.deepEqual([granted?.app, granted?.by], [PLANNER, `user:${nils.id}`])
    const before = log.length
    assert.equal((await flow.refresh(SECRET)).status, 400)
    assert.equal((await flow.redeem(SECRET)).status, 400)
    const refused = linesOf(log.slice(before)).map(factsOf)
    assert.deepEqual(
      refused.map(({ event, app, code }) => [event, app, code]),
      [
        ['token_refused', PLANNER, 'invalid_grant'],
        ['token_refused', PLANNER, 'invalid_grant'],
      ],
    )
    const text = log.join('')
    for (const secret of [SECRET, tokens.access_token, tokens.refresh_token, tokens.id_token])
      assert.ok(!text.includes(secret))
  })

  it('is written at every level but silent', async () => {
    for (const [level, lines] of [
      ['trace', 1],
      ['error', 1],
      ['fatal', 1],
      ['silent', 0],
    ] as const) {
      await using flow = await testServer({ LOG_LEVEL: level })
      await confirmLink(flow.url, '/signin?code=none')
      assert.equal(linesOf(flow.log).length, lines, level)
    }
  })

  const circumstances = { by: null, from: '192.0.2.1', requestId: 'r' }

  it('takes so many lines of strangers a minute, says how many it left out, and leaves out none of the others', () => {
    let nowMs = 0
    const lines: SecurityLine[] = []
    const log = new SecurityLog({ write: line => void lines.push(line), now: () => new Date(nowMs) })
    for (let i = 0; i < STRANGERS_LINES_A_MINUTE + 50; i++) log.record('token_refused', circumstances)
    assert.equal(lines.length, STRANGERS_LINES_A_MINUTE)
    for (let i = 0; i < 1000; i++) log.record('token_minted', circumstances)
    assert.equal(lines.length, STRANGERS_LINES_A_MINUTE + 1000)
    assert.deepEqual(
      lines.flatMap(({ leftOut }) => (leftOut === undefined ? [] : [leftOut])),
      [50],
    )
    nowMs += 60_000
    log.record('sign_in_failed', circumstances)
    assert.equal(lines.length, STRANGERS_LINES_A_MINUTE + 1001)
  })

  it('takes every event by name, holds and releases too, with values that are cut', () => {
    const lines: SecurityLine[] = []
    const log = new SecurityLog({ write: line => void lines.push(line), now: () => new Date(0) })
    for (const event of Object.keys(SECURITY_EVENTS) as SecurityEvent[])
      log.record(event, circumstances, {
        tenant: 'contoso',
        event: 'x'.repeat(10_000),
        by: 'y',
        hold: undefined,
      })
    assert.deepEqual(
      lines.map(line => line.event),
      Object.keys(SECURITY_EVENTS),
    )
    log.record('hold', circumstances, { hold: 'x'.repeat(10_000) })
    assert.equal(String(lines.at(-1)?.hold).length, 320)
  })
})
