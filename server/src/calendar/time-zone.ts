// Wall times to instants and back. Zones go by their IANA or their Windows name.

import { Temporal } from 'temporal-polyfill'
import { findIana } from 'windows-iana'

/** The IANA name of a zone, or null when nobody knows it. Bare offsets are no zones to Graph. */
export function ianaZone(name: string): string | null {
  if (name.length > 100 || !/^[A-Za-z]/.test(name)) return null
  const iana = findIana(name)[0] ?? name
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(iana).timeZoneId
  } catch {
    return null
  }
}

const WALL_TIME = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(Z|[+-]\d\d:\d\d)?$/i

/**
 * The instant of a wall time in an IANA zone; an offset in the text itself wins. A time that a change to summer time
 * leaves out is read with the offset before it (RFC 5545 3.3.5), one that comes twice is the first. Null: not a time.
 */
export function instantOf(text: string, iana: string): Date | null {
  const match = WALL_TIME.exec(text)
  if (!match) return null
  const [, date, time = '00:00:00', offset] = match
  try {
    const instant = offset
      ? Temporal.Instant.from(`${date}T${time}${offset}`)
      : Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(iana).toInstant()
    return new Date(instant.epochMilliseconds)
  } catch {
    return null
  }
}

/** Graph's output form: seven decimals, no offset. */
export function wallTime(at: Date, iana: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(iana)
    .toPlainDateTime()
  return `${local.toString({ smallestUnit: 'millisecond' })}0000`
}
