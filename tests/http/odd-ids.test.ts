// Ids in every spelling, wherever an API takes one: what is none is refused or not found, and never meets the database as it is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Document, type Operation, readDescriptions } from '../support/descriptions.ts'
import { type TestServer, testServer } from '../support/server.ts'

const ODD = [
  'urn:uuid:00000000-0000-4000-8000-000000000000',
  '{00000000-0000-4000-8000-000000000000}',
  '00000000000040008000000000000000',
  '00000000-0000-4000-8000-00000000000g',
  ' 00000000-0000-4000-8000-000000000000',
  '00000000-0000-4000-8000-000000000000\n',
  'AAMkAAAA',
  'x',
  "'",
  '-1',
]

/** Which parameters of an operation are, or may be, ids. */
function idsOf({ parameters }: Operation): readonly string[] {
  return parameters
    .filter(
      ({ name, in: place, schema }) =>
        place !== 'header' && (schema.format === 'uuid' || place === 'path' || /id$|after$/i.test(name)),
    )
    .map(({ name }) => name)
}

function addressWith({ path, parameters }: Operation, odd: string, name: string): string {
  const address = path.replace(/\{(\w+)\}/g, (_, each: string) =>
    encodeURIComponent(each === name ? odd : '00000000-0000-4000-8000-000000000000'),
  )
  const isInQuery = parameters.some(each => each.in === 'query' && each.name === name)
  return isInQuery ? `${address}?${name}=${encodeURIComponent(odd)}` : address
}

async function tokenFor(server: TestServer, { address }: Document): Promise<string> {
  if (address.includes('notifications')) return `Bearer ${await server.personToken('dana')}`
  if (address.startsWith('/automations')) return await server.appToken()
  return `Bearer ${await server.personToken('alice')}`
}

test('no spelling of an id is answered by 5xx, at any address', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  let tried = 0
  for (const document of await readDescriptions(server.url)) {
    const authorization = await tokenFor(server, document)
    for (const operation of document.operations)
      for (const name of idsOf(operation)) {
        // Graph's three hundred addresses have one reader.
        for (const odd of document.address.startsWith('/v1.0') ? ODD.slice(0, 1) : ODD) {
          const { method } = operation
          const address = addressWith(operation, odd, name)
          const response = await fetch(`${server.url}${address}`, {
            method,
            redirect: 'manual',
            headers: { authorization },
          })
          const text = await response.text()
          assert.ok(response.status < 500, `${method} ${address}: ${response.status} ${text}`)
          tried += 1
        }
      }
  }
  assert.ok(tried > 700, `${tried} requests`)
})

test("a receipt's page goes on behind an id, and behind nothing else", async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  const authorization = `Bearer ${await server.personToken('alice')}`
  const headers = { authorization, 'content-type': 'application/json' }
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, { method, headers, body: JSON.stringify(body) })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  const effects = [{ kind: 'delay', title: 'later', afterMs: 86_400_000 }]
  const { body: event } = await call('POST', '/api/v1/events', { title: 'E', effects })
  const { body: cancelled } = await call('POST', `/api/v1/events/${event.id}/cancel`)
  for (const odd of ODD) {
    const { status, body } = await call('GET', `${cancelled.receipt}?after=${encodeURIComponent(odd)}`)
    assert.deepEqual([status, body.code], [400, 'INVALID_REQUEST'], odd)
  }
  const first = event.effectIds[0] as string
  for (const after of [first, first.toUpperCase()]) {
    const { status, body } = await call('GET', `${cancelled.receipt}?after=${after}`)
    assert.deepEqual([status, body.items], [200, []], 'it was the last one')
  }
})
