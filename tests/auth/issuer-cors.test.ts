// Pages of an app that signs people in call the issuer from their own origin, whatever CORS_ORIGINS lists.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authServer } from './auth-server.ts'
import { northwind } from './oidc-flow.ts'

const APP = 'https://planner.northwind.example'

for (const listed of ['', 'https://other.example']) {
  test(`the issuer answers the preflights of an app's origin, with CORS_ORIGINS=${listed}`, async () => {
    await using server = await authServer({ CORS_ORIGINS: listed })
    await server.apply(northwind(), { demo: true })
    for (const path of ['/oidc/token', '/oidc/me', '/oidc/jwks']) {
      const { headers } = await fetch(`${server.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin: APP,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        },
      })
      assert.equal(headers.get('access-control-allow-origin'), APP, path)
      assert.match(headers.get('access-control-allow-methods') ?? '', /POST|GET/, path)
    }
  })
}
