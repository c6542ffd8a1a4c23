// One process that reads, as the server sees it: it is asked one thing at a time, and is killed when that takes too long.
//
// A process, and no worker thread: a thread that asks for much memory at once (one long text, one long array) takes the
// whole server down with it, whatever its resourceLimits say. Tried on Node 24: `FATAL ERROR: Reached heap limit`.

import { type ChildProcess, fork } from 'node:child_process'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { ReaderUnavailable, readerFault } from './faults.ts'
import { giveWay } from './low-priority.ts'

const ENTRY = new URL('./process-entry.ts', import.meta.url)
/** So much later than we end it, it breaks off a job by itself. */
const OWN_END_AFTER_MS = 1000
/** Where processors are short, what one caller wrote is read after what all callers wait for: a tenth of a processor is left to it then. */
const NICENESS = 10
/** What V8 ends its process with when there is no memory left. */
const OUT_OF_MEMORY = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL'])

export type ReadingLimits = {
  /** For one job, ms. */
  readonly timeMs: number
  /** Of the heap. */
  readonly memoryMb: number
  /** Until it can be asked, ms. */
  readonly startMs: number
}

export type Question = { readonly job: string; readonly input: unknown }

export type Answer =
  | { readonly is: 'ready' }
  | { readonly is: 'done'; readonly output: unknown }
  | {
      readonly is: 'refused'
      readonly code: string
      readonly status: number
      readonly message: string
      readonly data: JsonObject
    }
  | { readonly is: 'failed'; readonly reason: string }

/** `usedMs`: of a processor, for that job. */
export type Said = Answer & { readonly usedMs?: number }

type Heard = Said | { readonly is: 'late' } | { readonly is: 'ended'; readonly how: string }

export class ReadingProcess {
  readonly #limits: ReadingLimits
  readonly #child: ChildProcess
  readonly #ended: Promise<Heard>
  readonly #started: Promise<Heard>
  #usedMs = 0
  #alive = true
  #hear: (heard: Heard) => void = () => {}

  /** `jobs`: the module whose `jobs` it does. */
  constructor(jobs: URL, limits: ReadingLimits) {
    this.#limits = limits
    this.#child = fork(ENTRY, [jobs.href, String(limits.timeMs + OWN_END_AFTER_MS)], {
      execArgv: [`--max-old-space-size=${limits.memoryMb}`, '--max-semi-space-size=8'],
      // It needs nothing of ours, and whoever gets hold of it finds no secret there.
      env: {},
      cwd: '/',
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // A session of its own, which can be given a lower priority as a whole.
      detached: true,
    })
    if (this.#child.pid !== undefined) void giveWay(this.#child.pid, NICENESS)
    this.#child.on('message', answer => this.#hear(answer as Said))
    const { promise, resolve } = Promise.withResolvers<Heard>()
    this.#ended = promise
    const end = (how: string) => {
      this.#alive = false
      resolve({ is: 'ended', how })
    }
    this.#child.on('exit', (code, signal) => end(signal ?? `exit ${code}`))
    this.#child.on('error', error => {
      // Without a pid there never was a process. Any other error is of a message, to a process whose end is heard of soon.
      if (this.#child.pid === undefined) end(error.message)
    })
    this.#started = this.#next(limits.startMs)
  }

  /** False once it has ended, or will not be asked again. */
  get alive(): boolean {
    return this.#alive
  }

  /** Milliseconds of a processor that the last job used; all that it was given, where it did not come to its end. */
  get usedMs(): number {
    return this.#usedMs
  }

  /**
   * What `job` makes of `input`. One at a time.
   * @throws Fault the job's own, READING_TOO_LONG, READING_TOO_LARGE; ReaderUnavailable
   */
  async ask(job: string, input: unknown): Promise<unknown> {
    this.#keepUsAlive(true)
    try {
      const started = await this.#started
      if (started.is !== 'ready') return await this.#giveUp(`did not start: ${reasonOf(started)}`)
      const hearing = this.#next(this.#limits.timeMs)
      const question: Question = { job, input }
      this.#child.send(question, () => {})
      const heard = await hearing
      this.#usedMs = 'usedMs' in heard && heard.usedMs !== undefined ? heard.usedMs : this.#limits.timeMs
      return await this.#outputOf(heard, job)
    } finally {
      this.#keepUsAlive(false)
    }
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    this.#alive = false
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #outputOf(heard: Heard, job: string): Promise<unknown> {
    if (heard.is === 'done') return heard.output
    if (heard.is === 'refused') throw new Fault(heard.code, heard.status, heard.message, heard.data)
    if (heard.is === 'failed') throw new Error(`the job ${job} failed: ${heard.reason}`)
    if (heard.is === 'late') {
      await this.end()
      throw readerFault.READING_TOO_LONG({ limitMs: this.#limits.timeMs })
    }
    if (heard.is === 'ended' && OUT_OF_MEMORY.has(heard.how))
      throw readerFault.READING_TOO_LARGE({ limitMb: this.#limits.memoryMb })
    return await this.#giveUp(`ended: ${reasonOf(heard)}`)
  }

  async #giveUp(why: string): Promise<never> {
    await this.end()
    throw new ReaderUnavailable(`the reading process ${why}`)
  }

  /** The next thing that is heard of it, or that nothing was heard for so long. */
  async #next(limitMs: number): Promise<Heard> {
    const { promise, resolve } = Promise.withResolvers<Heard>()
    this.#hear = resolve
    const timer = setTimeout(() => resolve({ is: 'late' }), limitMs)
    const heard = await Promise.race([promise, this.#ended])
    clearTimeout(timer)
    return heard
  }

  /** Our own process goes on while somebody waits for an answer, and no longer. */
  #keepUsAlive(yes: boolean): void {
    for (const handle of [this.#child, this.#child.channel]) {
      if (yes) handle?.ref()
      else handle?.unref()
    }
  }
}

function reasonOf(heard: Heard): string {
  if (heard.is === 'ended') return heard.how
  return heard.is === 'failed' ? heard.reason : heard.is
}
