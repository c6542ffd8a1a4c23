// More callers than may wait: those who come when a queue is full are told so at once, each API in its own shape; those
// who wait are served.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type TestServer, testServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import {
  type ApiCall,
  type ApiCalls,
  type ApiReply,
  apiCalls,
  assertUnavailable,
  callOf,
} from './api-calls.ts'

/** Batches of one verb at the database at once, and the place that is left to wait for one. */
const AT_THE_DATABASE = 2
const WAITING = 1

let server: TestServer
let calls: ApiCalls
before(async () => {
  server = await testServer({ TLS_PORT: 'off' }, { maxQueue: WAITING })
  calls = await apiCalls(server)
})
after(() => server?.[Symbol.asyncDispose]())

test('cancels: Graph, Wix, notifications and native', async () => {
  const cancels = calls.filter(({ path }) => /cancel/.test(path))
  const filling = cancels.find(({ path }) => path === '/api/v1/cancellations')!
  assert.ok(cancels.length >= 7)
  const { eventId } = JSON.parse(filling.body!)
  const hold = `select from engine.event where id = '${eventId}' for update`
  const served = await whileFull({ filling, hold }, cancels)
  assert.deepEqual(
    served.map(({ status }) => status),
    [201, 200, 200],
    'one cancel, and the same again',
  )
})

test('reports', async () => {
  const reports = calls.filter(({ path }) => /report$/.test(path))
  const hold = 'lock table engine.event in exclusive mode'
  const served = await whileFull({ filling: reports[0]!, hold }, reports)
  for (const { status, text } of served) {
    assert.equal(status, 200)
    assert.equal(JSON.parse(text).activationIds.length, 1)
  }
})

type Held = {
  /** The call that takes every place. */
  readonly filling: ApiCall
  /** A statement whose lock that call waits for. */
  readonly hold: string
}

/** Asserts how `calls` are answered while there is no place, then lets go. Resolves with the answers to those who waited. */
async function whileFull({ filling, hold }: Held, calls: ApiCalls): Promise<ApiReply[]> {
  // Until all is quiet: who waits for a lock from here on is one of the callers below.
  await server.advance(1000)
  const holder = new pg.Client(server.databaseOptions)
  await holder.connect()
  try {
    await holder.query('begin')
    await holder.query(hold)
    const held: Promise<ApiReply>[] = []
    for (let sent = 1; sent <= AT_THE_DATABASE; sent++) {
      held.push(callOf(server, filling))
      await until(async () => (await waitingForLocks(holder)) >= sent)
    }
    // Of these two one waits, and the other has no place.
    const last = [callOf(server, filling), callOf(server, filling)]
    const refused = await Promise.race(last.map(async (reply, i) => ({ i, reply: await reply })))
    assertUnavailable(filling, refused.reply)
    for (const call of calls) assertUnavailable(call, await callOf(server, call))
    await holder.query('rollback')
    return await Promise.all([...held, last[1 - refused.i]!])
  } finally {
    await holder.end()
  }
}

async function waitingForLocks(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(distinct pid)::int from pg_locks join pg_stat_activity using (pid)
     where not granted and datname = current_database()`,
  )
  return rows[0]!.count
}
