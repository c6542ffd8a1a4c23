// A dead action that is edited: another one is announced in its place, never under an event that was called off.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type NativeServer, nativeServer } from '../native/native-server.ts'
import { until } from '../support/until.ts'
import { announce, dead, type Effect, effectsOf, hold, mail, some, URL_A, webhook } from './dead-actions.ts'

const replace = async (
  server: NativeServer,
  id: string,
  effect: object,
  { who = 'olga', key }: { who?: string; key?: string } = {},
) =>
  await server.call(who, 'POST', `/api/v1/effects/${id}/replace`, {
    body: { effect },
    ...(key ? { headers: { 'idempotency-key': key } } : {}),
  })

suite('a dead action that is edited', () => {
  test('is replaced by one that names it, and stays dead', async () => {
    await using server = await nativeServer()
    const { id, effectIds } = await dead(server, [webhook(URL_A)])
    hold(server)
    const [old] = effectIds as [string]
    const reply = await replace(server, old, webhook('https://b.example/hook'))
    assert.equal(reply.status, 201, reply.text)
    const { effectIds: made, ...rest } = reply.json()
    assert.deepEqual(rest, { id, is: 'announced', receipt: null })
    const run = await server.webhook.begun(2)
    assert.deepEqual([run.effect.id, run.effect.data.url], [made[0], 'https://b.example/hook'])
    const effects = await effectsOf(server, id)
    assert.deepEqual(
      effects.map(effect => [effect.id, effect.state, effect.replaces, effect.replacedBy]),
      [
        [old, 'dead', null, made[0]],
        [made[0], 'running', old, null],
      ].toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
    )
    // What is replaced is dealt with: it is not listed, and not tried again, alone or with others.
    assert.deepEqual((await server.call('olga', 'GET', '/api/v1/effects?state=dead')).json().value, [])
    const retry = await server.call('olga', 'POST', `/api/v1/effects/${old}/retry`)
    assert.equal(retry.json().code, 'NOT_DEAD')
    assert.equal((await some(server, {})).json().retried, 0)
    const again = await replace(server, old, webhook('https://c.example/'))
    assert.deepEqual([again.status, again.json().code, again.json().by], [409, 'REPLACED', made[0]])
  })

  test('keeps its doubt in a later receipt', async () => {
    await using server = await nativeServer()
    const { id, effectIds } = await dead(server, [webhook(URL_A)], 'no answer', true)
    const [old] = effectIds as [string]
    server.webhook.answer = () => ({ is: 'done' })
    const [made] = (await replace(server, old, webhook('https://b.example/'))).json().effectIds
    await until(
      async () =>
        !(await effectsOf(server, id)).some(effect => effect.id === made && effect.state !== 'done'),
    )
    const { receipt } = (await server.call('olga', 'POST', `/api/v1/events/${id}/cancel`)).json()
    const { items } = (await server.call('olga', 'GET', receipt)).json() as {
      items: { effectId: string; outcome: string }[]
    }
    assert.deepEqual(
      new Map(items.map(item => [item.effectId, item.outcome])),
      new Map([
        [old, 'in_doubt'],
        [made, 'already_ended'],
      ]),
    )
  })

  test('keeps what this API cannot say, and of an automation not what goes on behind it', async () => {
    await using server = await nativeServer()
    const { effectIds } = await dead(server, [{ ...mail('bob@b.example'), html: '<p>t</p>' }])
    await server.db.query({
      text: `update engine.ended set data = (data::jsonb || '{"ical":{"method":"REQUEST"},"flow":{"goOnAt":1}}')::json`,
    })
    hold(server)
    await replace(server, effectIds[0] as string, mail('carol@b.example'))
    const { data } = (await server.mail.begun(2)).effect
    assert.deepEqual(data, {
      to: 'carol@b.example',
      subject: 's',
      text: 't',
      ical: { method: 'REQUEST' },
      replaces: effectIds[0],
    })
  })

  test('has of the old one nothing that this API can say and was not told', async () => {
    await using server = await nativeServer()
    const old = [
      { ...mail('bob@b.example'), text: 'OLD', html: '<p>OLD</p>' },
      { ...webhook(URL_A), type: 'old.type', payload: { price: 'OLD' } },
    ]
    const { id } = await dead(server, old)
    hold(server)
    const effects = (await effectsOf(server, id)) as readonly (Effect & { kind: string })[]
    const idOf = (kind: string) => effects.find(effect => effect.kind === kind)?.id as string
    await replace(server, idOf('mail.send'), { kind: 'mail', to: ['c@b.example'], subject: 'n', text: 'n' })
    await replace(server, idOf('webhook.call'), webhook('https://b.example/'))
    for (const carrier of [server.mail, server.webhook])
      assert.doesNotMatch(JSON.stringify((await carrier.begun(2)).effect.data), /OLD|old/)
  })

  test('is one, with the same Idempotency-Key, also at the same moment', async () => {
    await using server = await nativeServer()
    const { id, effectIds } = await dead(server, [webhook(URL_A)])
    hold(server)
    const [old] = effectIds as [string]
    const effect = webhook('https://b.example/')
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => replace(server, old, effect, { key: 'k-1' })),
    )
    assert.deepEqual(replies.map(reply => reply.status).toSorted(), [200, 200, 200, 200, 201])
    for (const reply of replies) assert.deepEqual(reply.json(), replies[0]?.json())
    assert.equal((await effectsOf(server, id)).length, 2)
    const other = await replace(server, old, webhook('https://c.example/'), { key: 'k-1' })
    assert.equal(other.json().code, 'REQUEST_KEY_REUSED')
  })

  test('is one without a key too: of many at the same moment one comes first', async () => {
    await using server = await nativeServer()
    const { id, effectIds } = await dead(server, [webhook(URL_A)])
    hold(server)
    const [old] = effectIds as [string]
    const replies = await Promise.all([
      ...Array.from({ length: 5 }, (_, n) => replace(server, old, webhook(`https://b${n}.example/`))),
      server.call('olga', 'POST', `/api/v1/effects/${old}/retry`),
    ])
    const codes = replies.map(reply => (reply.status < 300 ? 'done' : reply.json().code))
    assert.equal(codes.filter(code => code === 'done').length, 1, codes.join())
    assert.ok(
      codes.every(code => ['done', 'REPLACED', 'NOT_DEAD'].includes(code)),
      codes.join(),
    )
    const effects = await effectsOf(server, id)
    assert.equal(effects.filter(effect => effect.state !== 'dead').length, 1)
  })

  test('of an event that was called off is refused, and the receipt is named', async () => {
    await using server = await nativeServer()
    const { id, effectIds } = await dead(server, [webhook(URL_A)])
    const { receipt } = (await server.call('olga', 'POST', `/api/v1/events/${id}/cancel`)).json()
    const refused = await replace(server, effectIds[0] as string, webhook('https://b.example/'))
    assert.deepEqual(
      [refused.status, refused.json().code, refused.json().receipt],
      [409, 'EVENT_CANCELLED', receipt],
    )
    assert.equal((await effectsOf(server, id)).length, 1)
  })

  test('is refused when it is not dead, not there, not mine, or another thing', async () => {
    await using server = await nativeServer()
    const { effectIds } = await dead(server, [webhook(URL_A)])
    const [old] = effectIds as [string]
    const live = await announce(server, [{ ...webhook(URL_A), afterMs: 60_000 }])
    const effect = webhook('https://b.example/')
    const code = async (id: string, changed: object, who = 'olga') =>
      (await replace(server, id, changed, { who })).json().code
    assert.equal(await code(live.effectIds[0] as string, effect), 'NOT_DEAD')
    assert.equal(await code('019a9f1c-77a2-8b3c-9d10-2f6e5a7c1b2d', effect), 'NOT_FOUND')
    assert.equal(await code(old, effect, 'mallory'), 'NOT_FOUND')
    for (const who of ['bob', 'shop', 'rival']) assert.equal(await code(old, effect, who), 'FORBIDDEN')
    assert.equal(await code(old, mail('bob@b.example')), 'NOT_REPLACEABLE')
    assert.equal(await code(old, { kind: 'delay' }), 'NOT_REPLACEABLE')
    assert.equal(
      await code(old, { ...mail('a@b.example'), to: ['a@b.example', 'c@b.example'] }),
      'INVALID_REQUEST',
    )
    assert.equal(await code(old, { kind: 'webhook', url: 'ftp://b.example' }), 'INVALID_REQUEST')
  })
})
