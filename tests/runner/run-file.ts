// One test file, in a process of its own: what it told, and whether it passed.

import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'

export type Counts = { tests: number; passed: number; cancelled: number; skipped: number; todo: number }

export type FileRun = {
  readonly passed: boolean
  readonly counts: Counts
  /** For a reporter, in their order. A file that was stopped may have opened suites that it never closes. */
  readonly events: readonly TestEvent[]
  /** What failed and why, some lines each. */
  readonly failures: readonly string[]
}

export type FileLimits = {
  /** A file from which nothing is heard for longer, no test that began or ended, hangs. */
  readonly silentMs: number
  /** For the runner's own end of a file that was stopped. */
  readonly stoppedMs: number
}

/**
 * A run for each file, because the runner's own timeout ends a test, but not the process that still hangs. What counts is silence, not the
 * whole time: that is ten times as long on a machine that has other work. Its stream may stay open for
 * ever where that process was killed from outside, and AbortSignal.timeout may be collected before its time: so a timer of ours.
 */
export async function runFile(file: string, limits: FileLimits, interrupted: AbortSignal): Promise<FileRun> {
  const overdue = new AbortController()
  const signal = AbortSignal.any([interrupted, overdue.signal])
  const left = Promise.withResolvers<void>()
  const silence = setTimeout(() => overdue.abort(), limits.silentMs)
  const timers = [silence]
  const stopped = () => timers.push(setTimeout(() => left.resolve(), limits.stoppedMs))
  signal.addEventListener('abort', stopped, { once: true })
  const heard = new FileEvents(() => silence.refresh())
  try {
    const stream = run({ files: [file], concurrency: 1, timeout: Number.POSITIVE_INFINITY, signal })
    // Node's runner swallows what nobody catches.
    await Promise.race([heard.follow(stream), left.promise]).catch(error =>
      heard.fail(`the run itself: ${error}`),
    )
  } finally {
    signal.removeEventListener('abort', stopped)
    for (const timer of timers) clearTimeout(timer)
  }
  if (overdue.signal.aborted)
    heard.fail(`nothing was heard of it for ${limits.silentMs / 1000} s, so it was stopped`)
  return heard.result()
}

class FileEvents {
  readonly #events: TestEvent[] = []
  readonly #failures: string[] = []
  #counts: Counts = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 }
  #passed = false
  #errors: readonly string[] = []
  /** Tests by the count of the file's own process, which it gives when all of them have ended. */
  #ownTests = 0

  readonly #told: () => void

  /** `told` is called whenever a test begins or ends. */
  constructor(told: () => void) {
    this.#told = told
  }

  async follow(stream: AsyncIterable<TestEvent>): Promise<void> {
    for await (const event of stream) {
      // Not for what it prints: a loop without end may log.
      if (event.type !== 'test:stdout' && event.type !== 'test:stderr') this.#told()
      this.#take(event)
    }
  }

  fail(why: string): void {
    this.#failures.push(why)
  }

  result(): FileRun {
    // Node calls a file whose process exits with 0 passed, also where that was in the middle of a test.
    if (this.#passed && this.#ownTests === 0)
      this.fail('its process ended before its tests did, or it has none')
    return {
      passed: this.#passed && this.#failures.length === 0,
      counts: this.#counts,
      events: this.#events,
      failures: this.#failures,
    }
  }

  #take(event: TestEvent): void {
    if (event.type === 'test:summary') {
      const { file, counts, success } = event.data
      if (file !== undefined) {
        this.#ownTests = counts.tests
      } else {
        this.#counts = counts
        this.#passed = success
      }
      return
    }
    if (event.type === 'test:stderr') {
      const said = event.data.message.split('\n').filter(line => line.trim() !== '')
      this.#errors = [...this.#errors, ...said].slice(-MAX_LINES)
    }
    if (event.type === 'test:fail') {
      const why = failureOf(event.data)
      // A file that breaks before its first test says why on its standard error only.
      const isFile = event.data.nesting === 0 && event.data.file === event.data.name
      if (why !== null) this.fail(isFile ? [why, ...this.#errors].join('\n    ') : why)
    }
    // The closing lines of one file; the ones of all are printed at the end.
    if (event.type === 'test:diagnostic' && event.data.nesting === 0 && event.data.file === undefined) return
    if (event.type === 'test:plan' && event.data.nesting === 0) return
    this.#events.push(event)
  }
}

const MAX_LINES = 12
const MAX_OF_A_LINE = 300

/** Null for a suite that failed because of a test in it. */
function failureOf({
  name,
  details,
}: {
  readonly name: string
  readonly details: { readonly error: Error }
}): string | null {
  const { failureType, cause } = details.error as Error & { readonly failureType?: string }
  if (failureType === 'subtestsFailed') return null
  const reason = cause instanceof Error ? cause : details.error
  const lines = String(reason.message ?? reason).split('\n')
  const at =
    reason.stack?.split('\n').filter(line => /^ +at .*\/(tests|server|wire|client)\//.test(line)) ?? []
  return [name, ...lines.slice(0, MAX_LINES), ...at.slice(0, 3)]
    .map(line => line.slice(0, MAX_OF_A_LINE))
    .join('\n    ')
}
