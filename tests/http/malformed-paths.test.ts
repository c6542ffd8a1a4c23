// A path whose percent signs are no encoding of UTF-8: whichever API was meant answers, in its own shape.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isUndecodable, requestPath } from '../../server/src/http/request-path.ts'
import { type TestServer, testServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await testServer({ TLS_PORT: 'off' })
})
after(() => server?.[Symbol.asyncDispose]())

const BROKEN = ['%E0%A4%A', '%', '%zz', '100%25%', '%FF']

async function answer(path: string, authorization: string) {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: '{}',
  })
  return { response, body: JSON.parse(await response.text()) }
}

test('Graph says BadRequest', async () => {
  const token = await server.personToken('alice')
  for (const version of ['v1.0', 'beta', 'docs/api']) {
    for (const id of BROKEN) {
      const { response, body } = await answer(`/${version}/me/events/${id}/cancel`, `Bearer ${token}`)
      assert.equal(response.status, 400, id)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      assert.equal(body.error.code, 'BadRequest')
      assert.equal(body.error.innerError['request-id'], response.headers.get('request-id'))
    }
  }
})

test('Wix gives a message and an applicationError', async () => {
  const token = await server.appToken()
  const prefixes = ['/automations/v1/events', '/v1/events', '/_api/esb-config-resolver/v1/events']
  for (const prefix of prefixes.concat('/workflows/v1/events')) {
    for (const part of BROKEN) {
      const { response, body } = await answer(`${prefix}/${part}`, token)
      assert.equal(response.status, 400, part)
      assert.equal(body.details.applicationError.code, 'BAD_REQUEST')
      assert.deepEqual(Object.keys(body).sort(), ['details', 'message'])
    }
  }
})

test('the native API, the notifications and everything else give a problem', async () => {
  const token = await server.personToken('alice')
  for (const path of ['/api/v1/events/', '/api/v1/notifications/offers/', '/mail/', '/']) {
    for (const part of BROKEN) {
      const { response, body } = await answer(`${path}${part}`, `Bearer ${token}`)
      assert.equal(response.status, 400, `${path}${part}`)
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal(body.code, 'BAD_REQUEST')
    }
  }
})

test('a NUL in an address is refused by the API that was meant, and a twice encoded one is data', async () => {
  const alice = `Bearer ${await server.personToken('alice')}`
  const dana = `Bearer ${await server.personToken('dana')}`
  const get = async (path: string, authorization: string) => {
    const answer = await fetch(`${server.url}${path}`, { headers: { authorization } })
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }
  for (const path of [
    '/api/v1/receipts?key=a%00',
    '/api/v1/receipts?cancellationToken=%00',
    '/api/v1/receipts?correlationId=%00',
    '/api/v1/receipts?triggerKey=a%00&externalEntityId=b',
    '/api/v1/mail/%00',
  ]) {
    const { status, body } = await get(path, alice)
    assert.deepEqual([status, body.code], [400, 'UNSTORABLE_TEXT'], path)
  }
  const offers = await get('/api/v1/notifications/offers?channel=%00&cancellationToken=%00', dana)
  assert.deepEqual([offers.status, offers.body.code], [400, 'UNSTORABLE_TEXT'])
  const graph = await get('/v1.0/users/%00', alice)
  assert.deepEqual([graph.status, graph.body.error.code], [400, 'BadRequest'])
  const wix = await answer('/v1/events/cancel?%00', await server.appToken())
  assert.deepEqual([wix.response.status, typeof wix.body.details], [400, 'object'])
  assert.equal((await get('/api/v1/receipts?key=a%2500', alice)).status, 200)
})

test('a method that Graph does not have is 405 in its shape', async () => {
  const token = await server.personToken('alice')
  for (const method of ['PROPFIND', 'PUT']) {
    const response = await fetch(`${server.url}/v1.0/me/events`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    })
    const body = JSON.parse(await response.text())
    assert.deepEqual([response.status, body.error.code], [405, 'MethodNotAllowed'], method)
    assert.equal(response.headers.get('allow'), 'GET, POST')
  }
})

test('a percent sign that is well encoded is data, and in a query it never matters', async () => {
  const token = await server.personToken('alice')
  const { response, body } = await answer('/v1.0/me/events/100%25/cancel', `Bearer ${token}`)
  assert.deepEqual([response.status, body.error.code], [400, 'ErrorInvalidIdMalformed'])
  const list = await fetch(`${server.url}/v1.0/me/events?x=%E0`, {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.notEqual(list.status, 500)
  assert.equal(requestPath('/a/%zz?b=%zz'), '/a/%25zz?b=%zz')
  assert.equal(requestPath('/a/%C3%A4'), '/a/%C3%A4')
  assert.equal(isUndecodable('https://graph.microsoft.com/v1.0/%zz'), true)
  assert.equal(isUndecodable('/v1.0/%C3%A4?x=%zz'), false)
})
