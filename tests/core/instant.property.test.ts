// Every date that is taken exists, and is told back as it was written. What exists is counted here by the calendar's own
// rules, day by day, and not by the reader's.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readWallTime, wallTime } from '../../server/src/calendar/time-zone.ts'
import { readHttpDate } from '../../server/src/core/http-date.ts'
import { daysIn, ownInstant, readInstant, readWrittenTime } from '../../server/src/core/instant.ts'

const two = (value: number) => String(value).padStart(2, '0')
const four = (value: number) => String(value).padStart(4, '0')

/** Numbers at, around and far from the ends of what exists. */
const part = (min: number, max: number) => fc.integer({ min, max })
const parts = fc.record({
  year: fc.oneof(part(0, 9999), fc.constantFrom(0, 1, 4, 99, 100, 400, 1900, 2000, 2031, 2032, 9999)),
  month: part(0, 13),
  day: fc.oneof(part(0, 32), fc.constantFrom(28, 29, 30, 31)),
  hour: part(0, 25),
  minute: part(0, 61),
  second: part(0, 61),
  decimals: fc.oneof(
    fc.constant(''),
    fc.stringMatching(/^\.\d{1,10}$/),
    fc.stringMatching(/^\.\d{3}0{1,6}$/),
  ),
  offset: fc.oneof(
    fc.constantFrom(
      'Z',
      'z',
      '+00:00',
      '-00:00',
      '+14:00',
      '-14:00',
      '+14:01',
      '-23:59',
      '+05:30',
      '',
      '+0100',
    ),
    fc
      .tuple(fc.constantFrom('+', '-'), part(0, 24), part(0, 61))
      .map(([s, h, m]) => `${s}${two(h)}:${two(m)}`),
  ),
  separator: fc.constantFrom('T', 't', ' '),
})

type Parts = typeof parts extends fc.Arbitrary<infer P> ? P : never

function textOf({ year, month, day, hour, minute, second, decimals, offset, separator }: Parts): string {
  return `${four(year)}-${two(month)}-${two(day)}${separator}${two(hour)}:${two(minute)}:${two(second)}${decimals}${offset}`
}

function isLeap(year: number): boolean {
  return year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0)
}

function monthLength(year: number, month: number): number {
  return [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

/** Days since 1970-01-01, counted year by year and month by month. */
function dayNumber(year: number, month: number, day: number): number {
  let days = day - 1
  for (let m = 1; m < month; m++) days += monthLength(year, m)
  for (let y = 1970; y < year; y++) days += isLeap(y) ? 366 : 365
  for (let y = year; y < 1970; y++) days -= isLeap(y) ? 366 : 365
  return days
}

/** Milliseconds since 1970; null when there is no such instant, or nobody could tell it back. */
function expected(written: Parts): number | null {
  const { year, month, day, hour, minute, second, decimals, offset } = written
  if (year < 1 || day < 1 || day > monthLength(year, month)) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  const fraction = decimals.slice(1)
  if (fraction.length > 9 || /[1-9]/.test(fraction.slice(3))) return null
  const zone = /^(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(offset)
  if (!zone) return null
  const [, sign, hours = '0', minutes = '0'] = zone
  const ahead = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  if (Number(minutes) > 59 || Math.abs(ahead) > 14 * 60) return null
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'))
  const at = (dayNumber(year, month, day) * 1440 + hour * 60 + minute - ahead) * 60_000 + second * 1000 + ms
  return at >= dayNumber(1, 1, 1) * 86_400_000 && at < dayNumber(10_000, 1, 1) * 86_400_000 ? at : null
}

describe('an instant', () => {
  it('is taken exactly when it exists and nothing of it would be lost, and is told back the same', () => {
    fc.assert(
      fc.property(parts, written => {
        const text = textOf(written)
        const at = readInstant(text)
        assert.equal(at?.getTime() ?? null, expected(written), text)
        if (at) {
          assert.equal(readInstant(at.toISOString())?.getTime(), at.getTime())
          assert.equal(ownInstant(at.toISOString()).getTime(), at.getTime())
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('in UTC is told back letter by letter', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date(-62_135_596_800_000),
          max: new Date(253_402_300_799_999),
          noInvalidDate: true,
        }),
        date => {
          const text = date.toISOString()
          assert.equal(readInstant(text)?.toISOString(), text)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('is nothing else', () => {
    for (const text of [
      '',
      'tomorrow',
      '2031-02-29T09:00:00Z',
      '2031-01-01T24:00:00Z',
      '2031-01-01T25:00:00Z',
      '2031-13-01T00:00:00Z',
      '2031-00-01T00:00:00Z',
      '2030-12-31T23:59:60Z',
      '2031-01-01T00:00:00+14:01',
      '2031-01-01T00:00:00+1400',
      '2031-01-01T00:00:00+14',
      '0000-01-01T00:00:00Z',
      '-002031-01-01T00:00:00Z',
      '+002031-01-01T00:00:00Z',
      '20310101T000000Z',
      '2031-01-01',
      '2031-01-01T00:00Z',
      '2031-01-01T00:00:00',
      '2031-01-01T00:00:00,5Z',
      '2031-01-01T00:00:00.Z',
      '2031-01-01T00:00:00.0001Z',
      '2031-01-01T00:00:00.0000000000Z',
      '2031-01-01T00:00:00Z ',
      ' 2031-01-01T00:00:00Z',
      '2031-01-01T00:00:00Z\n',
      '2031-01-01T00:00:00Z[Europe/Berlin]',
      '2031-01-01  00:00:00Z',
      '２０３１-01-01T00:00:00Z',
      '0001-01-01T00:00:00+00:01',
      '9999-12-31T23:59:59-00:01',
      'Sat, 01 Jan 2031 00:00:00 GMT',
    ])
      assert.equal(readInstant(text), null, JSON.stringify(text))
  })

  it('that is finer than we keep is never early where its text is kept', () => {
    const up = (text: string) => readInstant(text, { finer: 'up' })?.toISOString()
    assert.equal(up('2031-01-01T00:00:00.123000Z'), '2031-01-01T00:00:00.123Z')
    assert.equal(up('2031-01-01T00:00:00.123000001Z'), '2031-01-01T00:00:00.124Z')
    assert.equal(up('2030-12-31T23:59:59.9999Z'), '2031-01-01T00:00:00.000Z')
    assert.equal(up('9999-12-31T23:59:59.9999Z'), undefined)
  })
})

describe('a wall time', () => {
  it('names a day that exists, with or without a time, and is told back with all of its seven decimals', () => {
    fc.assert(
      fc.property(parts, fc.constantFrom('date', 'minutes', 'all'), (written, form) => {
        const whole = textOf({ ...written, offset: '' })
        const text = form === 'date' ? whole.slice(0, 10) : form === 'minutes' ? whole.slice(0, 16) : whole
        const zero = { hour: 0, minute: 0, second: 0, decimals: '' }
        const meant = {
          ...written,
          ...(form === 'date' ? zero : form === 'minutes' ? { second: 0, decimals: '' } : {}),
          offset: 'Z',
        }
        const fraction = meant.decimals.slice(1)
        const exists = fraction.length <= 7 && expected({ ...meant, decimals: '' }) !== null
        const read = readWallTime(text, 'UTC')
        assert.equal(read !== null, exists, text)
        if (!read) return
        const { year, month, day, hour, minute, second } = meant
        const told = `${four(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.${fraction.padEnd(7, '0')}`
        assert.equal(wallTime(read.at, 'UTC', read.ticks), told)
      }),
      { numRuns: 3000 },
    )
  })

  it('that a change to summer time leaves out is the one an hour later; every other is told back in its zone', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Pacific/Apia',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(1990, 0, 1) / 900_000, max: Date.UTC(2037, 0, 1) / 900_000 }),
        (zone, quarter) => {
          const text = new Date(quarter * 900_000).toISOString().slice(0, 19)
          const at = readWallTime(text, zone)!.at
          const told = wallTime(at, zone).slice(0, 19)
          if (told !== text) {
            // In the gap: the same instant with the offset before it, a later time of the day.
            assert.ok(told > text, `${zone} ${text} became ${told}`)
            assert.equal(readWallTime(told, zone)!.at.getTime(), at.getTime())
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('a date of HTTP', () => {
  const now = new Date('2026-11-27T12:00:00Z')
  it('is read in all three forms of RFC 9110', () => {
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ])
      assert.equal(readHttpDate(text, now)?.toISOString(), '1994-11-06T08:49:37.000Z', text)
    // Fifty years ahead at most: 2076, and 1977.
    assert.equal(readHttpDate('Friday, 06-Nov-76 08:49:37 GMT', now)?.getUTCFullYear(), 2076)
    assert.equal(readHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', now)?.getUTCFullYear(), 1977)
  })

  it('that names no day, or another day of the week, is none', () => {
    for (const text of [
      'Mon, 06 Nov 1994 08:49:37 GMT',
      'Sat, 29 Feb 2031 08:49:37 GMT',
      'Sun, 06 Nov 1994 24:00:00 GMT',
      'Sun, 06 Nov 1994 08:49:60 GMT',
      'Sun, 6 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 1994 08:49:37 UTC',
      'Sun, 06 Nov 1994 08:49:37 +0000',
      'Sun, 06 Nob 1994 08:49:37 GMT',
      '1994-11-06T08:49:37Z',
      '2031',
      'soon',
      '',
    ])
      assert.equal(readHttpDate(text, now), null, text)
  })

  it('is told back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), seconds => {
        const at = new Date(seconds * 1000)
        assert.equal(readHttpDate(at.toUTCString(), now)?.getTime(), at.getTime())
      }),
    )
  })
})

it('months have their days', () => {
  assert.deepEqual([daysIn(2031, 2), daysIn(2032, 2), daysIn(1900, 2), daysIn(2000, 2)], [28, 29, 28, 29])
  assert.deepEqual([daysIn(2031, 0), daysIn(2031, 13)], [0, 0])
  assert.equal(readWrittenTime('2031-02-29'), null)
})
