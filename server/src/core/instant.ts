// The one reader of dates and times (RFC 3339, ISO 8601). It accepts only times that exist and that can be given back as they were
// written: no 29 February of a common year, no hour 24, no second 60, no offset beyond 14 hours, and no decimals that would be lost.

/** A time as it is written, each part checked. */
export type WrittenTime = {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Decimals of the second, as written; '' when there are none. */
  readonly decimals: string
  /** Minutes east of UTC; null when no offset is written. */
  readonly offset: number | null
}

const WRITTEN =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:([Zz])|([+-])(\d\d):(\d\d))?)?$/
const MAX_OFFSET_MINUTES = 14 * 60

/**
 * Reads a date, a wall time or an instant. Null when the text is none of these, or when there is no such day or time. A date alone
 * is its midnight. `maxDecimals`: how many decimals of a second may be written.
 */
export function readWrittenTime(text: string, maxDecimals = 9): WrittenTime | null {
  const match = WRITTEN.exec(text)
  if (!match) return null
  const [, year, month, day, hour = '0', minute = '0', second = '0', decimals = ''] = match
  const time = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    decimals,
  }
  const isDay = time.year >= 1 && time.day >= 1 && time.day <= daysIn(time.year, time.month)
  if (!isDay || time.hour > 23 || time.minute > 59 || time.second > 59 || decimals.length > maxDecimals)
    return null
  const offset = offsetOf(match)
  return offset === undefined ? null : { ...time, offset }
}

function offsetOf(match: RegExpExecArray): number | null | undefined {
  const [utc, sign, hours, minutes] = match.slice(8)
  if (utc !== undefined) return 0
  if (sign === undefined) return null
  const offset = Number(hours) * 60 + Number(minutes)
  if (Number(minutes) > 59 || offset > MAX_OFFSET_MINUTES) return undefined
  return sign === '-' ? 0 - offset : offset
}

/** How many days a month of the Gregorian calendar has; 0 when there is no such month. */
export function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** The milliseconds in the decimals of a second, and whether the decimals are finer than that. */
export function millisecondsOf(decimals: string): { readonly ms: number; readonly isMore: boolean } {
  return { ms: Number(decimals.slice(0, 3).padEnd(3, '0')), isMore: /[1-9]/.test(decimals.slice(3)) }
}

/** The instant of a time with an offset; null when it is outside of the years 1 to 9999 of UTC. */
export function instantOf(time: WrittenTime & { readonly offset: number }): Date | null {
  const { ms } = millisecondsOf(time.decimals)
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  const day = new Date(0).setUTCFullYear(time.year, time.month - 1, time.day)
  const minutes = time.hour * 60 + time.minute - time.offset
  return inRange(new Date(day + minutes * 60_000 + time.second * 1000 + ms))
}

function inRange(at: Date): Date | null {
  const year = at.getUTCFullYear()
  return year >= 1 && year <= 9999 ? at : null
}

/**
 * Reads an instant of RFC 3339: date, time with seconds, and offset; null for anything else. An instant keeps milliseconds only,
 * and nothing of a finer text may be lost: such a text is read as null. With `finer: 'up'`, for callers that keep the text itself,
 * it is the next millisecond, so that nothing happens early.
 */
export function readInstant(
  text: string,
  { finer = 'refused' }: { finer?: 'refused' | 'up' } = {},
): Date | null {
  // Hours and minutes alone are a wall time; an instant of RFC 3339 has its seconds.
  if (!/^.{10}.\d\d:\d\d:/.test(text)) return null
  const time = readWrittenTime(text)
  if (time?.offset == null) return null
  const { isMore } = millisecondsOf(time.decimals)
  if (isMore && finer === 'refused') return null
  const at = instantOf({ ...time, offset: time.offset })
  return at && isMore ? inRange(new Date(at.getTime() + 1)) : at
}

/** Reads an instant that this server wrote. @throws Error for anything else, which is a mistake of this program */
export function ownInstant(text: string): Date {
  const at = readInstant(text)
  if (!at) throw new Error(`not an instant: ${text.slice(0, 40)}`)
  return at
}
