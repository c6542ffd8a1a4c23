// What strangers wrote is read here: in one process that is kept, one thing after the other, with limits of time and memory,
// and with a rest after each for whoever's it was, so that nobody keeps a processor busy.
// However hostile a text is, it costs its writer a refusal and nobody else more than a moment.

import { FairQueue, type QueueLimits } from './fair-queue.ts'
import { ReaderUnavailable } from './faults.ts'
import type { Jobs, jobs } from './jobs.ts'
import { type ReadingLimits, ReadingProcess } from './reading-process.ts'

export type ReaderOptions = Partial<ReadingLimits> & {
  /** Texts that may wait, of all and of each owner. */
  readonly waiting?: QueueLimits
  /** Longest that one waits, ms. */
  readonly waitMs?: number
  /** After a text its owner's next one waits so many times as long as that one used a processor, but half of `waitMs` at most. Default 2. */
  readonly restTimes?: number
  /** Milliseconds of a clock that only goes forward. */
  readonly clock?: () => number
}

/** An ordinary mail of 100 kB takes 50 ms, the longest that is accepted half a second. */
const LIMITS: ReadingLimits = { timeMs: 2000, memoryMb: 256, startMs: 20_000 }
const WAITING: QueueLimits = { all: 100, each: 50 }
const WAIT_MS = 5000

type Waiting = {
  readonly owner: string
  readonly job: string
  readonly input: unknown
  readonly since: number
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
}

export class Reader<J extends Jobs> {
  readonly #jobs: URL
  readonly #limits: ReadingLimits
  readonly #waitMs: number
  readonly #restTimes: number
  /** Of owners whose text took a while: when their next one may be read. */
  readonly #restsUntil = new Map<string, number>()
  #endRest: (() => void) | null = null
  readonly #clock: () => number
  readonly #waiting: FairQueue<Waiting>
  /** Started when it is first needed. */
  #process: ReadingProcess | null = null
  #working: Promise<void> | null = null
  #stopped = false

  /** `jobs`: the module that exports them as `jobs`. */
  constructor(jobs: URL, options: ReaderOptions = {}) {
    const {
      waiting = WAITING,
      waitMs = WAIT_MS,
      restTimes = 2,
      clock = () => performance.now(),
      ...limits
    } = options
    this.#jobs = jobs
    this.#limits = { ...LIMITS, ...limits }
    this.#waitMs = waitMs
    this.#restTimes = restTimes
    this.#clock = clock
    this.#waiting = new FairQueue(waiting)
  }

  /**
   * `owner`: whose turn it is; nobody waits for more than one text of each other owner.
   * @throws Fault the job's own, READING_TOO_LONG, READING_TOO_LARGE; ReaderUnavailable
   */
  read<Name extends keyof J & string>(
    job: Name,
    input: Parameters<J[Name]>[0],
    owner: string,
  ): Promise<Awaited<ReturnType<J[Name]>>> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new ReaderUnavailable('the reader was stopped'))
      const waiting: Waiting = {
        owner,
        job,
        input,
        since: this.#clock(),
        resolve: output => resolve(output as Awaited<ReturnType<J[Name]>>),
        reject,
      }
      if (!this.#waiting.add(owner, waiting))
        return reject(new ReaderUnavailable('too many texts are waiting to be read already'))
      this.#endRest?.()
      this.#working ??= this.#work()
    })
  }

  /** Whoever still waits is refused. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#endRest?.()
    await this.#process?.end()
    await this.#working
  }

  async #work(): Promise<void> {
    for (;;) {
      const next = this.#waiting.take((owner, text) => this.#stopped || this.#waitOf(owner, text) <= 0)
      if (!next) {
        const waits = this.#waiting.next().map(([owner, text]) => this.#waitOf(owner, text))
        if (waits.length === 0) break
        await this.#rest(waits.reduce((least, each) => Math.min(least, each)))
        continue
      }
      try {
        next.resolve(await this.#answer(next))
      } catch (error) {
        next.reject(error)
      }
    }
    for (const owner of [...this.#restsUntil.keys()])
      if (this.#restOf(owner) <= 0) this.#restsUntil.delete(owner)
    this.#working = null
  }

  #restOf(owner: string): number {
    return (this.#restsUntil.get(owner) ?? 0) - this.#clock()
  }

  /** Until its owner has rested, or it has waited for so long that it is refused. */
  #waitOf(owner: string, { since }: Waiting): number {
    // Over the limit by as little as can be told.
    return Math.min(this.#restOf(owner), since + this.#waitMs + 1 - this.#clock())
  }

  /** Ends early when somebody comes who need not rest, or at the stop. */
  async #rest(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#endRest = resolve
    // The time may have come since it was looked at.
    const timer = setTimeout(resolve, Math.max(ms, 0))
    await promise
    clearTimeout(timer)
    this.#endRest = null
  }

  async #answer({ owner, job, input, since }: Waiting): Promise<unknown> {
    if (this.#stopped) throw new ReaderUnavailable('the reader was stopped')
    if (this.#clock() - since > this.#waitMs)
      throw new ReaderUnavailable(`a text was not read within ${this.#waitMs} ms`)
    if (!this.#process?.alive) this.#process = new ReadingProcess(this.#jobs, this.#limits)
    const process = this.#process
    try {
      return await process.ask(job, input)
    } finally {
      // Less than a text may wait: whoever has rested is read.
      const restMs = Math.min(process.usedMs * this.#restTimes, this.#waitMs / 2)
      this.#restsUntil.set(owner, this.#clock() + restMs)
    }
  }
}

/** The reader of everything that the server takes from strangers. */
export type StrangersReader = Reader<typeof jobs>

export function createReader(options?: ReaderOptions): StrangersReader {
  return new Reader(new URL('./jobs.ts', import.meta.url), options)
}
