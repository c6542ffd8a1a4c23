// A green run means that every test of the file has run and passed.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDirectory } from '../postgres/data-directories.ts'
import { type FileLimits, type FilesRun, runFiles } from './run-files.ts'

const LIMITS: FileLimits = { silentMs: 60_000, stoppedMs: 20_000 }
const never = new AbortController().signal

/** Runs one file, or several in one process. */
function runOf(
  t: TestContext,
  bodies: string | readonly string[],
  limits = LIMITS,
  interrupted = never,
): Promise<FilesRun> {
  const directory = openDirectory(t)
  // What two of them may share.
  writeFileSync(join(directory, 'seen.mjs'), 'export const seen = { closed: false, each: 0 }')
  const files = [bodies].flat().map((body, at) => fileOf(join(directory, `given-${at}.test.mjs`), body))
  // A test file's process says that it is one; the run in it would not run anything.
  const { NODE_TEST_CONTEXT: context } = process.env
  delete process.env.NODE_TEST_CONTEXT
  const running = runFiles(files, limits, interrupted)
  if (context !== undefined) process.env.NODE_TEST_CONTEXT = context
  return running
}

function fileOf(file: string, body: string): string {
  writeFileSync(
    file,
    `import { once } from 'node:events'\nimport { createServer } from 'node:http'\nimport { after, before, beforeEach, describe, test } from 'node:test'\nimport assert from 'node:assert/strict'\nimport { seen } from './seen.mjs'\n${body}\n`,
  )
  return file
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
  assert.match(ran.failures[0] ?? '', /given-0\.test\.mjs: one\n {4}not the same/)
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
    assert.match(ran.failures.join('\n'), /ended before its tests did|no test of it ran to its end/)
  })
}

test('what a file sets up around its tests is not for the tests of the next one', async t => {
  const ran = await runOf(t, [
    `let open = 0\nbefore(() => { open += 1 })\nafter(() => { seen.closed = true })\nbeforeEach(() => { seen.each += 1 })\ntest('one', () => assert.equal(open, 1))`,
    `test('two', () => assert.deepEqual(seen, { closed: true, each: 1 }))`,
  ])
  assert.deepEqual([ran.passed, ran.failures, ran.counts.passed, ran.seconds.size], [true, [], 2, 2])
})

for (const [change, body, isAtLoad] of [
  ['the environment', `process.env.STANDDOWN_LEFT = 'behind'`],
  ['a function that everybody calls', `globalThis.fetch = () => null`],
  ['a listener', `process.on('SIGHUP', () => {})`],
  ['the environment while it loads', `process.env.STANDDOWN_LEFT = 'behind'`, true],
] as const) {
  test(`a file that changes ${change} for the next one is red`, async t => {
    const ran = await runOf(t, [
      isAtLoad ? `${body}\ntest('one', () => {})` : `test('one', () => { ${body} })`,
      `test('two', () => {})`,
    ])
    assert.equal(ran.passed, false)
    assert.match(
      ran.failures.join('\n'),
      /given-0\.test\.mjs[\s\S]*the file leaves the process as it found it/,
    )
  })
}

test('a file without a test is red beside one that has some', async t => {
  const ran = await runOf(t, [`test('one', () => {})`, ''])
  assert.equal(ran.passed, false)
  assert.match(ran.failures.join('\n'), /given-1\.test\.mjs: no test of it ran to its end/)
})

test('a file with an empty suite is red beside one that has tests', async t => {
  const ran = await runOf(t, [
    `test('one', () => {})`,
    `describe('empty', () => {})`,
    `test('two', () => {})`,
  ])
  assert.equal(ran.passed, false)
  assert.deepEqual(ran.failures.length, 1)
  assert.match(ran.failures[0] ?? '', /given-1\.test\.mjs: no test of it ran to its end/)
})

test('a file that cannot be read does not keep the others from running', async t => {
  const ran = await runOf(t, ['const = 1', `test('one', () => {})`])
  assert.equal(ran.passed, false)
  assert.equal(ran.counts.passed, 1)
  assert.match(ran.failures.join('\n'), /given-0\.test\.mjs[\s\S]*(Unexpected|SyntaxError)/)
})

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
  assert.match(ran.failures.join('\n'), /nothing was heard of them for 0\.5 s/)
})

test('a file that hangs is stopped, also when it goes on printing', async t => {
  const body = `test('one', () => new Promise(() => createServer(() => {}).listen(0, function again() { console.log('still here'); setImmediate(again) })))`
  const ran = await runOf(t, body, { silentMs: 500, stoppedMs: 20_000 })
  assert.equal(ran.passed, false)
  assert.match(ran.failures.join('\n'), /nothing was heard of them/)
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
