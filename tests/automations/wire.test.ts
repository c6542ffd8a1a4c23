// The four calls over HTTP, on the whole server: paths, answers, rights.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { DEMO_TENANT } from '../support/server.ts'
import { applicationError, wixServer } from './wix-calls.ts'

const wix = wixServer()
const { call } = wix

test('report, cancel, and their bulk forms answer at every path with 200 and JSON', async () => {
  for (const path of ['/automations/v1/events', '/v1/events', '/_api/esb-config-resolver/v1/events']) {
    const externalEntityId = randomUUID()
    const triggerKey = 'my_trigger'
    const report = await call('report', { path, body: { triggerKey, externalEntityId, payload: { a: 1 } } })
    assert.equal(report.status, 200)
    assert.equal((report.json.activationIds as string[]).length, 1)
    assert.match(report.headers.get('x-wix-request-id')!, /^[0-9a-f-]{36}$/)
    const cancel = await call('cancel', { path, body: { triggerKey, externalEntityId } })
    assert.deepEqual([cancel.status, cancel.text], [200, '{}'])
    assert.match(cancel.headers.get('content-type')!, /^application\/json/)
    const bulk = await call('bulk-report', {
      path,
      body: { triggerKey, eventsInfo: [{ externalEntityId }, {}] },
    })
    assert.equal(bulk.status, 200)
    const cancels = await call('bulk-cancel', {
      path,
      body: { triggerKey, externalEntityIds: [externalEntityId] },
    })
    assert.equal(cancels.status, 200)
  }
  const rise = await call('report', { path: '/workflows/v1/events', body: { triggerKey: 'my_trigger' } })
  assert.equal(rise.status, 200)
})

test('a cancel names its receipt, which the app may read, and which tells what was prevented', async () => {
  const externalEntityId = randomUUID()
  const triggerKey = 'appointment_starting'
  const startsAt = new Date(Date.now() + 40 * 86_400_000).toISOString()
  await call('report', { body: { triggerKey, externalEntityId, payload: { startsAt, title: 'Check-up' } } })
  const cancel = await call('cancel', { body: { triggerKey, externalEntityId } })
  const address = cancel.headers.get('standdown-receipt')!
  assert.match(address, /^\/api\/v1\/receipts\/[0-9a-f-]{36}$/)
  const headers = { authorization: `Bearer ${wix.token}`, accept: 'application/json' }
  const receipt = (await (await fetch(`${wix.origin}${address}?wait=10`, { headers })).json()) as {
    items: object[]
    innerSteps: { outcome: string; next: string[] }[]
  }
  // It was called off while it waited to begin.
  assert.equal(receipt.items.length, 0)
  assert.equal(receipt.innerSteps.length, 1)
  assert.equal(receipt.innerSteps[0]!.outcome, 'prevented')
  assert.equal(receipt.innerSteps[0]!.next.length, 5)
})

test('bulk: success and failure item by item, with the place in the request; duplicates are one cancel', async () => {
  const externalEntityId = randomUUID()
  const eventsInfo = [
    { payload: { n: 1 }, externalEntityId, idempotency: { key: randomUUID() } },
    { payload: { _n: 2 } },
    { payload: { n: 3 } },
  ]
  const { json } = await call('bulk-report', { body: { triggerKey: 'my_trigger', eventsInfo } })
  type Item = {
    itemMetadata: { originalIndex: number; success: boolean; error?: { code: string; data: object } }
  }
  const results = json.results as (Item & { eventInfo: unknown; activationIds: string[] })[]
  assert.equal(json.triggerKey, 'my_trigger')
  assert.deepEqual(json.bulkActionMetadata, { totalSuccesses: 2, totalFailures: 1, undetailedFailures: 0 })
  assert.deepEqual(
    results.map(({ itemMetadata, eventInfo, activationIds }) => [
      itemMetadata.originalIndex,
      itemMetadata.success,
      itemMetadata.error?.code,
      eventInfo,
      activationIds.length,
    ]),
    [
      [0, true, undefined, eventsInfo[0], 1],
      [1, false, 'INVALID_ARGUMENT', eventsInfo[1], 0],
      [2, true, undefined, eventsInfo[2], 1],
    ],
  )
  const other = randomUUID()
  const cancel = await call('bulk-cancel', {
    body: {
      triggerKey: 'my_trigger',
      externalEntityIds: [externalEntityId, other, externalEntityId.toUpperCase()],
    },
  })
  const cancelled = cancel.json.results as (Item & { externalEntityId: string })[]
  assert.deepEqual(
    cancelled.map(({ itemMetadata, externalEntityId }) => [itemMetadata, externalEntityId]),
    [externalEntityId, other, externalEntityId.toUpperCase()].map((id, originalIndex) => [
      { id, originalIndex, success: true },
      id,
    ]),
  )
  assert.equal(cancel.headers.get('standdown-receipt')!.split(', ').length, 2)
})

test('a repeat of an idempotency key is acknowledged and starts nothing', async () => {
  const body = { triggerKey: 'my_trigger', idempotency: { key: randomUUID(), ttlInMilliseconds: '60000' } }
  const first = await call('report', { body })
  const second = await call('report', { body })
  assert.equal((first.json.activationIds as string[]).length, 1)
  assert.deepEqual([second.status, second.json], [200, { activationIds: [] }])
})

test('the same cancel again gets the same receipt, with an Idempotency-Key or without; a key is per pair', async () => {
  const body = { triggerKey: 'my_trigger', externalEntityId: randomUUID() }
  await call('report', { body })
  const receipts = []
  for (const headers of [{}, {}, { 'idempotency-key': 'a' }, { 'idempotency-key': 'a' }]) {
    receipts.push(
      (await call('cancel', { body, headers: headers as Record<string, string> })).headers.get(
        'standdown-receipt',
      ),
    )
  }
  assert.equal(receipts[0], receipts[1])
  assert.equal(receipts[2], receipts[3])
  const other = { ...body, externalEntityId: randomUUID() }
  const elsewhere = await call('cancel', { body: other, headers: { 'idempotency-key': 'a' } })
  assert.notEqual(elsewhere.headers.get('standdown-receipt'), receipts[2])
  const long = await call('cancel', { body, headers: { 'idempotency-key': 'x'.repeat(201) } })
  assert.deepEqual([long.status, applicationError(long).code], [400, 'INVALID_IDEMPOTENCY_KEY'])
})

test('401 without a good token, 403 without the right, all in Wix’s shape', async () => {
  const body = { triggerKey: 'my_trigger', externalEntityId: randomUUID() }
  for (const bad of [null, '', 'Bearer', 'nonsense', `${wix.token}x`]) {
    for (const method of ['report', 'cancel']) {
      const answer = await call(method, { token: bad, body })
      assert.deepEqual([answer.status, applicationError(answer).code], [401, 'UNAUTHENTICATED'], String(bad))
      assert.ok(answer.headers.get('x-wix-request-id'))
    }
  }
  const setup = await wix.server.appToken(['SCOPE.CRM.SETUP-AUTOMATIONS'])
  assert.equal((await call('report', { token: setup, body })).status, 200)
  const other = await wix.server.appToken(['Receipts.Read'])
  const person = await wix.server.personToken('alice')
  const refused: [string, string][] = [
    ['cancel', setup],
    ['bulk-cancel', setup],
    ['report', other],
    ['bulk-report', other],
    ['cancel', other],
    ['report', person],
    ['cancel', person],
  ]
  for (const [method, who] of refused) {
    const answer = await call(method, { token: who, body })
    assert.deepEqual([answer.status, applicationError(answer).code], [403, 'PERMISSION_DENIED'], method)
  }
  for (const form of [`Bearer ${wix.token}`, `bearer ${wix.token}`]) {
    assert.equal((await call('cancel', { token: form, body })).status, 200)
  }
})

test("an unknown key and another app's key are refused in the very same way", async () => {
  const demo = await readFile(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
  const second = `    apps:
      - name: second-app
        clientId: 5ec0d000-0000-4000-8000-000000000001
        scopes: [SCOPE.DC.MANAGE-YOUR-APP]
        sites:
          - name: Demo site
            siteId: 517e0000-0000-4000-8000-000000000007
            instanceId: 5ec0d000-0000-4000-8000-000000000002
`
  await wix.server.server.workspace.apply(demo.replace('    apps:\n', second), { apply: true, demo: true })
  const { token: theirs } = await wix.server.server.auth.mintToken({
    tenant: DEMO_TENANT,
    for: { app: 'second-app' },
  })
  const externalEntityId = randomUUID()
  await call('report', { body: { triggerKey: 'my_trigger', externalEntityId } })
  const details = {
    externalEntityIds: [externalEntityId],
    eventsInfo: [{ externalEntityId }],
    externalEntityId,
  }
  for (const method of ['report', 'cancel', 'bulk-report', 'bulk-cancel']) {
    const [foreign, unknown] = await Promise.all(
      ['my_trigger', 'nobody_has_this'].map(async triggerKey => {
        const { status, text, headers } = await call(method, {
          token: theirs,
          body: { triggerKey, ...details },
        })
        const named = [...headers.keys()].filter(name => name !== 'date').sort()
        return { status, text, named, length: headers.get('content-length') }
      }),
    )
    assert.deepEqual(foreign, unknown)
    assert.equal(foreign!.status, 403)
    const description = 'The calling app does not own this trigger key.'
    assert.deepEqual(JSON.parse(foreign!.text), {
      message: description,
      details: { applicationError: { code: 'PERMISSION_DENIED', description, data: {} } },
    })
  }
})
