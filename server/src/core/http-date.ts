// The dates of HTTP headers (RFC 9110 5.6.7), in all three forms: the current one, and two old ones that must still be read.

import { instantOf, readWrittenTime } from './instant.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const TODAY = /^(\w{3}), (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/
const RFC_850 = /^(\w{3})\w{3,6}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/
const ASCTIME = /^(\w{3}) (?<month>\w{3}) (?<day>[\d ]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/

/** Null when the text is not a date, when the day does not exist, or when it is another day of the week. */
export function readHttpDate(text: string, now: Date): Date | null {
  const match = TODAY.exec(text) ?? RFC_850.exec(text) ?? ASCTIME.exec(text)
  if (!match) return null
  const { day = '', month = '', year = '', time = '' } = match.groups!
  const number = MONTHS.indexOf(month) + 1
  if (number === 0) return null
  const written = `-${String(number).padStart(2, '0')}-${day.replace(' ', '0')}T${time}Z`
  const at = instantAt(`${year.length === 2 ? fullYear(Number(year), now) : year}${written}`)
  return at && DAYS[at.getUTCDay()] === match[1] ? at : null
}

function instantAt(text: string): Date | null {
  const time = readWrittenTime(text, 0)
  return time && instantOf({ ...time, offset: 0 })
}

/** RFC 9110: a year of two digits that would be more than 50 years ahead belongs to the century before. */
function fullYear(year: number, now: Date): number {
  const thisYear = now.getUTCFullYear()
  const inThisCentury = thisYear - (thisYear % 100) + year
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury
}
