// What the tests of a key that many apps have share: announcing under it, cancelling by it, and reading the answer.

import assert from 'node:assert/strict'
import { type NativeServer, type Reply, TENANT } from '../native-server.ts'

export const LATER = {
  kind: 'mail',
  to: ['bob@contoso.example'],
  subject: 'Your order',
  text: 'It is on its way.',
  afterMs: 86_400_000,
}

export const OLD = { tenant: TENANT, kind: 'native.event', entity: 'k', title: 'Old', data: {}, effects: [] }

export async function announce(server: NativeServer, who: string, body: object): Promise<string> {
  const reply = await server.call(who, 'POST', '/api/v1/events', {
    body: { title: `of ${who}`, effects: [LATER], ...body },
  })
  assert.equal(reply.status, 201, reply.text)
  return reply.json().id
}

export const cancel = (
  server: NativeServer,
  who: string,
  body: object,
  requestKey?: string,
): Promise<Reply> =>
  server.call(who, 'POST', '/api/v1/cancellations', {
    body,
    headers: requestKey === undefined ? {} : { 'idempotency-key': requestKey },
  })

export const state = async (server: NativeServer, id: string): Promise<string> =>
  (await server.call('olga', 'GET', `/api/v1/events/${id}`)).json().state
