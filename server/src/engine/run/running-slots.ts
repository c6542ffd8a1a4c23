// What a process has room for: places for running effects in all, a share of them for each tenant, and slots per lane
// (tenant, kind and receiver), so that a receiver that hangs holds only its own, and a tenant with thousands of such
// receivers too. Several engines of one process can share it: a receiver's slots are then not multiplied by the number of
// databases.
//
// Nothing is reserved while a start is asked of a database: one that answers late, or never, would keep the others from what
// it does not use. So two engines can begin more together than there is room for; who comes second is told by `take`, and
// gives back what it has begun.

import type { Carrier } from '../../core/effects/carrier.ts'
import { shareLeft } from '../fair-share.ts'
import type { Room } from './start.ts'

type Waker = { wake(): void }
type Taker = { readonly tenant: string; readonly lane: string; readonly kind: string }

export class RunningPlaces {
  private readonly maxRunning: number
  private readonly used = new Map<string, { readonly kind: string; count: number }>()
  private readonly usedBy = new Map<string, number>()
  /** Lanes that were full when somebody looked: a slot that comes free there may be waited for. */
  private readonly fullWhenSeen = new Set<string>()
  /** True when a tenant's share was used up when somebody looked: it grows with every place that comes free. */
  private shareWasUsedUp = false
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
  take({ tenant, lane, kind }: Taker, slots: number): boolean {
    const used = this.used.get(lane)
    if (this.free <= 0 || (used?.count ?? 0) >= slots) return false
    this.running += 1
    if (used) used.count += 1
    else this.used.set(lane, { kind, count: 1 })
    this.usedBy.set(tenant, (this.usedBy.get(tenant) ?? 0) + 1)
    return true
  }

  give({ tenant, lane }: Taker): void {
    const wasFull = this.free <= 0
    this.running -= 1
    const used = this.used.get(lane)
    if (used) used.count -= 1
    if (used?.count === 0) this.used.delete(lane)
    const ofTenant = (this.usedBy.get(tenant) ?? 0) - 1
    if (ofTenant > 0) this.usedBy.set(tenant, ofTenant)
    else this.usedBy.delete(tenant)
    if (!this.fullWhenSeen.delete(lane) && !wasFull && !this.shareWasUsedUp) return
    this.shareWasUsedUp = false
    for (const waker of this.wakers) waker.wake()
  }

  /** What a start must know: the lanes and tenants in use, and what they have left. */
  room(carriers: ReadonlyMap<string, Carrier>): Room {
    const lanes = new Map<string, number>()
    for (const [lane, { kind, count }] of this.used) {
      const left = Math.max(0, (carriers.get(kind)?.slots ?? 1) - count)
      if (left === 0) this.fullWhenSeen.add(lane)
      lanes.set(lane, left)
    }
    const tenants = new Map<string, number>()
    for (const [tenant, count] of this.usedBy) {
      const left = shareLeft(this.free, count)
      if (left === 0) this.shareWasUsedUp = true
      tenants.set(tenant, left)
    }
    return { lanes, tenants, share: shareLeft(this.free, 0) }
  }
}
