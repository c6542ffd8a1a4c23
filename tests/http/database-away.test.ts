// The database goes away under a running server, by refusing, by falling silent, and by being too busy: each API says so
// in its own shape, nothing is half done, what was acknowledged is there, and all is well again by itself.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { checkInvariants } from '../engine/model/invariants.ts'
import { type DatabaseProxy, databaseProxy } from '../support/database-proxy.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import {
  type ApiCall,
  type ApiCalls,
  type ApiReply,
  apiCalls,
  assertUnavailable,
  callOf,
  MEETING,
} from './api-calls.ts'

describe('a database that is away', () => {
  let proxy: DatabaseProxy
  let server: TestServer
  let calls: ApiCalls
  /** A way to the database that is always open. */
  let direct: pg.Client

  before(async () => {
    proxy = await databaseProxy()
    server = await testServer({ TLS_PORT: 'off' }, { through: proxy })
    calls = await apiCalls(server)
    direct = new pg.Client(server.databaseOptions)
    await direct.connect()
  })
  after(async () => {
    await direct?.end()
    if (proxy) proxy.mode = 'pass'
    await server?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
  })

  test('refuses: 503 from every API, whether the caller is remembered or not; nothing is written', async () => {
    await server.advance(1000)
    const rows = await rowCounts(direct)
    proxy.mode = 'refuse'
    // An app's token needs the database only for what it does not remember.
    for (const call of calls.filter(({ shape }) => shape !== 'oauth'))
      assertUnavailable(call, await callOf(server, call))
    for (const call of calls) {
      server.server.auth.revision.expire()
      assertUnavailable(call, await callOf(server, call))
    }
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    assert.deepEqual(await readiness(), { status: 503, database: 'DatabaseUnavailable' })
    proxy.mode = 'pass'
    await readyAgain()
    assert.deepEqual(await rowCounts(direct), rows)
  })

  test('falls silent: 503 from every API instead of waiting for ever; it goes on on new connections', async () => {
    await server.advance(1000)
    const rows = await rowCounts(direct)
    // For hints.
    let listeners: number[] = []
    while (listeners.length === 0) listeners = await listening(direct)
    proxy.mode = 'swallow'
    // All at once: some wait for an answer, some for a connection, some behind others.
    await Promise.all(calls.map(async call => mayRemember(call, await callOf(server, call))))
    assert.deepEqual(await readiness(), { status: 503, database: 'DatabaseUnavailable' })
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    for (const call of calls) {
      server.server.auth.revision.expire()
      assertUnavailable(call, await callOf(server, call))
    }
    proxy.mode = 'pass'
    await readyAgain()
    assert.deepEqual(await rowCounts(direct), rows)
    // Hints are listened to again, and what is due happens.
    await until(async () => (await listening(direct)).some(pid => !listeners.includes(pid)))
    const event = await done(native(calls), {
      title: 'after',
      effects: [
        { kind: 'mail', to: ['bob@contoso.example'], subject: 'Back again', text: 'x', afterMs: 1000 },
      ],
    })
    await server.advance(2000)
    const { effects } = JSON.parse((await callOf(server, looking(`/api/v1/events/${event.id}`))).text)
    assert.equal(effects[0].state, 'done', JSON.stringify(effects))
  })

  test('comes and goes under load: what was acknowledged is there, and nothing is half done', async () => {
    const graph = calls.find(({ path, body }) => path === '/v1.0/me/events' && body !== undefined)!
    const report = calls.find(({ path }) => path === '/automations/v1/events/report')!
    const offer = calls.find(({ path, method }) => path.endsWith('/offers') && method === 'POST')!
    const strange: string[] = []
    const receipts: string[] = []
    const announced: string[] = []
    let answers = 0
    const ask = async (call: ApiCall, body: object, path = call.path): Promise<ApiReply | null> => {
      const reply = await callOf(server, { ...call, path, body: JSON.stringify(body) })
      answers += 1
      if (answers === 60 || answers === 160) proxy.mode = 'refuse'
      if (answers === 100 || answers === 200) proxy.mode = 'pass'
      const receipt = reply.headers.get('standdown-receipt')
      if (receipt) receipts.push(receipt)
      if (reply.status < 300) return reply
      if (reply.status !== 503) strange.push(`${path}: ${reply.status} ${reply.text}`)
      return null
    }
    const lanes = [
      async (n: number) => {
        const made = await ask(graph, { ...MEETING, subject: `M${n}` })
        if (!made) return
        const { id } = JSON.parse(made.text)
        if (n % 2) await ask(graph, {}, `${graph.path}/${id}/cancel`)
        else announced.push(`/v1.0/me/events/${id}`)
      },
      async (n: number) => {
        const what = { triggerKey: 'my_trigger', externalEntityId: guid(n) }
        if (await ask(report, what)) await ask(report, what, '/automations/v1/events/cancel')
      },
      async (n: number) => {
        const cancellationToken = `load-${n}`
        const raised = { ...JSON.parse(offer.body!), cancellationTokens: [cancellationToken] }
        if (await ask(offer, raised))
          await ask(offer, { channel: raised.channel, cancellationToken }, '/api/v1/notifications/cancel')
      },
      async (n: number) => {
        const made = await ask(native(calls), { key: `k${n}`, title: `N${n}`, effects: [] })
        if (made && n % 2) await ask(native(calls), { key: `k${n}` }, '/api/v1/cancellations')
        else if (made) announced.push(`/api/v1/events/${JSON.parse(made.text).id}`)
      },
    ]
    await Promise.all(
      lanes.map(async lane => {
        for (let n = 0; n < 60; n++) await lane(n)
      }),
    )
    proxy.mode = 'pass'
    await readyAgain()
    assert.deepEqual(strange, [], 'nothing but 503')
    assert.ok(receipts.length > 20 && announced.length > 5, `${receipts.length}, ${announced.length}`)
    for (const path of announced) {
      const reply = await callOf(server, looking(path))
      assert.equal(reply.status, 200, `${path}: ${reply.text}`)
    }
    for (const path of receipts.flatMap(list => list.split(', '))) {
      const token = await server.personToken('alice')
      const found = await fetch(`${server.url}${path}?wait=40`, {
        headers: { authorization: `Bearer ${token}` },
      })
      assert.equal(found.status, 200, path)
      assert.equal(JSON.parse(await found.text()).state, 'final')
    }
    await server.advance(40 * 86_400_000)
    await checkInvariants(server.database.db, [])
  })

  /** A token is also handed out from memory; everything else needs the database. */
  function mayRemember(call: ApiCall, reply: ApiReply): void {
    if (call.shape !== 'oauth' || reply.status !== 200) assertUnavailable(call, reply)
  }

  async function readiness(): Promise<{ readonly status: number; readonly database: string }> {
    const response = await fetch(`${server.url}/readyz`)
    return { status: response.status, database: JSON.parse(await response.text()).checks.database }
  }

  /** By itself: nobody does anything but look. */
  async function readyAgain(): Promise<void> {
    await until(async () => (await readiness()).status === 200)
  }

  /** As alice, who may see what is native and what is in her calendar. */
  function looking(path: string): ApiCall {
    const { body: _, ...call } = native(calls)
    return { ...call, method: 'GET', path }
  }

  async function done(call: ApiCall, body: object): Promise<{ readonly id: string }> {
    const { status, text } = await callOf(server, { ...call, body: JSON.stringify(body) })
    assert.ok(status < 300, text)
    return JSON.parse(text)
  }
})

test('a database that is too busy: who waits longer than a statement may take is told so, in no more time when many do', async () => {
  await using proxy = await databaseProxy()
  await using server = await testServer(
    { TLS_PORT: 'off' },
    { through: { ...proxy, query: 'statement_timeout=500' } },
  )
  const calls = await apiCalls(server)
  await server.advance(1000)
  const holder = new pg.Client(server.databaseOptions)
  await holder.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table engine.event in exclusive mode')
    const writes = calls.filter(
      ({ method, shape, path }) => method !== 'GET' && !/oauth|page/.test(shape) && !/accept$/.test(path),
    )
    await Promise.all(writes.map(async call => assertUnavailable(call, await callOf(server, call))))
    assert.ok(
      server.log.some(line => line.includes('statement timeout')),
      'the operator learns why',
    )
    await holder.query('rollback')
    assert.equal((await callOf(server, native(calls))).status, 201)
  } finally {
    await holder.end()
  }
})

function native(calls: ApiCalls): ApiCall {
  return calls.find(({ path, method }) => path === '/api/v1/events' && method === 'POST')!
}

function guid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

/** Rows by table, of all that callers can write: a process's own rows come and go with its heartbeats. */
async function rowCounts(client: pg.Client): Promise<Readonly<Record<string, number>>> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
     where schemaname in ('engine', 'calendar', 'automations', 'notifications', 'delivery')
       and relname not in ('worker', 'start_ticket', 'start_batch') order by 1`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables)
    counts[name] = (await client.query<{ n: number }>(`select count(*)::int as n from ${name}`)).rows[0]!.n
  assert.ok(Object.keys(counts).length > 10)
  return counts
}

/** Backends of the connections that listen for hints. */
async function listening(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'standdown-listen'`,
  )
  return rows.map(({ pid }) => pid)
}
