import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NativeServer, nativeServer } from '../native/native-server.ts'

const DAY = 86_400_000

test('the sandbox clock moves with progress, and what falls due happens in due order', async () => {
  await using server = await nativeServer()
  const before = (await server.call('alice', 'GET', '/api/v1/sandbox/clock')).json()
  assert.equal(before.sandbox, true)
  const effects = [3, 1, 2].map(days => ({
    kind: 'mail',
    to: [`day-${days}@contoso.example`],
    subject: 's',
    text: 't',
    afterMs: days * DAY,
  }))
  await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'Reminders', effects } })
  const moved = await server.call('alice', 'POST', '/api/v1/sandbox/clock', {
    body: { advance: '+2d12h' },
    headers: { accept: 'application/x-ndjson' },
  })
  const lines = moved.text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.ok(lines.length >= 3, 'a line for each day on which something fell due, and the end')
  assert.ok(Date.parse(lines.at(-1).now) - Date.parse(before.now) >= 2.5 * DAY)
  assert.deepEqual(
    server.mail.runs.map(run => run.effect.data.to),
    ['day-1@contoso.example', 'day-2@contoso.example'],
  )
  const plain = (
    await server.call('alice', 'POST', '/api/v1/sandbox/clock', { body: { advance: '1d' } })
  ).json()
  assert.equal(plain.sandbox, true)
  assert.equal(server.mail.runs.length, 3)
})

test('the sandbox clock runs a hundred years ahead and no further, and what is announced then is still dated', async () => {
  await using server = await nativeServer()
  const move = (advance: string) =>
    server.call('alice', 'POST', '/api/v1/sandbox/clock', { body: { advance } })
  for (let decade = 1; decade <= 10; decade++) assert.equal((await move('520w')).status, 200)
  assert.equal((await move('125d')).status, 200, '36,525 days in all')
  const further = await move('1h')
  assert.deepEqual([further.status, further.json().code], [409, 'CLOCK_TOO_FAR'])
  const effects = [{ kind: 'delay', title: 'later', afterMs: 315_576_000_000 }]
  const announced = await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'E', effects } })
  assert.equal(announced.status, 201)
  const shown = await server.call('alice', 'GET', `/api/v1/events/${announced.json().id}`)
  assert.match(shown.json().effects[0].dueAt, /^21\d\d-/)
})

test('a clock that is none cannot be moved, and a time that is none is refused', async () => {
  await using server = await nativeServer()
  const foreign = await server.call('mallory', 'POST', '/api/v1/sandbox/clock', { body: { advance: '1d' } })
  assert.equal(foreign.json().code, 'NOT_SANDBOX')
  for (const advance of ['-1d', 'soon', '0d', '5000w', '']) {
    const reply = await server.call('alice', 'POST', '/api/v1/sandbox/clock', { body: { advance } })
    assert.equal(reply.json().code, 'INVALID_REQUEST', advance)
  }
})

test('a dead action is listed and tried again by hand; one of a cancelled event stays dead', async () => {
  await using server = await nativeServer()
  server.webhook.answer = () => ({ is: 'failed', error: 'no such host' })
  const { id, effectIds } = await announceWebhook(server)
  await gone(server, id)
  const { value } = (await server.call('olga', 'GET', '/api/v1/effects?state=dead')).json()
  assert.deepEqual(
    value.map((dead: { id: string; eventId: string; error: string }) => [dead.id, dead.eventId, dead.error]),
    [[effectIds[0], id, 'no such host']],
  )
  server.webhook.answer = () => ({ is: 'done' })
  assert.equal((await server.call('olga', 'POST', `/api/v1/effects/${effectIds[0]}/retry`)).status, 202)
  await server.webhook.begun(2)
  await server.call('olga', 'POST', '/api/v1/sandbox/clock', { body: { advance: '1s' } })
  const again = await server.call('olga', 'POST', `/api/v1/effects/${effectIds[0]}/retry`)
  assert.equal(again.json().code, 'NOT_DEAD')

  server.webhook.answer = () => ({ is: 'failed', error: 'gone' })
  const second = await announceWebhook(server)
  await gone(server, second.id)
  await server.call('olga', 'POST', `/api/v1/events/${second.id}/cancel`)
  const refused = await server.call('olga', 'POST', `/api/v1/effects/${second.effectIds[0]}/retry`)
  assert.equal(refused.json().code, 'RETRY_CANCELLED')
})

test('status says what runs and who asks', async () => {
  await using server = await nativeServer()
  const status = (await server.call('bob', 'GET', '/api/v1/status')).json()
  assert.deepEqual(status.you, { name: 'bob', principal: 'user:bob-id', roles: ['member'] })
  assert.equal(status.publicUrl, server.url)
})

test('an admin compares a workspace file, then applies it', async () => {
  await using server = await nativeServer()
  const look = await server.call('alice', 'POST', '/api/v1/workspace', {
    body: { workspace: 'tenants: []', apply: false },
  })
  assert.deepEqual(look.json(), {
    applied: false,
    changes: [{ is: 'added', at: 'users.eve@contoso.example' }],
    receipts: [],
  })
  const applied = await server.call('alice', 'POST', '/api/v1/workspace', {
    body: { workspace: 'tenants: []' },
  })
  assert.equal(applied.json().applied, true)
  assert.deepEqual(
    server.applied.map(({ apply }) => apply),
    [false, true],
  )
})

test('the description resolves every reference and describes every call', async () => {
  await using server = await nativeServer()
  const description = (await server.call(null, 'GET', '/api/v1/openapi.json')).json()
  const references = [
    ...JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
  ].map(([, name]) => name!)
  assert.ok(references.length > 10)
  for (const name of references) assert.ok(name in description.components.schemas, name)
  for (const [path, methods] of Object.entries(
    description.paths as { [path: string]: { [method: string]: { summary?: string } } },
  )) {
    for (const [method, { summary }] of Object.entries(methods))
      assert.ok(summary, `${method} ${path} has a summary`)
  }
})

async function announceWebhook(server: NativeServer): Promise<{ id: string; effectIds: string[] }> {
  const body = { title: 'W', effects: [{ kind: 'webhook', url: 'https://hooks.example/a' }] }
  return (await server.call('olga', 'POST', '/api/v1/events', { body })).json()
}

/** Moving the sandbox clock returns when everything that was due has ended. */
async function gone(server: NativeServer, id: string): Promise<void> {
  await server.call('olga', 'POST', '/api/v1/sandbox/clock', { body: { advance: '1s' } })
  const event = (await server.call('olga', 'GET', `/api/v1/events/${id}`)).json()
  assert.equal(event.effects[0].state, 'dead')
}
