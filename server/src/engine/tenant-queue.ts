// Work that is a transaction of one caller's own and cannot be gathered with others': a few at once, the rest in a queue that tenants share
// (share.ts) and are served from by turns. Without it as many as a caller sends would wait for the pool's connections, and everybody else
// with them. One place is never the same tenant's as all others, whose work may wait for a lock.

import { MOST_WAITING, Overloaded, type Queue } from './batcher.ts'
import { shareLeft } from './fair-share.ts'

/** Of one kind of work at once: few of the pool's connections, so that some are left whoever asks for much; at least two. */
export const TURNS_AT_ONCE = 3

export type TurnsOptions = { readonly maxQueue?: number | undefined; readonly atOnce?: number }

type Owner = { running: number; readonly waiting: (() => Promise<void>)[] }

export class Turns {
  readonly #name: string
  readonly #maxQueue: number
  readonly #atOnce: number
  /** In the order of their turns: who was served goes last. */
  readonly #owners = new Map<string, Owner>()
  #running = 0
  #waiting = 0

  constructor(name: string, { maxQueue = MOST_WAITING, atOnce = TURNS_AT_ONCE }: TurnsOptions = {}) {
    this.#name = name
    this.#maxQueue = maxQueue
    this.#atOnce = atOnce
  }

  get fill(): Queue {
    return { waiting: this.#waiting, most: this.#maxQueue }
  }

  /** @throws Overloaded when the queue, or the owner's share of it, is full */
  async take<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const mine = this.#owners.get(owner) ?? { running: 0, waiting: [] }
    const free = this.#maxQueue - this.#waiting
    if (free === 0 || shareLeft(free, mine.waiting.length) === 0)
      throw new Overloaded(`${this.#name}: ${this.#waiting} wait`)
    this.#owners.set(owner, mine)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    mine.waiting.push(() => work().then(resolve, reject))
    this.#waiting += 1
    this.#serve()
    return await promise
  }

  #serve(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const [name, owner] = next
      const run = owner.waiting.shift() as Owner['waiting'][number]
      this.#owners.delete(name)
      this.#owners.set(name, owner)
      this.#waiting -= 1
      this.#running += 1
      owner.running += 1
      void run().finally(() => {
        this.#running -= 1
        owner.running -= 1
        if (owner.running === 0 && owner.waiting.length === 0) this.#owners.delete(name)
        this.#serve()
      })
    }
  }

  /** Whose turn it is: the first one who waits and has not all places but one. */
  #next(): readonly [string, Owner] | null {
    if (this.#running === this.#atOnce) return null
    for (const [name, owner] of this.#owners)
      if (owner.waiting.length > 0 && owner.running < this.#atOnce - 1) return [name, owner]
    return null
  }
}
