// The reader parses what strangers wrote, in one process that is kept. It takes one text after the other, with limits of time
// and memory. After each text its tenant has to rest, so that no tenant keeps a processor busy. A hostile text is refused, and
// delays other tenants by a moment only. This room must not import what reaches a secret, the database or the network.

import { FairQueue, type QueueLimits } from './fair-queue.ts'
import { ReaderUnavailable } from './faults.ts'
import type { Jobs, jobs } from './jobs.ts'
import { type ReadingLimits, ReadingProcess } from './reading-process.ts'

export type ReaderOptions = Partial<ReadingLimits> & {
  /** How many texts may wait: of all tenants together, and of each one. */
  readonly waiting?: QueueLimits
  /** How long one text may wait, ms. */
  readonly waitMs?: number
  /**
   * After a text its tenant rests for so many times the processor time that the text used, but for half of `waitMs` at most.
   * Default 2.
   */
  readonly restTimes?: number
  /** Milliseconds of a clock that only goes forward. */
  readonly clock?: () => number
}

/** An ordinary mail of 100 kB takes 50 ms, the longest that is accepted half a second. */
const LIMITS: ReadingLimits = {
  timeMs: 2000,
  memoryMb: 256,
  startMs: 20_000,
  patience: 15,
  // Less than a text may wait.
  patienceOfOthers: 2,
  niceness: 10,
}
const WAITING: QueueLimits = { all: 100, each: 50 }
const WAIT_MS = 5000

type Waiting = {
  readonly tenant: string
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
  /** When the next text of a tenant may be read. A tenant that is not here need not rest. */
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
   * `tenant`: tenants take turns, so a text waits for at most one text of each other tenant before its tenant's turn comes.
   * @throws Fault the job's own, READING_TOO_LONG, READING_TOO_LARGE; ReaderUnavailable
   */
  read<Name extends keyof J & string>(
    job: Name,
    input: Parameters<J[Name]>[0],
    tenant: string,
  ): Promise<Awaited<ReturnType<J[Name]>>> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new ReaderUnavailable('the reader was stopped'))
      const waiting: Waiting = {
        tenant,
        job,
        input,
        since: this.#clock(),
        resolve: output => resolve(output as Awaited<ReturnType<J[Name]>>),
        reject,
      }
      this.#waiting
        .add(tenant, waiting)
        ?.reject(new ReaderUnavailable('too many texts are waiting to be read already'))
      this.#endRest?.()
      this.#working ??= this.#work()
    })
  }

  /** Texts that still wait are refused. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#endRest?.()
    await this.#process?.end()
    await this.#working
  }

  async #work(): Promise<void> {
    for (;;) {
      const next = this.#waiting.take((tenant, text) => this.#stopped || this.#waitOf(tenant, text) <= 0)
      if (!next) {
        const waits = this.#waiting.next().map(([tenant, text]) => this.#waitOf(tenant, text))
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
    for (const tenant of [...this.#restsUntil.keys()])
      if (this.#restOf(tenant) <= 0) this.#restsUntil.delete(tenant)
    this.#working = null
  }

  /** Whether a text of another tenant could be read now. */
  #othersWait(tenant: string): boolean {
    return this.#waiting.next().some(([other, text]) => other !== tenant && this.#waitOf(other, text) <= 0)
  }

  #restOf(tenant: string): number {
    return (this.#restsUntil.get(tenant) ?? 0) - this.#clock()
  }

  /** Milliseconds until its tenant has rested, or until it has waited so long that it is refused. */
  #waitOf(tenant: string, { since }: Waiting): number {
    // One millisecond over the limit, so that #answer sees that the limit is passed.
    return Math.min(this.#restOf(tenant), since + this.#waitMs + 1 - this.#clock())
  }

  /** Ends early when a further text comes, since its tenant may have rested, or at the stop. */
  async #rest(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#endRest = resolve
    // The time may have passed since it was computed.
    const timer = setTimeout(resolve, Math.max(ms, 0))
    await promise
    clearTimeout(timer)
    this.#endRest = null
  }

  async #answer({ tenant, job, input, since }: Waiting): Promise<unknown> {
    if (this.#stopped) throw new ReaderUnavailable('the reader was stopped')
    if (this.#clock() - since > this.#waitMs)
      throw new ReaderUnavailable(`a text was not read within ${this.#waitMs} ms`)
    if (!this.#process?.alive) this.#process = new ReadingProcess(this.#jobs, this.#limits)
    const process = this.#process
    try {
      return await process.ask(job, input, () => this.#othersWait(tenant))
    } finally {
      // Less than a text may wait, so that the next text is read after the rest and not refused.
      const restMs = Math.min(process.usedMs * this.#restTimes, this.#waitMs / 2)
      this.#restsUntil.set(tenant, this.#clock() + restMs)
    }
  }
}

/** The reader of everything that the server takes from strangers. */
export type StrangersReader = Reader<typeof jobs>

export function createReader(options?: ReaderOptions): StrangersReader {
  return new Reader(new URL('./jobs.ts', import.meta.url), options)
}
