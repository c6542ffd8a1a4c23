// Every API is called well and badly, with the secrets that its callers send and those that the server keeps, while
// everything is logged: none of them is in the log.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpReceiver } from '../support/http-receiver.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { type ApiCall, apiCalls, callOf } from './api-calls.ts'

/** What may stand in a body, an address or a header and is nobody's business. */
const MARKER = 'hunter2-hunter2'

test('whatever is called, and however badly, no secret is in the log', async t => {
  await using server = await testServer({ LOG_LEVEL: 'trace' })
  const receiver = await httpReceiver()
  t.after(() => receiver.close())
  const calls = await apiCalls(server)
  const secrets = new Set([MARKER, ...(await keptSecrets(server, receiver.url))])
  for (const call of calls) for (const secret of secretsOf(call)) secrets.add(secret)
  assert.ok(secrets.size > 8, 'tokens, a session, an app’s secret, a webhook’s secret')

  const logged = server.log.length
  for (const call of calls) for (const variant of variantsOf(call)) await callOf(server, variant)
  // Where the other end hears a secret and gives it back.
  receiver.answer = () => ({ status: 500, body: MARKER, headers: { 'x-secret': MARKER } })
  const native = calls.find(({ path }) => path === '/api/v1/events') as ApiCall
  const body = JSON.stringify({
    title: 'Called',
    effects: [{ kind: 'webhook', url: `${receiver.url}/hook?token=${MARKER}`, payload: { a: MARKER } }],
  })
  const announced = await callOf(server, { ...native, method: 'POST', body })
  assert.equal(announced.status, 201, announced.text)
  await receiver.arrived(1)
  // The second attempt: the first has been settled and told of.
  await server.advance(60_000)

  assert.ok(server.log.length - logged > calls.length * 3, `${server.log.length - logged} lines`)
  const log = server.log.join('')
  for (const secret of secrets) {
    const line = server.log.find(each => each.includes(secret))
    assert.ok(!log.includes(secret), line?.replaceAll(secret, '<here>'))
  }
})

function secretsOf({ headers, body }: ApiCall): readonly string[] {
  const { authorization, cookie } = headers
  const sent = [authorization?.replace(/^Bearer /, ''), cookie?.split('=')[1]]
  const { client_secret: ofApp } = JSON.parse(body ?? '{}') as { client_secret?: string }
  // Of a signed token, the signature is what nobody else can make.
  return [...sent, ...sent.map(token => token?.split('.')[2]), ofApp].filter(
    secret => secret !== undefined && secret.length > 10,
  ) as string[]
}

async function keptSecrets(server: TestServer, receiver: string): Promise<readonly string[]> {
  const token = await server.personToken('alice')
  const path = `/api/v1/webhook-secrets/${encodeURIComponent(receiver)}`
  const response = await fetch(`${server.url}${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}` },
  })
  const { secrets } = (await response.json()) as { secrets: readonly { secret: string }[] }
  const key = await server.server.auth.mintApiKey('contoso', 'demo-app', 'log')
  const admin = await server.server.auth.mintAdminToken()
  return [...secrets.map(({ secret }) => secret.replace('whsec_', '')), key, admin]
}

function variantsOf(call: ApiCall): readonly ApiCall[] {
  const { path, headers, body } = call
  const json = { ...headers, 'content-type': 'application/json' }
  const withBody = (text: string): ApiCall => ({
    ...call,
    method: call.method === 'GET' ? 'POST' : call.method,
    headers: json,
    body: text,
  })
  const token = secretsOf(call)[0] ?? MARKER
  return [
    call,
    { ...call, path: `${path}${path.includes('?') ? '&' : '?'}access_token=${token}&token=${MARKER}` },
    { ...call, headers: { ...headers, authorization: `Bearer ${MARKER}`, cookie: `session=${MARKER}` } },
    { ...call, headers: { ...headers, authorization: `Basic ${MARKER}`, 'x-api-key': MARKER } },
    withBody(`{"password":"${MARKER}","client_secret":"${token}"`),
    withBody(JSON.stringify({ ...JSON.parse(body ?? '{}'), password: MARKER, token })),
    withBody(JSON.stringify([MARKER, token])),
  ]
}
