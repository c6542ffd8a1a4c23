// Whoever tries secrets and links is slowed down, and nobody else is.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { ATTEMPT_LIMITS, Attempts, networkOf } from '../../server/src/auth/attempts.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { type AuthServer, authServer, DEMO_APP } from './auth-server.ts'

const LEDGER = '1ed9e400-0000-4000-8000-000000000001'

describe('failed attempts', () => {
  let nowMs = 1_000_000_000_000
  const now = () => new Date(nowMs)
  const fail = (attempts: Attempts, client: string, address: string, times: number) => {
    let counted = 0
    for (let i = 0; i < times; i++) {
      if (attempts.waitSeconds({ client, address }) !== null) continue
      attempts.failed({ client, address })
      counted += 1
    }
    return counted
  }

  it('are let through up to the limit of each kind, and one more after the time that is named', () => {
    const { ofPair, ofAddress, ofClient } = ATTEMPT_LIMITS
    const onePair = new Attempts(now)
    assert.equal(fail(onePair, 'a', '192.0.2.1', 1000), ofPair)
    const wait = onePair.waitSeconds({ client: 'a', address: '192.0.2.1' })
    assert.ok(wait !== null && wait > 0 && wait <= 60)
    nowMs += wait * 1000
    assert.equal(fail(onePair, 'a', '192.0.2.1', 1000), 1)
    nowMs += 60_000
    assert.equal(fail(onePair, 'a', '192.0.2.1', 1000), ofPair, 'and all of them after a minute')

    const oneAddress = new Attempts(now)
    let sum = 0
    for (let client = 0; client < 1000; client++) sum += fail(oneAddress, `c${client}`, '192.0.2.1', 1)
    assert.equal(sum, ofAddress)

    const oneClient = new Attempts(now)
    sum = 0
    for (let n = 0; n < 1000; n++) sum += fail(oneClient, 'a', `10.0.${n >> 8}.${n & 255}`, 1)
    assert.equal(sum, ofClient)
  })

  it('of one keep no other client and no other address waiting', () => {
    const attempts = new Attempts(now)
    fail(attempts, 'a', '192.0.2.1', 1000)
    assert.equal(attempts.waitSeconds({ client: 'b', address: '192.0.2.1' }), null)
    assert.equal(attempts.waitSeconds({ client: 'a', address: '192.0.2.2' }), null)
    // Who came in lately is not asked about what others do at the address, or in the client’s name.
    attempts.succeeded({ client: 'good', address: '192.0.2.1' })
    for (let n = 0; n < 1000; n++) {
      fail(attempts, `x${n}`, '192.0.2.1', 1)
      fail(attempts, 'good', `10.1.${n >> 8}.${n & 255}`, 1)
    }
    assert.equal(attempts.waitSeconds({ client: 'good', address: '192.0.2.1' }), null)
    assert.notEqual(attempts.waitSeconds({ client: 'new', address: '192.0.2.1' }), null)
  })

  it('take a bounded memory, whoever invents clients and addresses', () => {
    const attempts = new Attempts(now)
    for (let n = 0; n < 11_000; n++) {
      attempts.failed({
        client: `${n}${'x'.repeat(5000)}`,
        address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      })
      attempts.succeeded({ client: `g${n}`, address: '192.0.2.1' })
    }
    assert.ok(attempts.remembered === 20_000, String(attempts.remembered))
  })

  it('by IPv6 are counted by network, however the address is written', () => {
    assert.equal(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:2:ffff:ffff:ffff:ffff'))
    assert.notEqual(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:3::1'))
    assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1')
    assert.equal(networkOf('fe80::1%eth0'), networkOf('fe80::2'))
    assert.equal(networkOf('::1'), '0:0:0:0::/64')
    fc.assert(
      fc.property(fc.ipV6(), address => {
        assert.match(networkOf(address), /^(([0-9a-f]+:){4}:\/64|\d+\.\d+\.\d+\.\d+)$/)
      }),
    )
  })
})

describe('the token endpoints', () => {
  let server: AuthServer
  before(async () => {
    server = await authServer({ TRUST_PROXY: 'loopback', DEMO: 'off' })
  })
  after(() => server?.[Symbol.asyncDispose]())

  async function ask(clientId: string, secret: string, from: string, path = '/oauth2/token') {
    const answer = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'x-forwarded-for': from },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
      }),
    })
    const { error } = (await answer.json()) as { error?: string }
    return { status: answer.status, error, retryAfter: Number(answer.headers.get('retry-after')) }
  }

  it('slow whoever tries secrets, wherever they try, and let others in', async () => {
    const { clientSecret } = await server.auth.credentials('contoso', 'demo-app')
    const ledger = (await server.auth.credentials('fabrikam', 'ledger')).clientSecret
    const paths = ['/oauth2/token', '/contoso/oauth2/v2.0/token']
    const seen: number[] = []
    for (let n = 0; n < 30; n++) seen.push((await ask(DEMO_APP, 'wrong', '203.0.113.9', paths[n % 2])).status)
    assert.equal(seen.filter(status => status === 401).length, ATTEMPT_LIMITS.ofPair)
    assert.equal(seen.at(-1), 429)
    const slowed = await ask(DEMO_APP, clientSecret ?? '', '203.0.113.9')
    assert.deepEqual([slowed.status, slowed.error], [429, 'slow_down'], 'the right secret neither')
    assert.ok(slowed.retryAfter >= 1 && slowed.retryAfter <= 60)
    assert.equal((await ask(LEDGER, ledger ?? '', '203.0.113.9')).status, 200, 'another app there')
    assert.equal((await ask(DEMO_APP, clientSecret ?? '', '203.0.113.10')).status, 200, 'that app elsewhere')
    server.clock.aheadMs += slowed.retryAfter * 1000
    assert.equal((await ask(DEMO_APP, clientSecret ?? '', '203.0.113.9')).status, 200, 'after that time')
  })

  it('slow whoever tries links; a good one signs in all the same', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const seen: number[] = []
    for (let n = 0; n < 30; n++) {
      const answer = await confirmLink(server.url, `/signin?code=wrong${n}`, from('203.0.113.20'))
      seen.push(answer.status)
    }
    assert.equal(seen.filter(status => status === 410).length, ATTEMPT_LIMITS.ofPair)
    assert.equal(seen.at(-1), 429)
    const looked = await fetch(`${server.url}/signin?code=wrong`, { headers: from('203.0.113.20') })
    assert.equal(looked.status, 429)
    const bob = await server.auth.person('contoso', 'bob@contoso.example')
    for (const address of ['203.0.113.20', '203.0.113.21']) {
      const path = await server.auth.sessions.makeLink(bob)
      assert.equal((await confirmLink(server.url, path, from(address))).status, 303)
    }
  })
})
