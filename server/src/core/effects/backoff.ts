// The pause before the next attempt: it doubles from one second to an hour. The upper half of it is random, so that not all callers
// try a receiver again at the same moment.

/** Milliseconds before attempt `next` (2 for the first retry). `random01` in [0, 1). */
export function backoffMs(next: number, random01: number): number {
  const longest = Math.min(3_600_000, 1000 * 2 ** Math.min(next - 2, 12))
  return Math.round(longest / 2 + (longest / 2) * random01)
}
