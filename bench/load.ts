// Callers in a closed loop, and what they saw.

export type Load = {
  /** Calls a second. */
  readonly rate: number
  /** Milliseconds that half of the calls, and 99 of 100, took at most. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** `callers` at once, each beginning its next call when the last has ended, `total` calls in all. */
export async function load(
  callers: number,
  total: number,
  call: (i: number) => Promise<unknown>,
): Promise<Load> {
  const took = new Float64Array(total)
  let next = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < total) {
        const i = next++
        const at = performance.now()
        await call(i)
        took[i] = performance.now() - at
      }
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  took.sort()
  return {
    rate: total / seconds,
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    max: took[total - 1] ?? 0,
  }
}

/** The value below which `q` of the sorted values lie. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}
