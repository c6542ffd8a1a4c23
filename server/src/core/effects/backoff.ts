// How long a failed attempt waits before the next: doubling from one second to an hour, with full jitter over the upper
// half, so that a receiver that comes back is not met by everybody at once.

/** Milliseconds before attempt `next` (2 for the first retry). `random01` in [0, 1). */
export function backoffMs(next: number, random01: number): number {
  const most = Math.min(3_600_000, 1000 * 2 ** Math.min(next - 2, 12))
  return Math.round(most / 2 + (most / 2) * random01)
}
