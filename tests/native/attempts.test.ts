import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { DATABASE_ATTEMPTS } from '../../server/src/core/effects/effect.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { testServer } from '../support/server.ts'

/** What is sent to other systems: gives up on a receiver that will not have it, shown and retried by hand (I7). */
const REACHES_OUT = ['mail.send', 'webhook.call', 'webhook.withdraw']

test('no kind of action that touches the database only is given up because processes died', async () => {
  const register = mock.method(Engine.prototype, 'register')
  await using _server = await testServer()
  const carriers = register.mock.calls.flatMap(call => call.arguments[0].carriers ?? [])
  register.mock.restore()
  const kinds = carriers.map(carrier => carrier.kind)
  for (const kind of REACHES_OUT) assert.ok(kinds.includes(kind), kind)
  const inside = carriers.filter(carrier => !REACHES_OUT.includes(carrier.kind))
  assert.ok(inside.length >= 6, kinds.join())
  assert.ok(DATABASE_ATTEMPTS >= 1000)
  for (const { kind, maxAttempts } of inside) assert.equal(maxAttempts, DATABASE_ATTEMPTS, kind)
})
