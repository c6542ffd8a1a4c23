// "3 days": a whole number and a unit, with the bounds of Wix's builder (relative delays: minutes and hours 1-999,
// days 1-365, weeks 1-52, months 1-12).

const UNITS = {
  minutes: { most: 999, ms: 60_000 },
  hours: { most: 999, ms: 3_600_000 },
  days: { most: 365, ms: 86_400_000 },
  weeks: { most: 52, ms: 604_800_000 },
  // A month has no fixed length, so months are counted on the calendar, in UTC.
  months: { most: 12, ms: null },
} as const

export type DurationUnit = keyof typeof UNITS
export type Duration = { readonly amount: number; readonly unit: DurationUnit }

/** Reads "3 days", "1 hour"; null when the text is not a duration or is out of bounds. */
export function readDuration(text: unknown): Duration | null {
  if (typeof text !== 'string') return null
  const match = /^(\d{1,3}) (minute|hour|day|week|month)s?$/.exec(text.trim())
  if (!match) return null
  const amount = Number(match[1])
  const unit = `${match[2]}s` as DurationUnit
  return amount >= 1 && amount <= UNITS[unit].most ? { amount, unit } : null
}

/** Its length in milliseconds; null for months. */
export function durationMs(duration: Duration): number | null {
  const { ms } = UNITS[duration.unit]
  return ms === null ? null : ms * duration.amount
}

/** `at` moved by `duration`, `sign` -1 for back. 31 January and one month is the last day of February, in UTC. */
export function moveBy(at: Date, duration: Duration, sign: 1 | -1): Date {
  const ms = durationMs(duration)
  if (ms !== null) return new Date(at.getTime() + sign * ms)
  const month = at.getUTCMonth() + sign * duration.amount
  const lastDay = new Date(Date.UTC(at.getUTCFullYear(), month + 1, 0)).getUTCDate()
  const moved = new Date(at)
  moved.setUTCMonth(month, Math.min(at.getUTCDate(), lastDay))
  return moved
}

/** "3 days", "1 day". */
export function durationText(duration: Duration): string {
  return `${duration.amount} ${duration.amount === 1 ? duration.unit.slice(0, -1) : duration.unit}`
}
