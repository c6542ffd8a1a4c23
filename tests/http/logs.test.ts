import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fault } from '../../server/src/core/fault.ts'
import { loggedError, scrub } from '../../server/src/http/log.ts'
import { authServer, DEMO_APP } from '../auth/auth-server.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { httpServer } from './http-server.ts'

describe('the log', () => {
  it('holds no secret, whatever way it was sent and whatever became of it', async () => {
    await using server = await authServer()
    const { clientSecret, instances } = await server.auth.credentials('contoso', 'demo-app')
    const { token } = await server.auth.mintToken({ tenant: 'contoso', for: { app: 'demo-app' } })
    const apiKey = await server.auth.mintApiKey('contoso', 'demo-app', 'log')
    const operator = await server.auth.mintAdminToken()
    const path = await server.auth.sessions.makeLink(
      await server.auth.person('contoso', 'bob@contoso.example'),
    )
    const code = path.split('=')[1]!
    const secrets = [clientSecret!, instances[0]!.refreshToken, token, apiKey, operator, code, 'hunter2']
    const json = (body: unknown) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    for (const secret of secrets) {
      await fetch(`${server.url}/whoami`, {
        headers: { authorization: `Bearer ${secret}`, cookie: `session=${secret}` },
      })
      await fetch(`${server.url}/whoami?access_token=${secret}&x=${secret}`, {
        headers: { authorization: secret },
      })
      await fetch(
        `${server.url}/oauth2/token`,
        json({ client_id: DEMO_APP, client_secret: secret, grant_type: 'client_credentials' }),
      )
      await fetch(
        `${server.url}/oauth2/token`,
        json({ client_id: DEMO_APP, client_secret: secret, grant_type: secret }),
      )
      await fetch(
        `${server.url}/oauth/access`,
        json({
          client_id: DEMO_APP,
          client_secret: clientSecret,
          refresh_token: secret,
          grant_type: 'refresh_token',
        }),
      )
      await fetch(`${server.url}/oauth2/token-info`, json({ token: secret }))
      await fetch(`${server.url}/oauth2/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"client_secret":"${secret}"`,
      })
      await fetch(`${server.url}/signin?code=${secret}`, { redirect: 'manual' })
      await confirmLink(server.url, `/signin?code=${secret}`)
      await fetch(`${server.url}/oidc/token`, {
        method: 'POST',
        body: new URLSearchParams({ code: secret, client_secret: secret, grant_type: 'authorization_code' }),
      })
      await fetch(`${server.url}/oidc/auth?client_id=${DEMO_APP}&code_challenge=${secret}`)
    }
    const text = server.log.join('')
    assert.ok(server.log.length > 100, 'something was logged')
    for (const secret of secrets) assert.ok(!text.includes(secret), secret.slice(0, 8))
  })

  it('holds what went wrong, scrubbed', async () => {
    await using server = await httpServer({
      routes: app =>
        void app.get('/broken', async () => {
          throw Object.assign(new Error('connect postgres://u:hunter2@db failed for Bearer abc.def'), {
            parameters: ['hunter2'],
            detail: 'Key (secret)=(hunter2)',
          })
        }),
    })
    await fetch(`${server.url}/broken`)
    const line = server.log.find(each => each.includes('request failed'))!
    assert.ok(line.includes('connect postgres://[redacted]@db failed for Bearer [redacted]'), line)
    assert.ok(!server.log.join('').includes('hunter2'))
  })

  it('has no error for what is asked for and not offered: anybody could fill it', async () => {
    await using server = await httpServer({
      routes: app => {
        app.get('/missing', async () => {
          throw new Fault('NOT_OFFERED', 501, 'This is not offered.')
        })
        app.get('/broken', async () => {
          throw new Error('broken')
        })
      },
    })
    const errors = () => server.log.filter(line => JSON.parse(line).level >= 50)
    assert.equal((await fetch(`${server.url}/missing`)).status, 501)
    assert.deepEqual(errors(), [])
    assert.equal((await fetch(`${server.url}/broken`)).status, 500)
    assert.equal(errors().length, 1)
  })

  it('scrubs what looks like a credential and leaves the rest', () => {
    assert.equal(scrub('client_secret=abc&x=1'), 'client_secret=[redacted]&x=1')
    assert.equal(scrub('{"refresh_token":"abc","a":"b"}'), '{"refresh_token":"[redacted]","a":"b"}')
    assert.equal(scrub('sdk_0123456789 eyJhbGci.eyJzdWIi.c2ln'), '[key] [token]')
    assert.equal(scrub('meeting 7 moved to room 3'), 'meeting 7 moved to room 3')
    assert.equal(loggedError('plain').message, 'plain')
  })
})
