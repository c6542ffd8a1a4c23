// A queue for work that is one caller's own transaction and cannot be batched with others'. A few run at once; the rest wait in a queue
// that tenants share (fair-share.ts), and tenants are served one after the other. Without it one caller could occupy all connections of
// the pool. One tenant never gets all slots, because all of its work may wait for the same lock.

import { MAX_WAITING, Overloaded, type Queue } from './batcher.ts'
import { shareLeft } from './fair-share.ts'

/** Transactions of one kind of work at once. It is small, so that most of the pool's connections stay free; at least two. */
export const SLOTS_OF_A_QUEUE = 3

export type TenantQueueOptions = { readonly maxQueue?: number | undefined; readonly atOnce?: number }

type TenantWork = { running: number; readonly waiting: (() => Promise<void>)[] }

export class TenantQueue {
  readonly #name: string
  readonly #maxQueue: number
  readonly #atOnce: number
  /** In the order in which they are served: a tenant that was served goes last. */
  readonly #tenants = new Map<string, TenantWork>()
  #running = 0
  #waiting = 0

  constructor(name: string, { maxQueue = MAX_WAITING, atOnce = SLOTS_OF_A_QUEUE }: TenantQueueOptions = {}) {
    this.#name = name
    this.#maxQueue = maxQueue
    this.#atOnce = atOnce
  }

  get fill(): Queue {
    return { waiting: this.#waiting, limit: this.#maxQueue }
  }

  /** @throws Overloaded when the queue, or the tenant's share of it, is full */
  async take<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const mine = this.#tenants.get(tenant) ?? { running: 0, waiting: [] }
    const free = this.#maxQueue - this.#waiting
    if (free === 0 || shareLeft(free, mine.waiting.length) === 0)
      throw new Overloaded(`${this.#name}: ${this.#waiting} wait`)
    this.#tenants.set(tenant, mine)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    mine.waiting.push(() => work().then(resolve, reject))
    this.#waiting += 1
    this.#serve()
    return await promise
  }

  #serve(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const [name, tenant] = next
      const run = tenant.waiting.shift() as TenantWork['waiting'][number]
      this.#tenants.delete(name)
      this.#tenants.set(name, tenant)
      this.#waiting -= 1
      this.#running += 1
      tenant.running += 1
      void run().finally(() => {
        this.#running -= 1
        tenant.running -= 1
        if (tenant.running === 0 && tenant.waiting.length === 0) this.#tenants.delete(name)
        this.#serve()
      })
    }
  }

  /** The tenant that is served next: the first one that waits and leaves at least one slot to the others. */
  #next(): readonly [string, TenantWork] | null {
    if (this.#running === this.#atOnce) return null
    for (const [name, tenant] of this.#tenants)
      if (tenant.waiting.length > 0 && tenant.running < this.#atOnce - 1) return [name, tenant]
    return null
  }
}
