// Answers that take long, streams and waits, are counted by caller, so that nobody can hold any number of them.

/** How many one caller may have at once, and all of them together. */
export type LongAnswerLimits = { readonly each: number; readonly all: number }

export class LongAnswers {
  readonly limits: LongAnswerLimits
  private readonly counts = new Map<string, number>()
  private all = 0

  constructor(limits: LongAnswerLimits) {
    this.limits = limits
  }

  /** What ends the answer, to be called once; null: this caller has too many, or all together have. */
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
