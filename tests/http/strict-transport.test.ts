// Strict-Transport-Security: said over HTTPS where the public URL is HTTPS under a name of its own, and nowhere else.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { strictTransport } from '../../server/src/http/security-headers.ts'
import { authServer } from '../auth/auth-server.ts'
import { httpServer } from './http-server.ts'

const HEADER = 'strict-transport-security'
const PUBLIC = { PUBLIC_URL: 'https://desk.example', TRUST_PROXY: 'loopback' }
const OVER_TLS = { 'x-forwarded-proto': 'https' }

async function said(url: string, headers: Record<string, string> = {}): Promise<string | null> {
  return (await fetch(url, { headers, redirect: 'manual' })).headers.get(HEADER)
}

describe('Strict-Transport-Security', () => {
  it('is short by default, and as long as HSTS says', async () => {
    for (const [hsts, header] of [
      [{}, 'max-age=86400'],
      [{ HSTS: '365d' }, 'max-age=31536000'],
      [{ HSTS: '1h' }, 'max-age=3600'],
      [{ HSTS: 'off' }, null],
    ] as const) {
      await using server = await httpServer({ env: { ...PUBLIC, ...hsts } })
      assert.equal(await said(`${server.url}/healthz`, OVER_TLS), header, JSON.stringify(hsts))
      assert.equal(await said(`${server.url}/nothing`, OVER_TLS), header, 'on errors too')
    }
  })

  it('is not said over plain HTTP, nor because a stranger’s header claims TLS', async () => {
    await using server = await httpServer({ env: PUBLIC })
    assert.equal(await said(`${server.url}/healthz`), null)
    await using direct = await httpServer({ env: { PUBLIC_URL: 'https://desk.example' } })
    assert.equal(await said(`${direct.url}/healthz`, OVER_TLS), null)
  })

  it('is said by every route, those of the issuer too', async () => {
    await using server = await authServer({ ...PUBLIC, DEMO: 'off' })
    const { port } = server.http.app.server.address() as { port: number }
    for (const path of ['/signin', '/oidc/jwks', '/oidc/auth', '/oauth2/token', '/api/v1/tokens'])
      assert.equal(await said(`http://127.0.0.1:${port}${path}`, OVER_TLS), 'max-age=86400', path)
  })

  it('is for names only: a browser keeps to it on every port of them', () => {
    const seconds = 60
    for (const publicUrl of [
      null,
      'http://desk.example',
      'https://localhost:7743',
      'https://127.0.0.1',
      'https://[::1]:7743',
      'https://192.0.2.7',
      'https://[2001:db8::1]',
      'https://a.localhost',
    ])
      assert.equal(strictTransport({ publicUrl, seconds }), null, String(publicUrl))
    assert.equal(strictTransport({ publicUrl: 'https://desk.example:8443', seconds }), 'max-age=60')
  })
})
