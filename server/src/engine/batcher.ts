// PostgreSQL does the work of a thousand callers in one statement: concurrent calls of one verb are gathered for a moment
// and committed together. While a batch is at the database the next one gathers, so a lone caller goes at once and a
// crowd shares.
//
//   submit -> queue (bounded; full: Overloaded) -> batch -> run -> each caller's own result
//                                                  | fails: split in halves and run again, so that
//                                                  | one caller's fault is never another's
//
// The queue is shared between owners (tenants): each may fill a share of it (share.ts), and when more wait than a batch takes,
// owners are served by turns. So one that asks for very much waits for itself.

import { DatabaseOverloaded, isUnavailable } from '../store/database.ts'
import { shareLeft } from './fair-share.ts'

/** The queue is full: http answers 503 with Retry-After. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}

export type GatherOptions<Req, Res> = {
  /** For metrics and messages. */
  readonly name: string
  /** Most requests of one batch. Default 256. */
  readonly maxBatch?: number
  /** Most requests that wait. Default {@link MOST_WAITING}. */
  readonly maxQueue?: number
  /** Batches at the database at once. Default 2. */
  readonly maxInFlight?: number
  /** So many must wait before a batch goes beside another. Default {@link MANY}. */
  readonly besideFrom?: number
  /** Whose the request is, for the shares of the queue and the turns. Default: all are of one owner, who has all of it. */
  readonly ownerOf?: (request: Req) => string
  /** Two requests with the same text never share a batch; the second goes into a later one. */
  readonly distinct?: (request: Req) => string | null
  /** Commits the batch whole or throws; a result may be an Error, which only its own caller gets. */
  readonly run: (batch: readonly Req[]) => Promise<readonly (Res | Error)[]>
}

/** Requests that may wait for one verb. */
export const MOST_WAITING = 10_000
const RERUNS = 5
/**
 * So many must wait before a batch goes beside another. A transaction costs the same whatever its batch, so few callers are
 * served faster by waiting for one batch and then going together than by two half batches. Measured with 64 callers.
 */
export const MANY = 64
/** A batch that takes longer waits for something of its own, a lock say: others go beside it, however few. Milliseconds. */
const SLOW_MS = 20

function isDeadlock(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return code === '40P01' || code === '40001'
}

/** How full a queue is. */
export type Queue = { readonly waiting: number; readonly most: number }

type Waiting<Req, Res> = {
  readonly owner: string
  readonly request: Req
  readonly resolve: (result: Res) => void
  readonly reject: (error: unknown) => void
}

export class Gather<Req, Res> {
  private readonly options: Required<Omit<GatherOptions<Req, Res>, 'distinct' | 'ownerOf'>> &
    Pick<GatherOptions<Req, Res>, 'distinct' | 'ownerOf'>
  private queue: Waiting<Req, Res>[] = []
  private readonly owners = new Map<string, number>()
  private inFlight = 0
  private scheduled = false
  private lastBegan = 0
  private again: NodeJS.Timeout | null = null
  private idle: (() => void)[] = []

  constructor(options: GatherOptions<Req, Res>) {
    // One by one: an option that is there and undefined must not take a bound away.
    const { maxBatch = 256, maxQueue = MOST_WAITING, maxInFlight = 2, besideFrom = MANY } = options
    this.options = { ...options, maxBatch, maxQueue, maxInFlight, besideFrom }
  }

  get fill(): Queue {
    return { waiting: this.queue.length, most: this.options.maxQueue }
  }

  get waiting(): number {
    return this.queue.length
  }

  /** Requests of one owner that wait. */
  waitingOf(owner: string): number {
    return this.owners.get(owner) ?? 0
  }

  submit(request: Req): Promise<Res> {
    const { name, maxQueue, ownerOf } = this.options
    const owner = ownerOf?.(request) ?? ''
    const mine = this.waitingOf(owner)
    const free = maxQueue - this.queue.length
    if (free <= 0 || (ownerOf && shareLeft(free, mine) === 0)) {
      const waiting = free <= 0 ? this.queue.length : mine
      return Promise.reject(new Overloaded(`${name}: ${waiting} requests are waiting already`))
    }
    return new Promise((resolve, reject) => {
      this.owners.set(owner, mine + 1)
      this.queue.push({ owner, request, resolve, reject })
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

  /** Looks again when the batch that is under way counts as slow. */
  private lookAgain(): void {
    if (this.again !== null || this.queue.length === 0 || this.inFlight >= this.options.maxInFlight) return
    this.again = setTimeout(() => {
      this.again = null
      this.schedule()
    }, SLOW_MS)
  }

  /** Not all of many in one batch while others could go beside it: then nobody is at work while everybody waits for it. */
  private batchSize(): number {
    const { maxBatch, maxInFlight } = this.options
    const each = Math.ceil(this.queue.length / (maxInFlight - this.inFlight))
    return Math.min(maxBatch, each >= MANY ? each : this.queue.length)
  }

  private takeBatch(): Waiting<Req, Res>[] {
    const { distinct } = this.options
    const maxBatch = this.batchSize()
    if (this.queue.length > maxBatch && this.owners.size > 1) this.queue = byTurns(this.queue)
    const batch = distinct ? this.takeDistinct(maxBatch, distinct) : this.queue.splice(0, maxBatch)
    for (const { owner } of batch) {
      const left = this.waitingOf(owner) - 1
      if (left > 0) this.owners.set(owner, left)
      else this.owners.delete(owner)
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
      // The victim of a deadlock has done nothing, and is at no fault: once more, whole.
      if (again > 0 && isDeadlock(error)) return await this.runSplitting(batch, again - 1)
      // Nobody's fault: in halves it would only take twice as long.
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

/** The first of each owner, then the second of each, and so on; those of one owner stay in their order. Pure. */
function byTurns<W extends { readonly owner: string }>(queue: readonly W[]): W[] {
  const turns: W[][] = []
  const seen = new Map<string, number>()
  for (const waiting of queue) {
    const turn = seen.get(waiting.owner) ?? 0
    seen.set(waiting.owner, turn + 1)
    turns[turn] ??= []
    turns[turn].push(waiting)
  }
  return turns.flat()
}
