// The reader of what strangers write: whatever a text does to the process that reads it, its writer is refused and nobody else is.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getPriority } from 'node:os'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../server/src/core/fault.ts'
import { ReaderUnavailable } from '../../server/src/reader/faults.ts'
import { Reader, type ReaderOptions } from '../../server/src/reader/reader.ts'
import { ended } from '../postgres/process-end.ts'
import { until } from '../support/until.ts'
import type { jobs } from './reader-jobs.ts'

const JOBS = new URL('./reader-jobs.ts', import.meta.url)

/** What gives way may wait long for its processor time. */
const ON_A_BUSY_MACHINE = 1000

function readerFor(t: TestContext, options?: ReaderOptions): Reader<typeof jobs> {
  // However slow this machine is, nobody waits in vain, unless the test is about that.
  const reader = new Reader<typeof jobs>(JOBS, {
    restTimes: 0,
    waitMs: 600_000,
    startMs: 300_000,
    ...options,
  })
  t.after(() => reader.stop())
  return reader
}

test('a job gets its input and its caller the output, at once or later', async t => {
  const reader = readerFor(t)
  const long = 'ein Wört 👩‍🚀\r\n'.repeat(50_000)
  assert.equal(await reader.read('echo', long, 'a'), long)
  assert.equal(await reader.read('later', 6, 'a'), 7)
})

test('one process reads everything, and knows nothing of our environment', async t => {
  const reader = readerFor(t)
  const pids = await Promise.all(['a', 'b', 'a', 'c'].map(owner => reader.read('pid', null, owner)))
  assert.equal(new Set(pids).size, 1)
  assert.notEqual(pids[0], process.pid)
  assert.deepEqual(await reader.read('environment', null, 'a'), [])
})

test('where processors are short it comes after what all callers wait for, and after PostgreSQL, which has a session of its own', async t => {
  const readers = [readerFor(t), readerFor(t)]
  for (const reader of readers) {
    const pid = await reader.read('pid', null, 'a')
    assert.equal(getPriority(pid), 10)
    const group = () => readFileSync(`/proc/${pid}/autogroup`, 'utf8')
    if (!existsSync(`/proc/${pid}/autogroup`)) continue
    assert.notEqual(group().split(' ')[0], readFileSync('/proc/self/autogroup', 'utf8').split(' ')[0])
    // Of two processes that begin together one is told to try again.
    await until(async () => group().trim().endsWith(' nice 10'))
  }
})

test('whose text used a processor for long waits a multiple of that for the next one, and others do not wait for it', async t => {
  let nowMs = 0
  const reader = readerFor(t, { restTimes: 10_000, waitMs: 1_000_000_000, clock: () => nowMs })
  await reader.read('busy', 20, 'a')
  const ended: string[] = []
  const read = (text: string, owner: string) => reader.read('echo', text, owner).then(() => ended.push(text))
  const next = read('a again', 'a')
  await read('b', 'b')
  nowMs = 199_999
  await read('c', 'c')
  assert.deepEqual(ended, ['b', 'c'])
  // However little a processor it took more than it had to.
  nowMs = 100_000_000
  await Promise.all([next, read('d', 'd')])
  assert.deepEqual(ended.slice(0, 3), ['b', 'c', 'a again'])
  // Whoever rests when it is stopped is told, not waited for.
  await reader.read('busy', 20, 'e')
  const refused = assert.rejects(reader.read('echo', 'e again', 'e'), ReaderUnavailable)
  await reader.stop()
  await refused
})

test('a rest is no longer than half of what a text may wait; who waited too long is told at once, and rests for nothing', async t => {
  let nowMs = 0
  const reader = readerFor(t, { restTimes: 1_000_000, waitMs: 1000, clock: () => nowMs })
  const at = async (ms: number) => {
    nowMs = ms
    // Whoever comes has the reader look at its clock.
    await reader.read('echo', '', `at ${ms}`)
  }
  await reader.read('busy', 5, 'a')
  const first = reader.read('busy', 5, 'a')
  const second = assert.rejects(reader.read('echo', 'second', 'a'), ReaderUnavailable)
  await at(500)
  await first
  await at(1001)
  await second
  assert.equal(await reader.read('echo', 'third', 'a'), 'third')
})

test('a refusal of the job reaches its caller whole', async t => {
  const reader = readerFor(t)
  const pid = await reader.read('pid', null, 'a')
  await assert.rejects(reader.read('refuse', 'doctors', 'a'), (error: Fault) => {
    assert.ok(error instanceof Fault)
    assert.deepEqual(
      [error.code, error.status, error.message, error.data],
      ['UNREADABLE_SCRAWL', 422, 'Nobody can read doctors.', { what: 'doctors' }],
    )
    return true
  })
  assert.equal(await reader.read('pid', null, 'a'), pid)
})

test("a job's own mistake is an error that names it, not a refusal", async t => {
  const reader = readerFor(t)
  await assert.rejects(reader.read('fail', null, 'a'), (error: Error) => {
    assert.ok(!(error instanceof Fault) && !(error instanceof ReaderUnavailable))
    assert.match(error.message, /the job fail failed: TypeError: a mistake of ours/)
    return true
  })
})

test('what takes too long is refused, its process is killed, and another one reads on', async t => {
  const reader = readerFor(t, { timeMs: 300, patience: ON_A_BUSY_MACHINE })
  const pid = await reader.read('pid', null, 'a')
  const slow = reader.read('endless', null, 'a')
  const next = reader.read('pid', null, 'a')
  await assert.rejects(slow, { code: 'READING_TOO_LONG', status: 400 })
  await ended(pid)
  assert.notEqual(await next, pid)
})

test('while somebody else waits, a text that has no processor is given up sooner', async t => {
  const reader = readerFor(t, { timeMs: 100, patience: 1_000_000 })
  await reader.read('pid', null, 'a')
  const starved = assert.rejects(reader.read('silent', null, 'a'), ReaderUnavailable)
  assert.equal(await reader.read('later', 1, 'b'), 2)
  await starved
})

test('who rests is nobody who waits: a text that has no processor is not given up for them', async t => {
  let nowMs = 0
  const limits = { timeMs: 100, patience: 20, patienceOfOthers: 2, restTimes: 1_000_000 }
  const reader = readerFor(t, { ...limits, waitMs: 1_000_000_000, clock: () => nowMs })
  await reader.read('busy', 5, 'b')
  const resting = reader.read('echo', 'b again', 'b')
  const before = performance.now()
  await assert.rejects(reader.read('silent', null, 'a'), ReaderUnavailable)
  assert.ok(performance.now() - before >= 20 * 100)
  nowMs = 500_000_000
  await Promise.all([resting, reader.read('echo', '', 'c')])
})

test('what has no processor is no fault of its writer: after a while nobody is free to read it', async t => {
  const reader = readerFor(t, { timeMs: 50 })
  const pid = await reader.read('pid', null, 'a')
  const before = performance.now()
  await assert.rejects(reader.read('silent', null, 'a'), ReaderUnavailable)
  assert.ok(performance.now() - before >= 15 * 50, 'longer than its limit of processor time')
  await ended(pid)
  assert.notEqual(await reader.read('pid', null, 'a'), pid)
})

for (const job of ['manyThings', 'oneLongList', 'oneLongText'] as const) {
  test(`what takes too much memory (${job}) is refused, and ends its own process only`, async t => {
    const reader = readerFor(t, { memoryMb: 48, timeMs: 120_000 })
    await assert.rejects(reader.read(job, null, 'a'), { code: 'READING_TOO_LARGE', status: 400 })
    assert.equal(await reader.read('echo', 'still here', 'a'), 'still here')
  })
}

test('a process that ends by itself is nobody’s fault: unavailable, and the next one is read', async t => {
  const reader = readerFor(t)
  await assert.rejects(reader.read('leave', null, 'a'), { name: 'ReaderUnavailable', message: /exit 3/ })
  const pid = await reader.read('pid', null, 'a')
  process.kill(pid, 'SIGKILL')
  await ended(pid)
  // Whether we have heard of its end yet or not: nobody is refused for it for good.
  const [first, second] = [reader.read('echo', 'x', 'a'), reader.read('echo', 'y', 'a')]
  await first.catch(error => assert.ok(error instanceof ReaderUnavailable))
  assert.equal(await second, 'y')
})

test('signals that a terminal or a service manager sends to all do not stop it', async t => {
  const reader = readerFor(t)
  const pid = await reader.read('pid', null, 'a')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
  assert.equal(await reader.read('pid', null, 'a'), pid)
})

test('while something is read for ever, this process answers', async t => {
  const reader = readerFor(t, { timeMs: 3000, patience: ON_A_BUSY_MACHINE })
  await reader.read('echo', 'started', 'a')
  const server = createServer((_request, response) => response.end('here')).listen(0)
  t.after(() => server.close())
  await once(server, 'listening')
  const slow = reader.read('endless', null, 'a').catch((error: Fault) => error.code)
  const { port } = server.address() as AddressInfo
  const answers = (async () => {
    for (let i = 0; i < 20; i++) assert.equal(await (await fetch(`http://localhost:${port}`)).text(), 'here')
    return 'twenty answers'
  })()
  assert.equal(await Promise.race([slow, answers]), 'twenty answers')
  assert.equal(await slow, 'READING_TOO_LONG')
})

test('owners take turns: who has much to read does not keep others waiting', async t => {
  const reader = readerFor(t)
  const order: string[] = []
  const read = async (text: string, owner: string) => void order.push(await reader.read('echo', text, owner))
  await Promise.all([
    ...['a1', 'a2', 'a3', 'a4'].map(text => read(text, 'a')),
    read('b1', 'b'),
    ...['c1', 'c2'].map(text => read(text, 'c')),
  ])
  // a1 was alone when it came.
  assert.deepEqual(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'c2', 'a4'])
})

test('what waits is bounded, for each and for all, and what waits within is read', async t => {
  const reader = readerFor(t, { waiting: { all: 3, each: 2 } })
  const read = (text: string, owner: string) => reader.read('echo', text, owner)
  const full = { name: 'ReaderUnavailable', message: /too many/ }
  const waiting = [read('under way', 'a'), read('a1', 'a'), read('b1', 'b')]
  const a2 = assert.rejects(read('a2', 'a'), full)
  await assert.rejects(read('a3', 'a'), full)
  await assert.rejects(read('b2', 'b'), full)
  // Nobody is kept out by who has more: the last of those goes.
  waiting.push(read('c1', 'c'))
  await a2
  assert.deepEqual(await Promise.all(waiting), ['under way', 'a1', 'b1', 'c1'])
  assert.equal(await read('room again', 'a'), 'room again')
})

test('who has waited too long is told so, and not read', async t => {
  let now = 0
  const reader = readerFor(t, { clock: () => now, waitMs: 1000 })
  const first = reader.read('echo', 'first', 'a')
  const second = reader.read('echo', 'second', 'a')
  now = 1001
  assert.equal(await first, 'first')
  await assert.rejects(second, { name: 'ReaderUnavailable', message: /within 1000 ms/ })
})

test('stopped, it refuses what is read, what waits and what comes, and its process is gone', async t => {
  const reader = readerFor(t, { timeMs: 120_000 })
  const pid = await reader.read('pid', null, 'a')
  const pending = [reader.read('endless', null, 'a'), reader.read('echo', 'x', 'b')]
  const refused = Promise.all(pending.map(read => assert.rejects(read, { name: 'ReaderUnavailable' })))
  await Promise.all([reader.stop(), reader.stop()])
  await ended(pid)
  await refused
  await assert.rejects(reader.read('echo', 'x', 'a'), { name: 'ReaderUnavailable' })
})

test('stopped while its process starts, it leaves none', async () => {
  const reader = new Reader<typeof jobs>(JOBS)
  const refused = assert.rejects(reader.read('pid', null, 'a'), { name: 'ReaderUnavailable' })
  await reader.stop()
  await refused
})

test('jobs that cannot be loaded are named', async t => {
  const reader = new Reader<typeof jobs>(new URL('./nothing-here.ts', import.meta.url))
  t.after(() => reader.stop())
  await assert.rejects(reader.read('echo', 'x', 'a'), {
    name: 'ReaderUnavailable',
    message: /nothing-here\.ts/,
  })
})

function user(...args: readonly string[]) {
  const script = fileURLToPath(new URL('./reader-user.ts', import.meta.url))
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = once(createInterface({ input: child.stdout }), 'line').then(([line]) => Number(line))
  return { child, said, exit: once(child, 'exit') }
}

test('it keeps no program running: one that never stops it ends, and takes it along', async () => {
  const { said, exit } = user()
  const pid = await said
  assert.deepEqual(await exit, [0, null])
  await ended(pid)
})

for (const reading of ['nothing', 'endless']) {
  test(`a program that is killed takes it along too, while ${reading} is read`, async () => {
    const { child, said } = user(reading)
    const pid = await said
    child.kill('SIGKILL')
    await ended(pid)
  })
}

test('a server that has a higher nice value than its readers get reads all the same, and they keep it', async () => {
  const script = fileURLToPath(new URL('./reader-user.ts', import.meta.url))
  const child = spawn('nice', ['-n', '15', process.execPath, script, 'endless'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  assert.equal(getPriority(Number(line)), Math.min(19, getPriority() + 15))
  child.kill('SIGKILL')
  await ended(Number(line))
})
