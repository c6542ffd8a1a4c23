// A green run means that every test of the file has run and passed.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDirectory } from '../postgres/data-directories.ts'
import { type FileLimits, type FileRun, runFile } from './run-file.ts'

const LIMITS: FileLimits = { silentMs: 60_000, stoppedMs: 20_000 }
const never = new AbortController().signal

function runOf(t: TestContext, body: string, limits = LIMITS, interrupted = never): Promise<FileRun> {
  const file = join(openDirectory(t), 'given.test.mjs')
  writeFileSync(
    file,
    `import { once } from 'node:events'\nimport { createServer } from 'node:http'\nimport { after, describe, test } from 'node:test'\nimport assert from 'node:assert/strict'\n${body}\n`,
  )
  // A test file's process says that it is one; the run in it would not run anything.
  const { NODE_TEST_CONTEXT: context } = process.env
  delete process.env.NODE_TEST_CONTEXT
  const running = runFile(file, limits, interrupted)
  if (context !== undefined) process.env.NODE_TEST_CONTEXT = context
  return running
}

test('a file passes when all its tests have', async t => {
  const ran = await runOf(t, `describe('a suite', () => { test('one', () => {}); test('two', () => {}) })`)
  assert.deepEqual([ran.passed, ran.failures, ran.counts.tests, ran.counts.passed], [true, [], 2, 2])
})

test('what failed is named with its reason, and a suite does not count for what is in it', async t => {
  const ran = await runOf(
    t,
    `describe('a suite', () => { test('one', () => assert.equal(1, 2, 'not the same')) })`,
  )
  assert.equal(ran.passed, false)
  assert.equal(ran.failures.length, 1)
  assert.match(ran.failures[0] ?? '', /^one\n {4}not the same/)
})

for (const [given, body] of [
  [
    'exits with 0 in the middle of a test',
    `test('one', () => {})\ntest('two', () => process.exit(0))\ntest('three', () => assert.fail())`,
  ],
  ['exits with 0 in a suite', `describe('s', () => { test('one', () => process.exit(0)) })`],
  ['exits with 0 before its first test', `process.exit(0)`],
  ['exits with 0 in what it does at its end', `after(() => process.exit(0))\ntest('one', () => {})`],
  ['has no test', ''],
] as const) {
  test(`a file whose process ${given} does not pass`, async t => {
    const ran = await runOf(t, body)
    assert.equal(ran.passed, false)
    assert.match(ran.failures.join('\n'), /ended before its tests did, or it has none/)
  })
}

test('a file that breaks before its first test is told with what it said', async t => {
  const ran = await runOf(t, `throw new Error('nothing to connect to')`)
  assert.equal(ran.passed, false)
  assert.match(ran.failures.join('\n'), /nothing to connect to/)
})

test('a file that hangs is stopped, and said to', async t => {
  const ran = await runOf(t, `test('one', () => once(createServer().listen(0), 'close'))`, {
    silentMs: 500,
    stoppedMs: 20_000,
  })
  assert.equal(ran.passed, false)
  assert.match(ran.failures.join('\n'), /nothing was heard of it for 0\.5 s/)
})

test('a file that hangs is stopped, also when it goes on printing', async t => {
  const body = `test('one', () => new Promise(() => createServer(() => {}).listen(0, function again() { console.log('still here'); setImmediate(again) })))`
  const ran = await runOf(t, body, { silentMs: 500, stoppedMs: 20_000 })
  assert.equal(ran.passed, false)
  assert.match(ran.failures.join('\n'), /nothing was heard of it/)
})

test('a run that is interrupted has not passed', async t => {
  const interrupted = new AbortController()
  const running = runOf(
    t,
    `test('one', () => once(createServer().listen(0), 'close'))`,
    LIMITS,
    interrupted.signal,
  )
  interrupted.abort()
  assert.equal((await running).passed, false)
})
