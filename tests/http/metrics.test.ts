// What /metrics tells an operator of a server that works, and of one whose database does not; and that nothing of a caller's stands in it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { answerClass, BACKLOG_EVERY_MS, nowAndThen } from '../../server/src/app/figures.ts'
import { loadMetrics } from '../../server/src/http/metrics.ts'
import { databaseProxy } from '../support/database-proxy.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { takePool } from '../support/take-pool.ts'
import { apiCalls, callOf } from './api-calls.ts'

type Sample = { readonly name: string; readonly labels: { readonly [name: string]: string }; value: number }

async function scrape({ url }: Pick<TestServer, 'url'>) {
  const response = await fetch(`${url}/metrics`)
  assert.equal(response.status, 200)
  const text = await response.text()
  const samples = text.split('\n').flatMap((line): Sample[] => {
    if (line === '' || line.startsWith('#')) return []
    const [, name, labels = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? []
    assert.ok(name && value, line)
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, said]) => [label, said])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
  const families = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!))
  /** The sum of all samples that have these labels; null: there is none. */
  const value = (name: string, labels: { readonly [name: string]: string } = {}): number | null => {
    const fit = samples.filter(
      one => one.name === name && Object.entries(labels).every(([label, said]) => one.labels[label] === said),
    )
    return fit.length === 0 ? null : fit.reduce((sum, one) => sum + one.value, 0)
  }
  return { text, samples, families, value }
}

/** Stands in everything that a caller can write. */
const MARK = 'zebra'
const QUEUES = ['announce', 'cancel', 'meeting', 'offer', 'report', 'report_below', 'trigger']

describe('a server that works', () => {
  let server: TestServer
  before(async () => {
    server = await testServer({ TLS_PORT: 'off' })
  })
  after(() => server?.[Symbol.asyncDispose]())

  const post = async (path: string, body: object) => {
    const response = await fetch(`${server.url}/api/v1/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await server.personToken('alice')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 201, await response.text())
  }

  test('counts starts, attempts, retries, ends and answers by kind, and cancels by API', async () => {
    await using receiver = await httpReceiver()
    let calls = 0
    receiver.answer = () => ({ status: calls++ === 0 ? 500 : 204 })
    await post('events', {
      title: MARK,
      key: MARK,
      data: { [MARK]: MARK },
      effects: [
        { kind: 'webhook', url: `${receiver.url}/${MARK}`, type: MARK, payload: { [MARK]: MARK } },
        { kind: 'mail', to: [`${MARK}@contoso.example`], subject: MARK, text: MARK },
        { kind: 'mail', to: [`${MARK}@contoso.example`], subject: MARK, text: MARK, afterMs: 86_400_000 },
      ],
    })
    await receiver.arrived(1)
    let seen = await scrape(server)
    while (seen.value('standdown_effect_retries_total', { kind: 'webhook.call' }) !== 1)
      seen = await scrape(server)
    await server.advance(3_600_000)
    while (seen.value('standdown_effects_ended_total', { kind: 'webhook.call', outcome: 'done' }) !== 1)
      seen = await scrape(server)
    const webhook = { kind: 'webhook.call' }
    assert.equal(seen.value('standdown_effects_started_total', webhook), 2)
    assert.equal(seen.value('standdown_effect_start_delay_seconds_count', webhook), 2)
    assert.equal(seen.value('standdown_effect_attempts_total', { ...webhook, result: 'retry' }), 1)
    assert.equal(seen.value('standdown_effect_attempts_total', { ...webhook, result: 'done' }), 1)
    assert.equal(seen.value('standdown_delivery_answers_total', { ...webhook, answer: '5xx' }), 1)
    assert.equal(seen.value('standdown_delivery_answers_total', { ...webhook, answer: '2xx' }), 1)
    assert.equal(seen.value('standdown_effects_ended_total', { kind: 'mail.send', outcome: 'done' }), 1)

    await post('cancellations', { key: MARK })
    const everyApi = await apiCalls(server)
    for (const call of everyApi.filter(({ path }) => /cancel/.test(path))) await callOf(server, call)
    seen = await scrape(server)
    for (const api of ['graph', 'wix', 'cif', 'native'])
      assert.ok((seen.value('standdown_cancels_total', { api }) ?? 0) > 0, api)
    const met = { api: 'native', outcome: 'prevented' }
    assert.equal(seen.value('standdown_cancelled_actions_total', met), 1)
  })

  test('says what waits, how full queues and pool are, and how the process is', async () => {
    // The database is asked for it now and then.
    let seen = await scrape(server)
    while (!seen.value('standdown_backlog_pending', { kind: 'mail.send' })) seen = await scrape(server)
    assert.equal(seen.value('standdown_database_reachable'), 1)
    assert.equal(seen.value('standdown_backlog_capped'), 0)
    assert.equal(seen.value('standdown_dead_effects', { kind: 'webhook.call' }), 0)
    assert.deepEqual(
      seen.samples
        .filter(({ name }) => name === 'standdown_queue_max')
        .map(({ labels, value }) => [labels.queue, value])
        .sort(),
      QUEUES.map(queue => [queue, 10_000]),
    )
    for (const queue of QUEUES) assert.equal(seen.value('standdown_queue_waiting', { queue }), 0, queue)
    assert.equal(seen.value('standdown_database_connections_max'), 12)
    assert.equal(seen.value('standdown_database_connection_waiters'), 0)
    for (const family of [
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_gc_duration_seconds',
    ])
      assert.ok(seen.families.has(family), family)
  })

  test('every family that it has is explained, and no other', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')
    const explained = [...page.matchAll(/^\| `(standdown_\w+)`/gm)].map(([, name]) => name!)
    const own = [...(await scrape(server)).families].filter(name => name.startsWith('standdown_'))
    assert.ok(own.length > 20)
    assert.deepEqual(explained.toSorted(), own.toSorted())
  })

  test("nothing that a caller wrote stands in it, and every label's value is one of ours", async () => {
    for (const path of [
      `/${MARK}`,
      `/agent/${MARK}`,
      `/v1.0/${MARK}`,
      `/api/v1/events/${MARK}?${MARK}=${MARK}`,
    ])
      await fetch(`${server.url}${path}`, {
        headers: { 'user-agent': MARK, authorization: `Bearer ${MARK}` },
      })
    const { text, samples } = await scrape(server)
    assert.ok(!text.includes(MARK))
    for (const theirs of ['contoso', 'bob@', '127.0.0.1', 'my_trigger', 'demo_softphone'])
      assert.ok(!text.includes(theirs), theirs)
    const known: { readonly [label: string]: RegExp } = {
      api: /^(graph|wix|cif|native)$/,
      kind: /^((mail|webhook|automations|calendar|notifications|native)\.[a-z-]+|webhook|mail|other)$/,
      outcome: /^[a-z_]+$/,
      result: /^[a-z_]+$/,
      answer: /^([2-5]xx|none)$/,
      queue: new RegExp(`^(${QUEUES.join('|')})$`),
      what: /^[a-z_A-Z]+$/,
      method: /^[A-Z]+$/,
      status: /^\d{3}$/,
      le: /^(\+Inf|[\d.e-]+)$/,
    }
    for (const { name, labels } of samples.filter(one => one.name.startsWith('standdown_')))
      for (const [label, value] of Object.entries(labels))
        if (label !== 'route') assert.match(value, known[label] ?? /^no such label$/, `${name} ${label}`)
  })
})

test('a scrape is answered while every connection is taken, and says so', async () => {
  await using server = await testServer({ TLS_PORT: 'off' })
  await using _taken = await takePool(server.database.db)
  const { value } = await scrape(server)
  assert.equal(value('standdown_database_reachable'), 1)
  assert.equal(value('standdown_backlog_capped'), 0)
  assert.equal(value('standdown_database_connections_in_use'), 12)
  assert.ok((value('standdown_database_connection_waiters') ?? 0) >= 1)
})

test('a scrape is answered while the database is away or silent, says so, and tells nothing that is old', async () => {
  for (const mode of ['refuse', 'swallow'] as const) {
    await using proxy = await databaseProxy()
    await using server = await testServer({ TLS_PORT: 'off' }, { through: proxy })
    proxy.mode = mode
    const { value, families } = await scrape(server)
    assert.equal(value('standdown_database_reachable'), 0, mode)
    assert.equal(value('standdown_backlog_pending'), null, mode)
    assert.ok(families.has('standdown_backlog_pending') && families.has('nodejs_eventloop_lag_seconds'), mode)
    // Its connections are cut, so that it need not find out that nobody answers.
    proxy.mode = 'refuse'
  }
})

test('however often it is scraped, the database is asked now and then, and once for all who ask', async () => {
  let asked = 0
  let nowMs = 0
  let answer = Promise.withResolvers<number>()
  const read = nowAndThen(
    () => {
      asked += 1
      return answer.promise
    },
    () => nowMs,
  )
  const first = Array.from({ length: 100 }, read)
  answer.resolve(1)
  assert.deepEqual(new Set(await Promise.all(first)), new Set([1]))
  nowMs = BACKLOG_EVERY_MS - 1
  assert.equal(await read(), 1)
  assert.equal(asked, 1)
  nowMs = BACKLOG_EVERY_MS
  answer = Promise.withResolvers()
  answer.reject(new Error('away'))
  assert.equal(await read(), null)
  answer = Promise.withResolvers()
  answer.resolve(3)
  assert.equal(await read(), null, 'not asked again at once')
  assert.equal(asked, 2)
  nowMs = 2 * BACKLOG_EVERY_MS
  assert.equal(await read(), 3)
})

test('a family keeps a bounded number of series', async () => {
  const metrics = await loadMetrics()
  const things = metrics.counter({ name: 'things_total', help: 'Things.', labels: ['name'] })
  for (let i = 0; i < 3000; i++) things.add({ name: String(i) })
  things.add({ name: '7' })
  const lines = (await metrics.text()).split('\n').filter(line => line.startsWith('things_total{'))
  assert.equal(lines.length, 2000)
  assert.ok(lines.includes('things_total{name="7"} 2'))
})

test('a reader that never answers leaves its lines out, and nothing else', async () => {
  const metrics = await loadMetrics()
  metrics.gauge({ name: 'hangs', help: 'Never read.', labels: [] }, () => new Promise(() => {}))
  metrics.gauge({ name: 'works', help: 'Read.', labels: [] }, () => [{ labels: {}, value: 1 }])
  const text = await metrics.text()
  assert.match(text, /^works 1$/m)
  assert.doesNotMatch(text, /^hangs/m)
})

test('what was answered is told by its class', () => {
  const done = (evidence: object) => ({ is: 'done', evidence }) as Parameters<typeof answerClass>[1]
  assert.equal(answerClass('webhook.call', done({ status: 204 })), '2xx')
  assert.equal(answerClass('mail.send', done({ reply: '250 2.0.0 Ok' })), '2xx')
  assert.equal(answerClass('mail.send', done({ kept: true })), null)
  assert.equal(answerClass('native.delay', done({ status: 204 })), null)
  assert.equal(answerClass('webhook.call', { is: 'retry', error: 'ECONNREFUSED' }), 'none')
  assert.equal(
    answerClass('mail.send', { is: 'retry', error: 'no', evidence: { reply: '451 later' } }),
    '4xx',
  )
})
