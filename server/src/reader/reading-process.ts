// The reading process, as the server uses it: it gets one job at a time, and is killed when a job takes too long.
//
// It is a process and no worker thread. A thread that allocates much memory at once (one long text, one long array) takes the
// whole server down with it, whatever its resourceLimits say. Tried on Node 24: `FATAL ERROR: Reached heap limit`.

import { type ChildProcess, fork } from 'node:child_process'
import { Fault } from '../core/fault.ts'
import type { JsonObject } from '../core/json.ts'
import { ReaderUnavailable, readerFault } from './faults.ts'
import { processorMs } from './processor-time.ts'

const ENTRY = new URL('./process-entry.ts', import.meta.url)
/** How often it is looked at how much it has used, at the least, ms. */
const LOOK_EVERY_MS = 50
/** And at the most: somebody else may have come. */
const LOOK_AGAIN_MS = 1000
/** The process ends a job by itself so much later than we would kill it. */
const OWN_END_AFTER_MS = 1000
/** The signals by which V8 ends its process when there is no memory left. */
/** By the clock, where the processor time of a process is not known: as a multiple of its limit. */
const UNMEASURED_TIMES = 2
const OUT_OF_MEMORY = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL'])

export type ReadingLimits = {
  /** Of a processor for one job, ms. Where a process cannot be asked what it has used (not on Linux), twice that by the clock. */
  readonly timeMs: number
  /** Of the heap. */
  readonly memoryMb: number
  /** Until it can be asked, ms. */
  readonly startMs: number
  /**
   * A process that gives way to all others may wait long for a processor that it hardly uses. So many times `timeMs` may pass by the
   * clock; then the machine has no time for this text. `patience` while nobody else waits, `patienceOfOthers` while somebody does.
   */
  readonly patience: number
  readonly patienceOfOthers: number
  /** 0 to 19. With 10, what one caller wrote has a tenth of a processor while what all callers wait for needs the rest. */
  readonly niceness: number
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
export type Reply = Answer & { readonly usedMs?: number }

type Heard =
  | Reply
  | { readonly is: 'late' }
  /** `usedMs`: as far as it is known. */
  | { readonly is: 'starved'; readonly usedMs: number }
  | { readonly is: 'ended'; readonly how: string }

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
    const longestMs = limits.timeMs * limits.patience + OWN_END_AFTER_MS
    this.#child = fork(ENTRY, [jobs.href, String(longestMs), String(limits.niceness)], {
      execArgv: [`--max-old-space-size=${limits.memoryMb}`, '--max-semi-space-size=8'],
      // It needs nothing of our environment, and a text that takes it over finds no secret there.
      env: {},
      cwd: '/',
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // A session of its own, which can be given a lower priority as a whole.
      detached: true,
    })
    this.#child.on('message', answer => this.#hear(answer as Reply))
    const { promise, resolve } = Promise.withResolvers<Heard>()
    this.#ended = promise
    const end = (how: string) => {
      this.#alive = false
      resolve({ is: 'ended', how })
    }
    this.#child.on('exit', (code, signal) => end(signal ?? `exit ${code}`))
    this.#child.on('error', error => {
      // Without a pid the process was never started. Any other error is of a message to a process whose `exit` comes soon.
      if (this.#child.pid === undefined) end(error.message)
    })
    this.#started = this.#next(byClock(limits.startMs))
  }

  /** False when it has ended, or gets no further job. */
  get alive(): boolean {
    return this.#alive
  }

  /** Processor time of the last job, ms. Of a job that did not end: the whole time limit. */
  get usedMs(): number {
    return this.#usedMs
  }

  /**
   * What `job` makes of `input`. One at a time.
   * @throws Fault the job's own, READING_TOO_LONG, READING_TOO_LARGE; ReaderUnavailable
   */
  async ask(job: string, input: unknown, othersWait: () => boolean): Promise<unknown> {
    this.#keepUsAlive(true)
    try {
      const started = await this.#started
      if (started.is !== 'ready') return await this.#giveUp(`did not start: ${reasonOf(started)}`)
      const hearing = this.#next(byProcessor(this.#child.pid, this.#limits, othersWait))
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
    if (heard.is === 'starved') {
      await this.end()
      throw new ReaderUnavailable(`this machine had no time to read a text of ${this.#limits.timeMs} ms`)
    }
    if (heard.is === 'ended' && OUT_OF_MEMORY.has(heard.how))
      throw readerFault.READING_TOO_LARGE({ limitMb: this.#limits.memoryMb })
    return await this.#giveUp(`ended: ${reasonOf(heard)}`)
  }

  async #giveUp(why: string): Promise<never> {
    await this.end()
    throw new ReaderUnavailable(`the reading process ${why}`)
  }

  /** The next thing that is heard of it, or what `limit` says once it has been silent for too long. */
  async #next(limit: Limit): Promise<Heard> {
    const { promise, resolve } = Promise.withResolvers<Heard>()
    this.#hear = resolve
    const stop = limit(resolve)
    const heard = await Promise.race([promise, this.#ended])
    stop()
    return heard
  }

  /** Keeps our own process alive while somebody waits for an answer, and no longer. */
  #keepUsAlive(yes: boolean): void {
    for (const handle of [this.#child, this.#child.channel]) {
      if (yes) handle?.ref()
      else handle?.unref()
    }
  }
}

/** Calls `over` when the time is up; gives back what ends the wait before. */
type Limit = (over: (heard: Heard) => void) => () => void

function byClock(limitMs: number): Limit {
  return over => {
    const timer = setTimeout(() => over({ is: 'late' }), limitMs)
    return () => clearTimeout(timer)
  }
}

/** `late` once the process has used so much of a processor, `starved` when that much was not to be had. */
function byProcessor(
  pid: number | undefined,
  { timeMs: limitMs, patience, patienceOfOthers }: ReadingLimits,
  othersWait: () => boolean,
): Limit {
  return over => {
    const startedAt = performance.now()
    const before = pid === undefined ? null : processorMs(pid)
    let timer: NodeJS.Timeout | undefined
    const lookIn = (ms: number) => {
      timer = setTimeout(() => void look(), Math.max(ms, LOOK_EVERY_MS))
    }
    const look = async () => {
      const [first, now] = await Promise.all([before, pid === undefined ? null : processorMs(pid)])
      if (timer === undefined) return
      const elapsedMs = performance.now() - startedAt
      const usedMs = first === null || now === null ? null : now - first
      const isLate = usedMs === null ? elapsedMs >= limitMs * UNMEASURED_TIMES : usedMs >= limitMs
      if (isLate) over({ is: 'late' })
      else if (elapsedMs >= limitMs * (othersWait() ? patienceOfOthers : patience))
        over({ is: 'starved', usedMs: usedMs ?? Math.min(elapsedMs, limitMs) })
      else lookIn(Math.min(limitMs - (usedMs ?? 0), LOOK_AGAIN_MS))
    }
    lookIn(limitMs)
    return () => {
      clearTimeout(timer)
      timer = undefined
    }
  }
}

function reasonOf(heard: Heard): string {
  if (heard.is === 'ended') return heard.how
  return heard.is === 'failed' ? heard.reason : heard.is
}
