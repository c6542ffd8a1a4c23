// What a process of the test runner runs: the test files that it is given, one after the other, each as a suite of its own name. So what
// one sets up before and after its tests holds for its own tests only, and what it has open is closed before the next one's begin.

import assert from 'node:assert/strict'
import { relative } from 'node:path'
import { after, before, describe } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'

for (const file of process.argv.slice(2)) {
  describe(relative(process.cwd(), file), async () => {
    let found: ProcessState
    before(() => {
      found = processState()
    })
    await import(pathToFileURL(file).href)
    // Last, when what the file itself does at its end is done.
    after(() => {
      const now = processState()
      const changed = Object.keys(found).filter(name => !isDeepStrictEqual(now[name], found[name]))
      assert.equal(changed.join(), '', `the file leaves the process as it found it, but for: ${changed}`)
    })
  })
}

type ProcessState = Readonly<Record<string, unknown>>

/** What a test could change for the tests of the next file. */
function processState(): ProcessState {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'uncaughtExceptionMonitor', 'warning', 'message']
  return {
    environment: { ...process.env },
    directory: process.cwd(),
    exitCode: process.exitCode,
    listeners: Object.fromEntries(signals.map(name => [name, process.listenerCount(name)])),
    replaced: [fetch, setTimeout, setInterval, setImmediate, queueMicrotask, Date, Math.random, Date.now],
    console: [console.log, console.warn, console.error],
  }
}
