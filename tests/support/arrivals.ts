// Waiting for the n-th arrival: tests wait for signals, never for time.

export class Arrivals<T> {
  readonly all: T[] = []
  private readonly waiting: { readonly count: number; readonly resolve: (all: readonly T[]) => void }[] = []

  add(item: T): void {
    this.all.push(item)
    for (let i = this.waiting.length - 1; i >= 0; i--) {
      const { count, resolve } = this.waiting[i]!
      if (this.all.length < count) continue
      this.waiting.splice(i, 1)
      resolve(this.all.slice(0, count))
    }
  }

  /** Resolves with the first `count` as soon as they are there. */
  arrived(count: number): Promise<readonly T[]> {
    if (this.all.length >= count) return Promise.resolve(this.all.slice(0, count))
    const { promise, resolve } = Promise.withResolvers<readonly T[]>()
    this.waiting.push({ count, resolve })
    return promise
  }
}
