// Dead actions, many at once or changed: tried again under their events, never under one that was called off.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { session } from '../cli/terminal-session.ts'
import { type NativeServer, nativeServer } from '../native/native-server.ts'
import { until } from '../support/until.ts'

const URL_A = 'https://a.example/hook'

type Effect = { id: string; state: string; replaces: string | null; replacedBy: string | null; error: string }

async function announce(server: NativeServer, effects: readonly object[], who = 'alice') {
  const reply = await server.call(who, 'POST', '/api/v1/events', { body: { title: 'Event', effects } })
  assert.equal(reply.status, 201, reply.text)
  return reply.json() as { id: string; effectIds: string[] }
}

const webhook = (url: string) => ({ kind: 'webhook', url })
const mail = (to: string) => ({ kind: 'mail', to: [to], subject: 's', text: 't' })

async function effectsOf(server: NativeServer, eventId: string): Promise<readonly Effect[]> {
  return (await server.call('alice', 'GET', `/api/v1/events/${eventId}`)).json().effects
}

/** Announces, and resolves when all of it is dead of `error`. */
async function dead(server: NativeServer, effects: readonly object[], error = 'no', mayHaveHappened = false) {
  server.mail.answer = () => ({ is: 'failed', error, mayHaveHappened })
  server.webhook.answer = () => ({ is: 'failed', error, mayHaveHappened })
  const event = await announce(server, effects)
  await until(async () => (await effectsOf(server, event.id)).every(effect => effect.state === 'dead'))
  return event
}

/** From here on what runs waits for the test. */
function hold(server: NativeServer): void {
  server.mail.answer = null
  server.webhook.answer = null
}

const some = async (server: NativeServer, body: object, who = 'olga') =>
  await server.call(who, 'POST', '/api/v1/effects/retry', { body })

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

const NO_TIMES = [
  '9999-99-99 99:99:99+00',
  '2026-02-29 00:00:00+00',
  '2026-01-01 24:00:00+00',
  '2026-01-01 00:00:60+00',
  '2026-01-01 00:00:00+99',
  '2026-01-01 00:00:00.1234567+00',
  '999999-01-01 00:00:00+00',
  '0000-01-01 00:00:00+00',
  '2026-01-01 00:00:00',
  '2026-01-01',
  'infinity',
]

function forged(at: string): string {
  const parts = [at, '00000000-0000-0000-0000-000000000000', '2026-01-01T00:00:00Z']
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

suite('many dead actions', () => {
  test('are tried again by kind, receiver, event, time and error', async () => {
    await using server = await nativeServer()
    const a = await dead(server, [webhook(URL_A), webhook('https://a.example:8443/x')], 'refused: x')
    const b = await dead(server, [webhook('http://B.example/'), mail('bob@b.example')], 'timed out')
    hold(server)
    const ids = async (filter: object) => {
      const reply = await some(server, filter)
      assert.equal(reply.status, 200, reply.text)
      const { retried } = reply.json()
      const all = [...(await effectsOf(server, a.id)), ...(await effectsOf(server, b.id))]
      const again = all.filter(effect => effect.state !== 'dead').map(effect => effect.id)
      assert.equal(again.length, retried)
      // Dead once more, for the next question; what has not begun yet ends in a later round.
      const end = () => {
        for (const carrier of [server.mail, server.webhook])
          for (const run of carrier.runs) run.end({ is: 'failed', error: errors.get(run.effect.id) ?? 'no' })
      }
      for (const { id } of [a, b])
        do end()
        while ((await effectsOf(server, id)).some(effect => effect.state !== 'dead'))
      return again.toSorted()
    }
    const errors = new Map([
      ...a.effectIds.map(id => [id, 'refused: x'] as const),
      ...b.effectIds.map(id => [id, 'timed out'] as const),
    ])
    const [a443, a8443] = a.effectIds as [string, string]
    const [hookB, mailB] = b.effectIds as [string, string]
    for (const [filter, wanted] of [
      [{ kind: 'mail' }, [mailB]],
      [{ kind: 'webhook' }, [a443, a8443, hookB]],
      [{ kind: 'webhook.call', eventId: b.id.toUpperCase() }, [hookB]],
      [{ receiver: 'a.example' }, [a443, a8443]],
      [{ receiver: 'A.example:443' }, [a443]],
      [{ receiver: 'a.example:8443' }, [a8443]],
      [{ receiver: 'b.example:80' }, [hookB]],
      [{ receiver: 'b.example' }, [hookB, mailB]],
      [{ receiver: 'bob@b.example' }, [mailB]],
      [{ receiver: 'example' }, []],
      [{ receiver: '%' }, []],
      [{ eventId: a.id }, [a443, a8443]],
      [{ error: 'timed' }, [hookB, mailB]],
      [{ error: 'imed' }, []],
      [{ diedBefore: '2020-01-01T00:00:00Z' }, []],
      [{ diedAfter: '2020-01-01T00:00:00Z', diedBefore: '2100-01-01T00:00:00Z', kind: 'mail' }, [mailB]],
      [{ diedAfter: '2100-01-01T00:00:00Z' }, []],
      [{}, [a443, a8443, hookB, mailB]],
    ] as const)
      assert.deepEqual(await ids(filter), wanted.toSorted(), JSON.stringify(filter))
  })

  test('go batch by batch; what dies again meanwhile is not met twice', async () => {
    await using server = await nativeServer()
    const urls = Array.from({ length: 5 }, (_, n) => webhook(`https://a.example/${n}`))
    const event = await dead(server, urls)
    let body: { most: number; after?: string } = { most: 2 }
    const seen: { retried: number; remaining: number }[] = []
    for (;;) {
      const { retried, remaining, after } = (await some(server, body)).json()
      seen.push({ retried, remaining })
      await until(async () => (await effectsOf(server, event.id)).every(effect => effect.state === 'dead'))
      if (after === null) break
      body = { most: 2, after }
    }
    assert.deepEqual(seen, [
      { retried: 2, remaining: 3 },
      { retried: 2, remaining: 1 },
      { retried: 1, remaining: 0 },
    ])
    assert.equal(server.webhook.runs.length, 10)
  })

  test('leave alone what was called off, and count it apart', async () => {
    await using server = await nativeServer()
    const off = await dead(server, [webhook(URL_A)])
    const live = await dead(server, [webhook(URL_A)])
    await server.call('olga', 'POST', `/api/v1/events/${off.id}/cancel`)
    hold(server)
    const { retried, calledOff, busy, remaining } = (await some(server, {})).json()
    assert.deepEqual([retried, calledOff, busy, remaining], [1, 1, 0, 0])
    assert.equal((await effectsOf(server, off.id))[0]?.state, 'dead')
    assert.notEqual((await effectsOf(server, live.id))[0]?.state, 'dead')
  })

  test('of others are out of reach, and of apps who run nothing', async () => {
    await using server = await nativeServer()
    const event = await dead(server, [webhook(URL_A)])
    assert.equal((await some(server, { eventId: event.id }, 'mallory')).json().retried, 0)
    for (const who of ['bob', 'shop', 'rival'])
      assert.equal((await some(server, {}, who)).json().code, 'FORBIDDEN')
    assert.equal((await effectsOf(server, event.id))[0]?.state, 'dead')
  })

  test('are asked for in a form that can be read', async () => {
    await using server = await nativeServer()
    for (const body of [
      { most: 0 },
      { most: 101 },
      { kind: 'Mail' },
      { receiver: '' },
      { receiver: 'x'.repeat(301) },
      { eventId: 'x' },
      { diedAfter: 'yesterday' },
      { error: '' },
      { after: 'x' },
      { after: Buffer.from('["now()","x","y"]').toString('base64url') },
      ...NO_TIMES.map(at => ({ after: forged(at) })),
      { host: 'a.example' },
    ])
      assert.equal((await some(server, body)).status, 400, JSON.stringify(body))
    assert.equal((await some(server, { receiver: 'x'.repeat(300), most: 100 })).status, 200)
    for (const at of ['2026-02-28 23:59:59.123456+00', '2026-01-01 00:00:00-03:30', '9999-12-31 23:59:59-14'])
      assert.equal((await some(server, { after: forged(at) })).status, 200, at)
  })
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

suite('./standdown retry', () => {
  test('tries again one, those that fit, or all; and says when nothing does', async () => {
    await using server = await nativeServer()
    const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' } })
    const { effectIds } = await dead(server, [
      webhook(URL_A),
      webhook('https://b.example/'),
      mail('bob@b.example'),
    ])
    hold(server)
    const one = await run('retry', effectIds[0] as string)
    assert.deepEqual([one.code, one.out], [0, `${effectIds[0]} will be tried again.\n`])
    const none = await run('retry', '--receiver', 'c.example')
    assert.deepEqual([none.code, none.out], [1, 'No dead action matches: nothing is tried again.\n'])
    const fits = await run(
      'retry',
      '--receiver',
      'b.example',
      '--kind',
      'webhook',
      '--since',
      '1d',
      '--error',
      'no',
    )
    assert.deepEqual([fits.code, fits.out], [0, '1 action will be tried again.\n'])
    const rest = await run('retry', '--all', '--json')
    assert.deepEqual([rest.code, JSON.parse(rest.out)], [0, { retried: 1, calledOff: 0, busy: 0 }])
    assert.equal((await run('retry', '--all')).code, 1)
    assert.equal((await run('retry', effectIds[0] as string)).code, 1)
  })

  test('goes through all batches', async () => {
    await using server = await nativeServer()
    const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' }, isTerminal: true })
    for (let n = 0; n < 3; n++)
      await dead(
        server,
        Array.from({ length: 40 }, (_, i) => webhook(`https://a.example/${i}`)),
      )
    hold(server)
    const { code, out, err } = await run('retry', '--receiver', 'a.example')
    assert.deepEqual([code, out], [0, '120 actions will be tried again.\n'])
    assert.match(err, /100 tried again, 20 to go/)
  })

  test('wants to know which, and nothing else', async () => {
    const { run } = session({ env: {} })
    for (const args of [
      [],
      ['x', '--all'],
      ['--all', '--kind', 'mail'],
      ['x', '--since', '1d'],
      ['--since', 'soon'],
    ])
      assert.equal((await run('retry', ...args)).code, 2, args.join(' '))
  })
})
