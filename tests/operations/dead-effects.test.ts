// Dead actions, many at once: tried again under their events, never under one that was called off.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { session } from '../cli/terminal-session.ts'
import { nativeServer } from '../native/native-server.ts'
import { until } from '../support/until.ts'
import { dead, effectsOf, hold, mail, some, URL_A, webhook } from './dead-actions.ts'

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
