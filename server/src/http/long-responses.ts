// Counts the long responses of each caller (streams and waits), so that no caller can hold too many of them.

/** How many one caller may have at once, and all of them together. */
export type LongResponseLimits = { readonly each: number; readonly all: number }

export class LongResponses {
  readonly limits: LongResponseLimits
  private readonly counts = new Map<string, number>()
  private all = 0

  constructor(limits: LongResponseLimits) {
    this.limits = limits
  }

  /** Returns a function to call once when the response ends; null: this caller, or all callers together, have too many. */
  begin(caller: string): (() => void) | null {
    const count = this.counts.get(caller) ?? 0
    if (count >= this.limits.each || this.all >= this.limits.all) return null
    this.counts.set(caller, count + 1)
    this.all += 1
    return () => {
      const left = (this.counts.get(caller) ?? 0) - 1
      if (left > 0) this.counts.set(caller, left)
      else this.counts.delete(caller)
      this.all -= 1
    }
  }
}
