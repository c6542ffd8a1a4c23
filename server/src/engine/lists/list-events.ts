// Lists of events. Every list has a bounded cost, whatever its filters are.
//
// A tenant's events lie in streams: one for each kind and app. A list of one entity has one stream, and a list of ids has one too. Each
// stream is read newest first. The rows of all streams are merged, down to the point that every stream was read to. A list with a span
// of due times is different: it reads pending effects, those due soonest first.

import { type CursorPosition, cursorOf, FIRST_ID, LAST_ID } from '../../core/cursor.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'
import { type EventRow, storedEvent } from '../cancel/event-row.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

/** How many rows one list reads at most, and how far a count goes. */
export const MAX_LOOKED_AT = 10_000
/** So many rows of each stream may be read at least, however many streams there are. */
const FEWEST_OF_STREAM = 100
/** How many octets of stored data a search for a text reads at most. */
const MAX_SEARCHED = 3_000_000

export type EventState = 'announced' | 'cancelled' | 'ended'

export type EventFilter = {
  readonly kinds?: readonly string[]
  /** The app that announced the event. With `site`: only what the app reported at this site. */
  readonly app?: string
  readonly site?: string
  /** The key as its caller gave it. */
  readonly key?: string
  readonly entity?: string
  readonly state?: EventState
  /** An effect of the event falls due within this span, on the tenant's clock. */
  readonly dueAfter?: Date
  readonly dueBefore?: Date
  /** In the title, or in what the caller gave as data. */
  readonly text?: string
}

/** Limits a list to the events of these entities and to these events, instead of all of the tenant. */
export type EventsWithin = { readonly entities: readonly string[]; readonly ids: readonly string[] }

export type EventQuery = {
  readonly tenant: string
  readonly filter: EventFilter
  readonly within?: EventsWithin
  readonly after?: CursorPosition
  readonly limit: number
}

export type NextDue = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly state: string
  readonly dueAt: Date
  readonly attempt: number
  readonly error: string | null
}

export type ListedEvent = StoredEvent & {
  readonly app: string | null
  readonly bareKey: string | null
  readonly state: EventState
  readonly next: NextDue | null
  /** Skipped effects that somebody outside would have noticed; at most 20. */
  readonly skipped: readonly {
    readonly id: string
    readonly title: string
    readonly at: string
    readonly evidence: JsonObject | null
  }[]
}

export type EventList = {
  readonly events: readonly ListedEvent[]
  /** Where the next page begins; null: there is none. */
  readonly next: string | null
  /** How many events were read before the list stopped without being full; null: it is full, or at its end. */
  readonly stoppedAfter: number | null
}

/** `isExact` false: there are at least so many. */
export type Count = { readonly count: number; readonly isExact: boolean }

type Stream = {
  readonly kindHash: number | null
  readonly appHash: number | null
  readonly entity: string | null
}
type WalkRow = { position: number; id: string; n: string | number; fits: boolean; stop: boolean }

export async function listEvents(context: Context, query: EventQuery): Promise<EventList> {
  const { filter, within } = query
  const bySpan = filter.dueAfter !== undefined || filter.dueBefore !== undefined
  if (bySpan && within === undefined && filter.entity === undefined) return await listByDue(context, query)
  const streams = await streamsOf(context, query)
  const walked = await walk(context, query, {
    streams,
    below: query.after?.id ?? LAST_ID,
    rowLimit: query.limit + 1,
  })
  const ids = walked.ids.slice(0, query.limit)
  const events = await details(context, query, ids)
  if (walked.ids.length > query.limit)
    return { events, next: cursorOf({ id: ids.at(-1) as string, time: null }), stoppedAfter: null }
  if (walked.stop === null) return { events, next: null, stoppedAfter: null }
  return { events, next: cursorOf({ id: walked.stop, time: null }), stoppedAfter: walked.lookedAt }
}

/** Counts the events that pass the filters. It reads {@link MAX_LOOKED_AT} rows at most. */
export async function countEvents(
  context: Context,
  query: Omit<EventQuery, 'after' | 'limit'>,
): Promise<Count> {
  const streams = await streamsOf(context, query)
  const walked = await walk(context, query, { streams, below: LAST_ID, rowLimit: MAX_LOOKED_AT + 1 })
  return {
    count: Math.min(walked.found, MAX_LOOKED_AT),
    isExact: walked.stop === null && walked.found <= MAX_LOOKED_AT,
  }
}

/** One event as a list shows it. */
export async function eventDetails(
  context: Context,
  tenant: string,
  id: string,
): Promise<ListedEvent | null> {
  return (await details(context, { tenant, filter: {} }, [id]))[0] ?? null
}

type Streams = { readonly streams: readonly Stream[]; readonly ids: readonly string[] | null }

async function streamsOf(
  context: Context,
  { tenant, filter, within }: Pick<EventQuery, 'tenant' | 'filter' | 'within'>,
): Promise<Streams> {
  if (within) return { streams: within.entities.map(aboutEntity), ids: within.ids }
  if (filter.entity !== undefined) return { streams: [aboutEntity(filter.entity)], ids: null }
  const rows = await context.db.query<{ kind_hash: number; app_hash: number }>(sql('event-streams'), [
    tenant,
    filter.kinds ?? null,
    filter.app ?? null,
  ])
  return {
    streams: rows.map(row => ({ kindHash: row.kind_hash, appHash: row.app_hash, entity: null })),
    ids: null,
  }
}

function aboutEntity(entity: string): Stream {
  return { kindHash: null, appHash: null, entity }
}

type Walked = {
  /** Newest first: every event that fits, down to `stop`. */
  readonly ids: readonly string[]
  /** How many were found: `ids`, and those below `stop`. */
  readonly found: number
  /** Set if a stream was not read to its end: the last event that was read of it (of several such streams, the newest of these). */
  readonly stop: string | null
  readonly lookedAt: number
}

async function walk(
  context: Context,
  { tenant, filter }: Pick<EventQuery, 'tenant' | 'filter'>,
  {
    streams: of,
    below,
    rowLimit,
  }: { readonly streams: Streams; readonly below: string; readonly rowLimit: number },
): Promise<Walked> {
  const { streams, ids } = of
  const all = streams.length + (ids === null ? 0 : 1)
  if (all === 0) return { ids: [], found: 0, stop: null, lookedAt: 0 }
  const each = Math.max(FEWEST_OF_STREAM, Math.ceil(MAX_LOOKED_AT / all))
  const text = filter.text?.toLowerCase()
  const rows = await context.db.query<WalkRow>(sql('walk-events'), [
    tenant,
    below,
    each,
    rowLimit,
    streams.map(stream => stream.kindHash),
    streams.map(stream => stream.appHash),
    streams.map(stream => stream.entity),
    ids,
    filter.kinds ?? null,
    filter.app ?? null,
    filter.site ?? null,
    filter.key ?? null,
    filter.entity ?? null,
    filter.state ?? null,
    filter.dueAfter ?? null,
    filter.dueBefore ?? null,
    text ?? null,
    text === undefined ? null : JSON.stringify(text).slice(1, -1),
    Math.max(1, Math.floor(MAX_SEARCHED / all)),
  ])
  return putTogether(rows, rowLimit)
}

/** Merges the streams into one list. The list ends where the first stream was not read any further. */
function putTogether(rows: readonly WalkRow[], rowLimit: number): Walked {
  let stop: string | null = null
  let lookedAt = 0
  const found: string[] = []
  for (const stream of Map.groupBy(rows, row => row.position).values()) {
    const end = stream.findIndex(row => row.stop)
    const looked = end === -1 ? stream : stream.slice(0, end + 1)
    const last = looked.at(-1) as WalkRow
    lookedAt += Number(last.n)
    for (const row of looked) if (row.fits) found.push(row.id)
    const endsHere = end !== -1 || looked.length === rowLimit
    if (endsHere && (stop === null || last.id > stop)) stop = last.id
  }
  const ids = found.sort().reverse()
  return { ids: stop === null ? ids : ids.filter(id => id >= stop), found: ids.length, stop, lookedAt }
}

type DetailRow = EventRow & {
  app: string | null
  bare_key: string | null
  next_id: string | null
  next_kind: string
  next_title: string
  next_state: string
  next_due: Date
  next_error: string | null
  next_attempt: number
  has_effects: boolean
  skipped: ListedEvent['skipped'] | null
}

/** In the order of `ids`. */
async function details(
  context: Context,
  { tenant, filter }: Pick<EventQuery, 'tenant' | 'filter'>,
  ids: readonly string[],
): Promise<readonly ListedEvent[]> {
  if (ids.length === 0) return []
  const rows = await context.db.query<DetailRow>(sql('event-details'), [ids, tenant, filter.dueAfter ?? null])
  const byId = new Map(rows.map(row => [row.id, listedEvent(row)]))
  // An event that was swept meanwhile has no row, and is left out.
  return ids.flatMap(id => byId.get(id) ?? [])
}

function listedEvent(row: DetailRow): ListedEvent {
  return {
    ...storedEvent(row),
    app: row.app,
    bareKey: row.bare_key,
    state: row.cancellation_id !== null ? 'cancelled' : row.has_effects ? 'announced' : 'ended',
    next:
      row.next_id === null
        ? null
        : {
            id: row.next_id,
            kind: row.next_kind,
            title: row.next_title,
            state: row.next_state,
            dueAt: row.next_due,
            attempt: row.next_attempt,
            error: row.next_error,
          },
    skipped: row.skipped ?? [],
  }
}

type DueRow = { id: string; event_id: string | null; due: string }

/**
 * Lists events by what falls due within the span. Each event comes once, at the first of its effects there. It reads in growing steps,
 * so a page that fills at once costs little.
 */
async function listByDue(context: Context, query: EventQuery): Promise<EventList> {
  const { tenant, filter, limit } = query
  const { dueAfter = null, dueBefore = null } = filter
  const events: ListedEvent[] = []
  let at: CursorPosition = { id: query.after?.id ?? FIRST_ID, time: query.after?.time ?? '-infinity' }
  let lastShown = at
  let lookedAt = 0
  for (let step = limit + 1; lookedAt < MAX_LOOKED_AT; step *= 4) {
    const rowLimit = Math.min(step, MAX_LOOKED_AT - lookedAt)
    const due = await context.db.query<DueRow>(sql('walk-due'), [
      tenant,
      dueAfter,
      dueBefore,
      at.time,
      at.id,
      rowLimit,
    ])
    const { rows, fitting } = await fittingOf(context, query, due)
    const byEffect = new Map((await details(context, query, fitting)).map(event => [event.next?.id, event]))
    for (const row of rows) {
      const event = byEffect.get(row.id)
      if (event && events.length === limit) return { events, next: cursorOf(lastShown), stoppedAfter: null }
      lookedAt += 1
      at = { id: row.id, time: row.due }
      if (!event) continue
      events.push(event)
      lastShown = at
    }
    if (rows.length < due.length) break
    if (due.length < rowLimit) return { events, next: null, stoppedAfter: null }
  }
  return { events, next: cursorOf(at), stoppedAfter: lookedAt }
}

/** `fitting`: the events of these effects that pass the other filters. `rows`: the effects whose events were read, at least one. */
async function fittingOf(
  context: Context,
  { tenant, filter }: EventQuery,
  due: readonly DueRow[],
): Promise<{ readonly rows: readonly DueRow[]; readonly fitting: readonly string[] }> {
  const { dueAfter: _from, dueBefore: _until, ...others } = filter
  const fits = async (rows: readonly DueRow[]) => {
    const ids = [...new Set(rows.flatMap(row => row.event_id ?? []))]
    const streams = { streams: [], ids }
    return await walk(
      context,
      { tenant, filter: others },
      { streams, below: LAST_ID, rowLimit: ids.length + 1 },
    )
  }
  const { ids, stop } = await fits(due)
  if (stop === null) return { rows: due, fitting: ids }
  // The search for the text reached its limit. What was not searched is left to the next page.
  const end = due.findIndex(row => row.event_id !== null && row.event_id < stop)
  if (end === -1) return { rows: due, fitting: ids }
  if (end > 0) return { rows: due.slice(0, end), fitting: ids }
  const first = due.slice(0, 1)
  return { rows: first, fitting: (await fits(first)).ids }
}
