// Slots per lane, so that a hanging receiver holds only its own. A lane is tenant, kind and what the effect names (a host).

import type { Carrier } from './hooks.ts'

export class Lanes {
  private readonly used = new Map<string, { kind: string; count: number }>()
  private readonly carriers: ReadonlyMap<string, Carrier>

  constructor(carriers: ReadonlyMap<string, Carrier>) {
    this.carriers = carriers
  }

  take(lane: string, kind: string): void {
    const entry = this.used.get(lane)
    if (entry) entry.count += 1
    else this.used.set(lane, { kind, count: 1 })
  }

  /** Gives a slot back; true when the lane was full before. */
  give(lane: string): boolean {
    const entry = this.used.get(lane)
    if (!entry) return false
    const wasFull = entry.count >= this.slots(entry.kind)
    entry.count -= 1
    if (entry.count === 0) this.used.delete(lane)
    return wasFull
  }

  /** What a peek must know: lanes without a free slot, and those in use with what they have left. */
  snapshot(): { full: string[]; inUse: string[]; free: number[] } {
    const full: string[] = []
    const inUse: string[] = []
    const free: number[] = []
    for (const [lane, { kind, count }] of this.used) {
      const left = this.slots(kind) - count
      if (left <= 0) full.push(lane)
      else {
        inUse.push(lane)
        free.push(left)
      }
    }
    return { full, inUse, free }
  }

  private slots(kind: string): number {
    return this.carriers.get(kind)?.slots ?? 1
  }
}
