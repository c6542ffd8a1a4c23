// How long the loop rests where something is due and cannot be had, since an open cancellation that covers it is still
// being marked, or another process holds it: not in a tight circle, and not so long that what falls due next is late.

const MOST_ROUNDS = 7

/** Of one round: how many were chosen to be started; or, where none was, in how many ms the next falls due (0: overdue). */
export type Found = { readonly chosen: number } | { readonly dueInMs: number }

/**
 * Rounds in a row in which something was due and nothing could be had. What falls due between the look and the question
 * when to look again is no such round, or a steady load would be taken for idleness. Pure.
 */
export function idleAfter(rounds: number, found: Found): number {
  if ('chosen' in found) return found.chosen > 0 ? 0 : rounds
  return found.dueInMs > 0 ? 0 : Math.min(rounds + 1, MOST_ROUNDS)
}

/** Milliseconds, 1 to 127; 0 for no such round. Pure. */
export function restMs(rounds: number): number {
  return 2 ** rounds - 1
}
