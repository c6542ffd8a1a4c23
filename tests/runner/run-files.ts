// Test files in one process of their own: what they told, and whether they passed.

import { join, relative } from 'node:path'
import { run } from 'node:test'
import type { TestEvent } from 'node:test/reporters'

export type Counts = { tests: number; passed: number; cancelled: number; skipped: number; todo: number }

export type FilesRun = {
  readonly passed: boolean
  readonly counts: Counts
  /** For a reporter, in their order. Files that were stopped may have opened suites that they never close. */
  readonly events: readonly TestEvent[]
  /** What failed and why, some lines each. */
  readonly failures: readonly string[]
  /** How long each file's tests took, of those that ended. */
  readonly seconds: ReadonlyMap<string, number>
}

export type FileLimits = {
  /** Files from which nothing is heard for longer, no test that began or ended, hang. */
  readonly silentMs: number
  /** For the runner's own end of files that were stopped. */
  readonly stoppedMs: number
}

const ENTRY = join(import.meta.dirname, 'files-process.ts')

/**
 * A run for each process, because the runner's own timeout ends a test, but not the process that still hangs. What counts is silence, not
 * the whole time: that is ten times as long on a machine that has other work. Its stream may stay open for
 * ever where that process was killed from outside, and AbortSignal.timeout may be collected before its time: so a timer of ours.
 */
export async function runFiles(
  files: readonly string[],
  limits: FileLimits,
  interrupted: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<FilesRun> {
  const overdue = new AbortController()
  const signal = AbortSignal.any([interrupted, overdue.signal])
  const left = Promise.withResolvers<void>()
  const silence = setTimeout(() => overdue.abort(), limits.silentMs)
  const timers = [silence]
  const stopped = () => timers.push(setTimeout(() => left.resolve(), limits.stoppedMs))
  signal.addEventListener('abort', stopped, { once: true })
  const heard = new FilesEvents(files, () => silence.refresh())
  try {
    const stream = run({
      files: [ENTRY],
      argv: [...files],
      env,
      concurrency: 1,
      timeout: Number.POSITIVE_INFINITY,
      signal,
    })
    // Node's runner swallows what nobody catches.
    await Promise.race([heard.follow(stream), left.promise]).catch(error =>
      heard.fail(`the run itself: ${error}`),
    )
  } finally {
    signal.removeEventListener('abort', stopped)
    for (const timer of timers) clearTimeout(timer)
  }
  if (overdue.signal.aborted)
    heard.fail(`nothing was heard of them for ${limits.silentMs / 1000} s, so they were stopped`)
  return heard.result()
}

class FilesEvents {
  readonly #events: TestEvent[] = []
  readonly #failures: string[] = []
  readonly #seconds = new Map<string, number>()
  /** Each file by the name of its suite. */
  readonly #files: ReadonlyMap<string, string>
  readonly #withTests = new Set<string>()
  readonly #told: () => void
  #counts: Counts = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 }
  #passed = false
  #ended = false
  /** A test has ended since a file's suite was closed. */
  #hasTest = false
  #errors: readonly string[] = []

  /** `told` is called whenever a test begins or ends. */
  constructor(files: readonly string[], told: () => void) {
    this.#files = new Map(files.map(file => [relative(process.cwd(), file), file]))
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

  result(): FilesRun {
    // Node calls a process that exits with 0 passed, also where that was in the middle of a test.
    if (this.#passed && !this.#ended) this.fail('the process ended before its tests did')
    for (const [name, file] of this.#files)
      if (this.#passed && !this.#withTests.has(file)) this.fail(`${name}: no test of it ran to its end`)
    return {
      passed: this.#passed && this.#failures.length === 0,
      counts: this.#counts,
      events: this.#events,
      failures: this.#failures,
      seconds: this.#seconds,
    }
  }

  #take(event: TestEvent): void {
    if (event.type === 'test:summary') {
      const { file, counts, success } = event.data
      // The process's own count comes when all its tests have ended.
      if (file !== undefined) {
        this.#ended = counts.tests > 0
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
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { nesting, name, details } = event.data
      const own = nesting === 0 ? this.#files.get(name) : undefined
      if (own === undefined) {
        // Wherever it is written: the suite of its file closes after it.
        if (details.type !== 'suite') this.#hasTest = true
      } else {
        this.#seconds.set(name, details.duration_ms / 1000)
        if (this.#hasTest) this.#withTests.add(own)
        this.#hasTest = false
      }
    }
    if (event.type === 'test:fail') {
      const why = failureOf(event.data)
      // A process that breaks before its first test says why on its standard error only.
      const isProcess = event.data.nesting === 0 && event.data.name === ENTRY
      if (why !== null) this.fail(isProcess ? [why, ...this.#errors].join('\n    ') : why)
    }
    // The closing lines of one process; the ones of all are printed at the end.
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
  file,
  details,
}: {
  readonly name: string
  readonly file?: string | undefined
  readonly details: { readonly error: Error }
}): string | null {
  const { failureType, cause } = details.error as Error & { readonly failureType?: string }
  if (failureType === 'subtestsFailed') return null
  const reason = cause instanceof Error ? cause : details.error
  const lines = String(reason.message ?? reason).split('\n')
  const at =
    reason.stack?.split('\n').filter(line => /^ +at .*\/(tests|server|wire|client)\//.test(line)) ?? []
  const where = file === undefined || file === ENTRY ? '' : `${relative(process.cwd(), file)}: `
  return [where + name, ...lines.slice(0, MAX_LINES), ...at.slice(0, 3)]
    .map(line => line.slice(0, MAX_OF_A_LINE))
    .join('\n    ')
}
