// Query options. Lists support $top, $skip and $select. An unsupported option that would change the answer is refused by its name, and
// never ignored.

import type { Page } from '../../calendar/meeting/meeting.ts'
import { readWallTime } from '../../calendar/time-zone.ts'
import { graphFault } from './faults.ts'

export type Query = {
  readonly page: Page
  /** Null: everything. */
  readonly select: readonly string[] | null
  readonly window: { readonly from: Date; readonly to: Date } | null
  /** As given, for nextLink. */
  readonly given: URLSearchParams
}

/** Items on a page unless $top says otherwise, as in Graph. */
export const DEFAULT_TOP = 10
export const MAX_TOP = 1000
// Graph's own bound for calendarView.
const MAX_WINDOW_DAYS = 1825

const UNSUPPORTED = ['$filter', '$orderby', '$expand', '$search', '$count', '$apply', '$compute']

export type QueryKind = 'none' | 'one' | 'list' | 'events' | 'calendarView'

/** @throws Fault UnsupportedQueryOption, SearchEvents, ErrorInvalidParameter */
export function readQuery(search: string, kind: QueryKind): Query {
  const given = new URLSearchParams(search)
  const options = new Map<string, string>()
  for (const [name, value] of given) {
    const key = name.toLowerCase()
    options.set(key.startsWith('$') || !OData.has(key) ? key : `$${key}`, value)
  }
  for (const option of UNSUPPORTED) {
    if (!options.has(option) || (option === '$count' && options.get(option)?.toLowerCase() === 'false'))
      continue
    if (option === '$search' && (kind === 'events' || kind === 'calendarView'))
      throw graphFault.SearchEvents()
    throw graphFault.UnsupportedQueryOption({ option })
  }
  const paged = kind !== 'none' && kind !== 'one'
  for (const option of ['$top', '$skip']) {
    if (options.has(option) && !paged) throw graphFault.UnsupportedQueryOption({ option })
  }
  return {
    page: {
      top: whole(options.get('$top'), '$top', { min: 1, max: MAX_TOP, fallback: DEFAULT_TOP }),
      skip: whole(options.get('$skip'), '$skip', { min: 0, max: 1_000_000, fallback: 0 }),
    },
    select:
      options
        .get('$select')
        ?.split(',')
        .map(name => name.trim())
        .filter(name => name !== '') ?? null,
    window: kind === 'calendarView' ? windowOf(options) : null,
    given,
  }
}

/** Graph accepts its options without the dollar too. */
const OData = new Set([
  'filter',
  'orderby',
  'expand',
  'search',
  'count',
  'apply',
  'compute',
  'top',
  'skip',
  'select',
])

type Range = { readonly min: number; readonly max: number; readonly fallback: number }

function whole(text: string | undefined, name: string, { min, max, fallback }: Range): number {
  if (text === undefined) return fallback
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw graphFault.ErrorInvalidParameter({
      parameter: name,
      detail: `a whole number from ${min} to ${max} is expected.`,
    })
  return value
}

function windowOf(options: ReadonlyMap<string, string>): { readonly from: Date; readonly to: Date } {
  const from = instant(options, 'startDateTime')
  const to = instant(options, 'endDateTime')
  if (to < from)
    throw graphFault.ErrorInvalidParameter({ parameter: 'endDateTime', detail: 'it is before the start.' })
  if (to.getTime() - from.getTime() > MAX_WINDOW_DAYS * 86_400_000)
    throw graphFault.ErrorInvalidRequest({ detail: `The range is longer than ${MAX_WINDOW_DAYS} days.` })
  return { from, to }
}

function instant(options: ReadonlyMap<string, string>, name: string): Date {
  // URLSearchParams turns a plus sign into a blank. Here a plus sign can only stand before an offset.
  const read = readWallTime((options.get(name.toLowerCase()) ?? '').replace(' ', '+'), 'UTC')
  if (!read)
    throw graphFault.ErrorInvalidParameter({
      parameter: name,
      detail: 'a date and time like 2026-03-01T09:00:00 is expected.',
    })
  return read.at
}

/** The query of the next page. */
export function nextQuery({ given, page }: Query): string {
  const next = new URLSearchParams()
  for (const [name, value] of given) {
    const key = name.toLowerCase().replace(/^\$/, '')
    if (key !== 'skip' && key !== 'top') next.append(name, value)
  }
  // Graph writes the dollar sign unescaped.
  const rest = next.toString().replaceAll('%24', '$')
  return `${rest === '' ? '' : `${rest}&`}$top=${page.top}&$skip=${page.skip + page.top}`
}

/** Ids and annotations always stay. */
export function selected(value: object, select: readonly string[] | null): object {
  if (select === null) return value
  const wanted = new Set(select.map(name => name.toLowerCase()))
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name]) => name === 'id' || name.startsWith('@') || wanted.has(name.toLowerCase()),
    ),
  )
}
