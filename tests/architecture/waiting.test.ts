// A test never waits for time: it waits until something holds (tests/support/until.ts), or steers the clock. Helper files of the
// tests are under the same rule, but for a few that need a timer.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesBelow } from './source-files.ts'

const WAITS = /\bsetTimeout\(|\bsetInterval\(|timers\/promises|\bsleep\(/

/** Helpers that use a timer, and why. */
const MAY_WAIT: Readonly<Record<string, string>> = {
  'tests/support/until.ts': 'asks again and again until something holds: this is what tests wait with',
  'tests/runner/run-files.ts': 'stops test files that hang',
  'tests/chaos/histories.ts': 'stops a history that hangs',
  'tests/fuzz/raw-client.ts': 'gives up a request that is never answered',
  'tests/store/disk.ts': 'measures again and again while something else goes on',
}

test('no test waits for time, and no helper does that has no reason for it', () => {
  const own = 'tests/architecture/waiting.test.ts'
  const waiting = filesBelow('tests', ['.ts'])
    .filter(({ path, text }) => path !== own && WAITS.test(text))
    .map(({ path }) => path)
  assert.deepEqual(waiting.sort(), Object.keys(MAY_WAIT).sort())
})

test('the check finds every way to wait', () => {
  for (const line of [
    'await new Promise(resolve => setTimeout(resolve, 5))',
    "import { setTimeout as pause } from 'node:timers/promises'",
    'setInterval(() => look(), 50)',
    'await sleep(100)',
  ])
    assert.match(line, WAITS)
  assert.doesNotMatch('await until(() => done)', WAITS)
})
