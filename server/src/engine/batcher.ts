// PostgreSQL does the work of a thousand callers in one statement. So concurrent calls of one function are collected for a moment
// and committed together. While one batch is at the database the next one is collected: a single caller is served at once, many
// callers share a batch.
//
//   submit -> queue (bounded; full: Overloaded) -> batch -> run -> each caller's own result
//                                                  | fails: split in halves and run again, so that
//                                                  | one caller's fault is never another's
//
// Tenants share the queue: each may fill its share (fair-share.ts). When more requests wait than a batch takes, tenants are served
// in rounds, one request of each. So a tenant with very many requests delays only itself.

import { DatabaseOverloaded, isUnavailable } from '../store/database.ts'
import { shareLeft } from './fair-share.ts'

/** The queue is full: http answers 503 with Retry-After. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}

export type BatcherOptions<Req, Res> = {
  /** For metrics and messages. */
  readonly name: string
  /** Most requests of one batch. Default 256. */
  readonly maxBatch?: number
  /** Most requests that wait. Default {@link MAX_WAITING}. */
  readonly maxQueue?: number
  /** Batches at the database at once. Default 2. */
  readonly maxInFlight?: number
  /** While one batch is at the database, another one is sent only when this many requests wait. Default {@link MANY}. */
  readonly besideFrom?: number
  /** The tenant of a request, for the shares of the queue and the rounds. Default: there are no tenants, and no shares. */
  readonly tenantOf?: (request: Req) => string
  /** Two requests with the same text never share a batch; the second goes into a later one. */
  readonly distinct?: (request: Req) => string | null
  /** Commits the batch whole or throws; a result may be an Error, which only its own caller gets. */
  readonly run: (batch: readonly Req[]) => Promise<readonly (Res | Error)[]>
}

/** Requests that may wait for one verb. */
export const MAX_WAITING = 10_000
const RERUNS = 5
/**
 * See `besideFrom`. A transaction costs about the same for any batch. So a few callers are served faster when they wait for one batch and
 * then go together than in two half batches. Measured with 64 callers.
 */
export const MANY = 64
/** A batch that takes longer probably waits for a lock: another one may then be sent, however few requests wait. Milliseconds. */
const SLOW_MS = 20

function isDeadlock(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return code === '40P01' || code === '40001'
}

/** How full a queue is. */
export type Queue = { readonly waiting: number; readonly limit: number }

type Waiting<Req, Res> = {
  readonly tenant: string
  readonly request: Req
  readonly resolve: (result: Res) => void
  readonly reject: (error: unknown) => void
}

export class Batcher<Req, Res> {
  private readonly options: Required<Omit<BatcherOptions<Req, Res>, 'distinct' | 'tenantOf'>> &
    Pick<BatcherOptions<Req, Res>, 'distinct' | 'tenantOf'>
  private queue: Waiting<Req, Res>[] = []
  private readonly waitingByTenant = new Map<string, number>()
  private inFlight = 0
  private scheduled = false
  private lastBegan = 0
  private again: NodeJS.Timeout | null = null
  private idle: (() => void)[] = []

  constructor(options: BatcherOptions<Req, Res>) {
    // One by one: an option that is present but undefined must not remove a limit.
    const { maxBatch = 256, maxQueue = MAX_WAITING, maxInFlight = 2, besideFrom = MANY } = options
    this.options = { ...options, maxBatch, maxQueue, maxInFlight, besideFrom }
  }

  get fill(): Queue {
    return { waiting: this.queue.length, limit: this.options.maxQueue }
  }

  get waiting(): number {
    return this.queue.length
  }

  /** Requests of one tenant that wait. */
  waitingOf(tenant: string): number {
    return this.waitingByTenant.get(tenant) ?? 0
  }

  submit(request: Req): Promise<Res> {
    const { name, maxQueue, tenantOf } = this.options
    const tenant = tenantOf?.(request) ?? ''
    const ofTenant = this.waitingOf(tenant)
    const free = maxQueue - this.queue.length
    if (free <= 0 || (tenantOf && shareLeft(free, ofTenant) === 0)) {
      const waiting = free <= 0 ? this.queue.length : ofTenant
      return Promise.reject(new Overloaded(`${name}: ${waiting} requests are waiting already`))
    }
    return new Promise((resolve, reject) => {
      this.waitingByTenant.set(tenant, ofTenant + 1)
      this.queue.push({ tenant, request, resolve, reject })
      this.schedule()
    })
  }

  /** Resolves when nothing waits and nothing is at the database. */
  drained(): Promise<void> {
    if (this.queue.length === 0 && this.inFlight === 0) return Promise.resolve()
    return new Promise(resolve => this.idle.push(resolve))
  }

  private schedule(): void {
    if (this.scheduled) return
    if (!this.mayGo()) {
      this.lookAgain()
      return
    }
    this.scheduled = true
    // setImmediate: what arrives in this turn of the event loop shares the batch.
    setImmediate(() => {
      this.scheduled = false
      if (!this.mayGo()) return
      const batch = this.takeBatch()
      this.inFlight += 1
      this.lastBegan = performance.now()
      void this.runSplitting(batch).finally(() => {
        this.inFlight -= 1
        this.schedule()
        if (this.queue.length === 0 && this.inFlight === 0) {
          for (const done of this.idle.splice(0)) done()
        }
      })
      this.schedule()
    })
  }

  private mayGo(): boolean {
    if (this.queue.length === 0) return false
    if (this.inFlight === 0) return true
    if (this.inFlight >= this.options.maxInFlight) return false
    return this.queue.length >= this.options.besideFrom || performance.now() - this.lastBegan >= SLOW_MS
  }

  /** Calls schedule() again when the batch at the database counts as slow. */
  private lookAgain(): void {
    if (this.again !== null || this.queue.length === 0 || this.inFlight >= this.options.maxInFlight) return
    this.again = setTimeout(() => {
      this.again = null
      this.schedule()
    }, SLOW_MS)
  }

  /** Many requests are divided between the batches that may be at the database at once, so that both work. */
  private batchSize(): number {
    const { maxBatch, maxInFlight } = this.options
    const each = Math.ceil(this.queue.length / (maxInFlight - this.inFlight))
    return Math.min(maxBatch, each >= MANY ? each : this.queue.length)
  }

  private takeBatch(): Waiting<Req, Res>[] {
    const { distinct } = this.options
    const maxBatch = this.batchSize()
    if (this.queue.length > maxBatch && this.waitingByTenant.size > 1) this.queue = inRounds(this.queue)
    const batch = distinct ? this.takeDistinct(maxBatch, distinct) : this.queue.splice(0, maxBatch)
    for (const { tenant } of batch) {
      const left = this.waitingOf(tenant) - 1
      if (left > 0) this.waitingByTenant.set(tenant, left)
      else this.waitingByTenant.delete(tenant)
    }
    return batch
  }

  private takeDistinct(maxBatch: number, distinct: (request: Req) => string | null): Waiting<Req, Res>[] {
    const seen = new Set<string>()
    const batch: Waiting<Req, Res>[] = []
    const rest: Waiting<Req, Res>[] = []
    for (const waiting of this.queue) {
      const text = batch.length < maxBatch ? distinct(waiting.request) : null
      if (batch.length >= maxBatch || (text !== null && seen.has(text))) rest.push(waiting)
      else {
        if (text !== null) seen.add(text)
        batch.push(waiting)
      }
    }
    this.queue = rest
    return batch
  }

  private async runSplitting(batch: readonly Waiting<Req, Res>[], again = RERUNS): Promise<void> {
    try {
      const results = await this.options.run(batch.map(waiting => waiting.request))
      if (results.length !== batch.length) throw new Error(`${this.options.name}: a result is missing`)
      for (const [i, waiting] of batch.entries()) {
        const result = results[i] as Res | Error
        if (result instanceof Error) waiting.reject(result)
        else waiting.resolve(result)
      }
    } catch (error) {
      // The victim of a deadlock has done nothing wrong: the whole batch is run again.
      if (again > 0 && isDeadlock(error)) return await this.runSplitting(batch, again - 1)
      // No request of the batch caused this: two halves would only take twice as long.
      if (batch.length === 1 || isUnavailable(error) || error instanceof DatabaseOverloaded) {
        for (const waiting of batch) waiting.reject(error)
        return
      }
      const half = batch.length >> 1
      await this.runSplitting(batch.slice(0, half))
      await this.runSplitting(batch.slice(half))
    }
  }
}

/** The first request of each tenant, then the second of each, and so on. The requests of one tenant keep their order. Pure. */
function inRounds<W extends { readonly tenant: string }>(queue: readonly W[]): W[] {
  const rounds: W[][] = []
  const seen = new Map<string, number>()
  for (const waiting of queue) {
    const round = seen.get(waiting.tenant) ?? 0
    seen.set(waiting.tenant, round + 1)
    rounds[round] ??= []
    rounds[round].push(waiting)
  }
  return rounds.flat()
}
