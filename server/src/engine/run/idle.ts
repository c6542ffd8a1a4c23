// How long the loop rests when something is due that it cannot start: an open cancellation that covers it is still being marked, or
// another process has locked it. The loop must not spin, and must not rest so long that the next due effect is late.

const MAX_ROUNDS = 7

/** The result of one round: how many effects were started; or, if none was, in how many ms the next one falls due (0: overdue). */
export type Found = { readonly started: number } | { readonly dueInMs: number }

/**
 * The number of rounds in a row in which something was due and nothing could be started. A round does not count if an effect falls due
 * between the start and the question for the next due time: else a steady load would look idle. Pure.
 */
export function idleAfter(rounds: number, found: Found): number {
  if ('started' in found) return found.started > 0 ? 0 : rounds
  return found.dueInMs > 0 ? 0 : Math.min(rounds + 1, MAX_ROUNDS)
}

/** Milliseconds, 1 to 127; 0 for no such round. Pure. */
export function restMs(rounds: number): number {
  return 2 ** rounds - 1
}
