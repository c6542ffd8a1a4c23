// What a process has room for: places for running effects in all, and slots per lane (tenant, kind and receiver), so that
// a receiver that hangs holds only its own. Several engines of one process can share it: a receiver's slots are then not
// multiplied by the number of databases.
//
// Nothing is reserved while a start is asked of a database: one that answers late, or never, would keep the others from what
// it does not use. So two engines can begin more together than there is room for; who comes second is told by `take`, and
// gives back what it has begun.

import type { Carrier } from './hooks.ts'
import type { FreeSlots } from './start.ts'

type Waker = { wake(): void }

export class RunningPlaces {
  private readonly maxRunning: number
  private readonly used = new Map<string, { readonly kind: string; count: number }>()
  /** Lanes that were full when somebody looked: a slot that comes free there may be waited for. */
  private fullWhenSeen = new Set<string>()
  private readonly wakers = new Set<Waker>()
  private running = 0

  constructor({ maxRunning }: { readonly maxRunning: number }) {
    this.maxRunning = maxRunning
  }

  get free(): number {
    return this.maxRunning - this.running
  }

  /** Who is woken when a place or slot comes free that was waited for. */
  join(waker: Waker): void {
    this.wakers.add(waker)
  }

  leave(waker: Waker): void {
    this.wakers.delete(waker)
  }

  /** False: there is no room for it any more, since another engine was faster. Nothing was taken then. */
  take(lane: string, kind: string, slots: number): boolean {
    const used = this.used.get(lane)
    if (this.free <= 0 || (used?.count ?? 0) >= slots) return false
    this.running += 1
    if (used) used.count += 1
    else this.used.set(lane, { kind, count: 1 })
    return true
  }

  give(lane: string): void {
    const wasFull = this.free <= 0
    this.running -= 1
    const used = this.used.get(lane)
    if (used) used.count -= 1
    if (used?.count === 0) this.used.delete(lane)
    if (this.fullWhenSeen.delete(lane) || wasFull) for (const waker of this.wakers) waker.wake()
  }

  /** What a start must know: the lanes in use, and what they have left. */
  slots(carriers: ReadonlyMap<string, Carrier>): FreeSlots {
    const slots = new Map<string, number>()
    for (const [lane, { kind, count }] of this.used) {
      const left = Math.max(0, (carriers.get(kind)?.slots ?? 1) - count)
      if (left === 0) this.fullWhenSeen.add(lane)
      slots.set(lane, left)
    }
    return slots
  }
}
