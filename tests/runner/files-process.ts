// What a process of the test runner runs: the test files that it is given, one after the other, each as a suite of its own name. So what
// one sets up before and after its tests holds for its own tests only, and what it has open is closed before the next one's begin.

import assert from 'node:assert/strict'
import { relative } from 'node:path'
import { after, describe } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'

let found: ProcessState | null = null

for (const file of process.argv.slice(2)) {
  describe(relative(process.cwd(), file), async () => {
    // When the runner has added its own listeners, and before any file is loaded: what a file changes while it loads is found too.
    found ??= processState()
    await import(pathToFileURL(file).href)
    // Last, when what the file itself does at its end is done.
    after(() => {
      const now = processState()
      const before = found ?? now
      // Told once, and not of the files after it.
      found = now
      const changed = Object.keys(before).filter(name => !isDeepStrictEqual(now[name], before[name]))
      assert.equal(changed.join(), '', `the file leaves the process as it found it, but for: ${changed}`)
    })
  })
}

type ProcessState = Readonly<Record<string, unknown>>

/** What a test could change for the tests of the next file. */
function processState(): ProcessState {
  const signals = [
    'SIGINT',
    'SIGTERM',
    'SIGHUP',
    'SIGUSR2',
    'uncaughtException',
    'uncaughtExceptionMonitor',
    'unhandledRejection',
    'warning',
    'message',
  ]
  return {
    environment: { ...process.env },
    directory: process.cwd(),
    exitCode: process.exitCode,
    listeners: Object.fromEntries(signals.map(name => [name, process.listenerCount(name)])),
    replaced: [fetch, setTimeout, setInterval, setImmediate, queueMicrotask, Date, Math.random, Date.now],
    console: [console.log, console.warn, console.error],
  }
}
