// The demo's own receiver answers as docs/webhooks.md asks: what is called off while it is being called ends with what is true.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { DEMO_WEBHOOK_PATH, DemoReceiver } from '../../server/src/apis/operations/demo-receiver.ts'
import { testServer } from '../support/server.ts'

const TARGET = { triggerKey: 'my_trigger', externalEntityId: '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c' }

test('the two calls of the banner, one right behind the other: nothing ends in doubt', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  const authorization = await server.appToken()
  const post = (verb: string) =>
    fetch(`${server.url}/automations/v1/events/${verb}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(TARGET),
    })
  const bearer = { authorization: `Bearer ${await server.personToken('alice')}` }
  for (let round = 0; round < 20; round++) {
    assert.equal((await post('report')).status, 200)
    const receipt = (await post('cancel')).headers.get('standdown-receipt')
    const final = await fetch(`${server.url}${receipt}?wait=40`, { headers: bearer })
    const { state, counts } = (await final.json()) as { state: string; counts: { in_doubt: number } }
    assert.deepEqual([state, counts.in_doubt], ['final', 0])
  }
})

test('a call has taken effect, or was called off before it came; whichever was first, also when it is asked again', async () => {
  const app = fastify()
  new DemoReceiver().route(app)
  const send = async (id: string, type: string) => {
    const headers = { 'webhook-id': id }
    const answer = await app.inject({ method: 'POST', url: DEMO_WEBHOOK_PATH, headers, payload: { type } })
    assert.equal(answer.statusCode, 200)
    return answer.json().outcome
  }
  assert.equal(await send('a', 'thing.happened'), 'took_effect')
  assert.equal(await send('a', 'effect.cancelled'), 'took_effect')
  assert.equal(await send('b', 'effect.cancelled'), 'stopped')
  assert.equal(await send('b', 'thing.happened'), 'stopped')
  assert.equal(await send('b', 'effect.cancelled'), 'stopped')
  // It remembers the last thousand.
  for (let i = 0; i < 1001; i++) await send(`more ${i}`, 'thing.happened')
  assert.equal(await send('a', 'effect.cancelled'), 'stopped')
  await app.close()
})
