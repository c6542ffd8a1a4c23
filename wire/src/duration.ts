// Durations as people type them: '3d', '90m', '1w2d12h'.

const UNITS: { readonly [unit: string]: number } = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Ten years: more than any sandbox needs, and far below the greatest date. */
export const MAX_ADVANCE_MS = 10 * 366 * 86_400_000

/** Milliseconds of a duration; null for a text that is not a duration, for zero, and for more than ten years. */
export function durationMs(text: string): number | null {
  if (!/^\+?(\d{1,6}[smhdw])+$/.test(text)) return null
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) total += Number(count) * UNITS[unit!]!
  return total > 0 && total <= MAX_ADVANCE_MS ? total : null
}
