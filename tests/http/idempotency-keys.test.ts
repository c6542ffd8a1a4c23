// What says "the same request again" has a length in each API: taken at the limit, and refused, or passed over, beyond it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type TestServer, testServer } from '../support/server.ts'
import { type ApiCall, type ApiCalls, apiCalls, callOf } from './api-calls.ts'

let server: TestServer
let calls: ApiCalls
before(async () => {
  server = await testServer({ TLS_PORT: 'off' })
  calls = await apiCalls(server)
})
after(() => server?.[Symbol.asyncDispose]())

function find(path: string): ApiCall {
  return calls.find(call => call.path === path && call.method === 'POST')!
}

function withHeader(call: ApiCall, name: string, length: number): ApiCall {
  return { ...call, headers: { ...call.headers, [name]: 'k'.repeat(length) } }
}

test('native: 200 characters, by either header', async () => {
  for (const header of ['idempotency-key', 'client-request-id']) {
    const call = find('/api/v1/events')
    const first = await callOf(server, withHeader(call, header, 200))
    assert.ok(first.status < 300, first.text)
    const again = await callOf(server, withHeader(call, header, 200))
    assert.equal(JSON.parse(again.text).id, JSON.parse(first.text).id)
    const over = await callOf(server, withHeader(call, header, 201))
    assert.deepEqual([over.status, JSON.parse(over.text).code], [400, 'INVALID_REQUEST'])
  }
})

test("Wix: 80 characters in a report, 200 in a cancel's header", async () => {
  const report = find('/automations/v1/events/report')
  const keyed = (length: number): ApiCall => ({
    ...report,
    body: JSON.stringify({ ...JSON.parse(report.body!), idempotency: { key: 'k'.repeat(length) } }),
  })
  assert.equal((await callOf(server, keyed(80))).status, 200)
  assert.equal(JSON.parse((await callOf(server, keyed(80))).text).activationIds.length, 0, 'the same again')
  assert.equal((await callOf(server, keyed(81))).status, 400)
  const cancel = find('/automations/v1/events/cancel')
  const first = await callOf(server, withHeader(cancel, 'idempotency-key', 200))
  assert.equal(first.status, 200)
  const again = await callOf(server, withHeader(cancel, 'idempotency-key', 200))
  assert.equal(again.headers.get('standdown-receipt'), first.headers.get('standdown-receipt'))
  assert.equal((await callOf(server, withHeader(cancel, 'idempotency-key', 201))).status, 400)
})

test('Graph: 128 characters; a longer one is passed over', async () => {
  const list = calls.find(({ path, method }) => path === '/v1.0/me/events' && method === 'GET')!
  const at = await callOf(server, withHeader(list, 'client-request-id', 128))
  assert.equal(at.headers.get('client-request-id'), 'k'.repeat(128))
  const over = await callOf(server, withHeader(list, 'client-request-id', 129))
  assert.equal(over.headers.get('client-request-id'), over.headers.get('request-id'))
})
