// How many effects a process may run: in all, per tenant (a share), and per lane (tenant, kind and receiver). So a receiver that hangs
// occupies only its own slots, and a tenant with thousands of such receivers only its share. Several engines of one process can share
// this object, so that a receiver's slots are not multiplied by the number of databases.
//
// Nothing is reserved while a start is sent to a database: a database that answers late, or never, would block slots that it does not
// use. So two engines can together start more than there are slots. `take` then returns false to the second one, which gives back what
// it has started.

import type { Carrier } from '../../core/effects/carrier.ts'
import { shareLeft } from '../fair-share.ts'
import type { Room } from './start.ts'

type Waker = { wake(): void }
type Taker = { readonly tenant: string; readonly lane: string; readonly kind: string }

export class RunningSlots {
  private readonly maxRunning: number
  private readonly used = new Map<string, { readonly kind: string; count: number }>()
  private readonly usedBy = new Map<string, number>()
  /** Lanes that were full when room() was last asked: when a slot becomes free there, somebody may be waiting for it. */
  private readonly fullWhenSeen = new Set<string>()
  /** True when a tenant's share was used up when room() was last asked: a share grows with every slot that becomes free. */
  private shareWasUsedUp = false
  private readonly wakers = new Set<Waker>()
  private running = 0

  constructor({ maxRunning }: { readonly maxRunning: number }) {
    this.maxRunning = maxRunning
  }

  get free(): number {
    return this.maxRunning - this.running
  }

  /** Registers who is woken when a slot becomes free that was missing before. */
  addWaker(waker: Waker): void {
    this.wakers.add(waker)
  }

  removeWaker(waker: Waker): void {
    this.wakers.delete(waker)
  }

  /** False: no slot is free any more, because another engine was faster. Nothing was taken then. */
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
