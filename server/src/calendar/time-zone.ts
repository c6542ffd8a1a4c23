// Wall times to instants and back. Zones go by their IANA or their Windows name.

import { Temporal } from 'temporal-polyfill'
import { findIana } from 'windows-iana'
import { instantOf as instantOfWritten, millisecondsOf, readWrittenTime } from '../core/instant.ts'

/** The IANA name of a zone, or null when it is unknown. For Graph, a bare offset is not a zone. */
export function ianaZone(name: string): string | null {
  if (name.length > 100 || !/^[A-Za-z]/.test(name)) return null
  const iana = findIana(name)[0] ?? name
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(iana).timeZoneId
  } catch {
    return null
  }
}

/** Decimals of a second that Graph writes. */
const DECIMALS = 7

export type ReadTime = {
  readonly at: Date
  /** The decimals behind the milliseconds, four digits: an instant does not keep them. */
  readonly ticks: string
}

/**
 * The instant of a wall time in an IANA zone; an offset in the text itself wins. A time that a change to summer time
 * skips is read with the offset before the change (RFC 5545 3.3.5). Of a time that comes twice, the first is taken. Null: not a time.
 */
export function readWallTime(text: string, iana: string): ReadTime | null {
  const time = readWrittenTime(text, DECIMALS)
  if (!time) return null
  const ticks = time.decimals.slice(3).padEnd(4, '0')
  const { decimals, offset, ...wall } = time
  if (offset !== null) {
    const at = instantOfWritten({ ...time, offset })
    return at && { at, ticks }
  }
  const local = Temporal.PlainDateTime.from({ ...wall, millisecond: millisecondsOf(decimals).ms })
  return { at: new Date(local.toZonedDateTime(iana).toInstant().epochMilliseconds), ticks }
}

/** Graph's output form: seven decimals, no offset. */
export function wallTime(at: Date, iana: string, ticks = '0000'): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(iana)
    .toPlainDateTime()
  return `${local.toString({ smallestUnit: 'millisecond' })}${ticks}`
}
