// Processes that are killed from outside: PostgreSQL under a server, the server over PostgreSQL, the launcher over both.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { ended } from '../postgres/process-end.ts'
import { type PreparedData, preparedData, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import { World } from './crash-world.ts'

let data: PreparedData
before(async () => {
  data = await preparedData()
})
after(() => data?.[Symbol.asyncDispose]())

test('PostgreSQL killed under load: what was acknowledged happens, what was cancelled does not, and it goes on by itself', async t => {
  const world = await World.open(data)
  t.after(() => world.close())
  const server = await world.start()
  await world.tokenOf({ user: 'alice@contoso.example' })
  const acknowledged = new Map<string, string>()
  const receipts: string[] = []
  const killed = server.postgresPid()
  const strange: string[] = []
  const one = async (i: number) => {
    const reply = await world.alice('POST', '/api/v1/events', {
      title: `N${i}`,
      effects: [world.webhook(`/n${i}`, 3_600_000)],
    })
    if (reply?.status !== 201) {
      if (reply?.status !== 503) strange.push(`announce: ${reply?.status} ${reply?.text}`)
      return
    }
    acknowledged.set(`/n${i}`, reply.json.id)
    if (i % 2 === 0) return
    const cancel = await world.alice('POST', `/api/v1/events/${reply.json.id}/cancel`)
    if (cancel?.status === 201) {
      acknowledged.delete(`/n${i}`)
      receipts.push(cancel.json.receiptId)
    } else {
      if (cancel?.status !== 503) strange.push(`cancel: ${cancel?.status} ${cancel?.text}`)
      // Not acknowledged: it may be either, and the same request once more makes it sure.
      acknowledged.delete(`/n${i}`)
    }
  }
  const crowd = Promise.all(
    Array.from({ length: 16 }, async (_, lane) => {
      for (let i = lane; i < 400; i += 16) {
        await one(i)
        // In the middle: the other fifteen are at it.
        if (i === 160) process.kill(killed, 'SIGKILL')
      }
    }),
  )
  await crowd
  assert.deepEqual(strange, [], 'nothing but 503')
  // Back by itself: the first request that is taken again.
  for (;;) {
    const reply = await world.alice('GET', '/api/v1/sandbox/clock')
    if (reply?.status === 200) break
    assert.equal(reply?.status, 503)
    assert.ok(Number(reply.headers.get('retry-after')) > 0)
  }
  assert.notEqual(server.postgresPid(), killed, 'another PostgreSQL answers')
  for (const id of receipts) {
    const receipt = await world.receipt(id)
    assert.deepEqual([receipt.counts.total, receipt.counts.prevented], [1, 1])
  }
  await world.advance('2h')
  const called = new Set(world.called)
  assert.deepEqual(
    [...acknowledged.keys()].filter(path => !called.has(path)),
    [],
    'no timer is lost',
  )
  for (const id of receipts) {
    const { items } = await world.receipt(id)
    assert.ok(!world.receiver.requests.some(request => request.headers['webhook-id'] === items[0].effectId))
  }
  assert.equal(world.called.length, called.size, 'each once')
  assert.equal(server.child.exitCode, null, 'the server lives on')
})

test('PostgreSQL frozen: 503 instead of waiting for ever, and when it thaws what was acknowledged is there', async t => {
  const world = await World.open(data)
  t.after(() => world.close())
  const server = await world.start()
  const { id } = await world.aliceOk('POST', '/api/v1/events', {
    title: 'N',
    effects: [world.webhook('/n', 3_600_000)],
  })
  const { receiptId } = await world.aliceOk('POST', `/api/v1/events/${id}/cancel`)
  const frozen = postgresProcesses(server.postgresPid())
  for (const pid of frozen) process.kill(pid, 'SIGSTOP')
  t.after(() => frozen.forEach(thaw))
  const asked = Array.from({ length: 20 }, () =>
    world.alice('POST', '/api/v1/events', { title: 'late', effects: [] }),
  )
  for (const reply of await Promise.all(asked)) {
    assert.equal(reply?.status, 503, reply?.text)
    assert.ok(Number(reply.headers.get('retry-after')) > 0)
  }
  assert.equal((await server.ask('GET', '/healthz')).status, 200)
  assert.equal((await server.ask('GET', '/readyz')).status, 503)
  frozen.forEach(thaw)
  await until(async () => (await server.ask('GET', '/readyz')).status === 200)
  assert.deepEqual((await world.receipt(receiptId)).counts.prevented, 1)
  await world.aliceOk('POST', '/api/v1/events', { title: 'N', effects: [world.webhook('/after')] })
  await world.receiver.arrived(1)
  await world.advance('2h')
  assert.deepEqual(world.called, ['/after'])
})

test('a server killed with SIGKILL takes its PostgreSQL along, and the next start works at once', async () => {
  const dataDir = data.copy()
  const server = await startServer({ dataDir })
  const postgres = server.postgresPid()
  server.child.kill('SIGKILL')
  await server.ended
  await using next = await startServer({ dataDir })
  assert.equal((await next.ask('GET', '/readyz')).status, 200)
  assert.notEqual(next.postgresPid(), postgres)
  await ended(postgres)
})

test('a launcher killed with SIGKILL takes server and PostgreSQL along', async () => {
  const dataDir = data.copy()
  const server = await startServer({ dataDir, launcher: true })
  const postgres = server.postgresPid()
  assert.notEqual(server.pid, server.child.pid)
  server.child.kill('SIGKILL')
  await ended(server.pid)
  await ended(postgres)
})

/** The postmaster first: it would start others for those that do not answer. */
function postgresProcesses(postmaster: number): number[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const children = all
    .map(line => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === postmaster)
  return [postmaster, ...children.map(([pid]) => pid!)]
}

function thaw(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It ended: what was cut off while it was frozen.
  }
}
