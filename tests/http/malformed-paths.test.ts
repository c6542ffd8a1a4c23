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
