// Lists of effects by state, at a bounded cost. Effects that have not ended come in the order of their due times, dead ones newest first,
// others latest announced first.

import { type CursorPosition, cursorOf, FIRST_ID, LAST_ID } from '../../core/cursor.ts'
import type { Ending } from '../../core/effects/effect.ts'
import { isGuid } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { type Count, MAX_LOOKED_AT } from './list-events.ts'

export type EffectQuery = {
  readonly tenant: string
  readonly state: 'pending' | 'running' | 'waiting' | Exclude<Ending, 'prevented'>
  readonly kind?: string
  /** Host and port of a webhook's receiver; of mail the domain. */
  readonly receiver?: string
  /** A span of the tenant's clock; of what is pending only. */
  readonly dueAfter?: Date
  readonly dueBefore?: Date
  readonly after?: CursorPosition
  readonly limit: number
}

export type ListedEffect = {
  readonly id: string
  /** Null for a notice, which belongs to a cancellation. */
  readonly eventId: string | null
  readonly kind: string
  readonly title: string
  readonly state: string
  readonly receiver: string | null
  readonly dueAt: Date
  /** Since when it is running. */
  readonly startedAt: Date | null
  /** When it ended. */
  readonly at: Date | null
  readonly attempt: number
  readonly error: string | null
}

export type EffectList = {
  readonly effects: readonly ListedEffect[]
  readonly next: string | null
  /** How many were looked at before the list stopped without being full; null: it is full, or at its end. */
  readonly stoppedAfter: number | null
}

export type EffectCounts = {
  readonly pending: Count
  /** Of these, those whose time has come. */
  readonly due: Count
  readonly running: Count
  readonly waiting: Count
  readonly dead: Count
  /** When what is pending falls due first; before now, it is late. */
  readonly oldestDue: Date | null
  /** What is pending after a failed attempt, by kind and receiver, of those that fall due first. */
  readonly failing: readonly {
    readonly kind: string
    readonly receiver: string
    readonly effects: number
    readonly attempts: number
    readonly nextAt: string
    readonly error: string | null
  }[]
}

/** Of an id: its time, four random bits and its shard. */
const SHARED = 'xxxxxxxx-xxxx-8xss'.length

type Row = {
  id: string
  event_id: string | null
  tenant: string
  kind: string
  title: string
  lane: string
  state: string
  due_shown: Date
  started_at?: Date | null
  at?: Date | null
  attempt: number
  error: string | null
  data: JsonObject
  /** Missing where nothing is looked at in vain. */
  n?: string | number
  fits?: boolean
  stop?: boolean
  due?: string
  ended?: string
}

export async function listEffects(context: Context, query: EffectQuery): Promise<EffectList> {
  const rows = await look(context, query)
  const page: Row[] = []
  for (const row of rows) {
    if (row.fits !== false) {
      if (page.length === query.limit) return list(page, placeOf(page.at(-1) as Row))
      page.push(row)
    }
    if (row.stop === true) return stoppedAt(page, row, query)
  }
  return list(page, null)
}

/** What there is of a tenant; each counted no further than {@link MAX_LOOKED_AT}. */
export async function countEffects(context: Context, tenant: string): Promise<EffectCounts> {
  const [row] = await context.db.query<{
    live: number
    pending: number
    due: number
    running: number
    waiting: number
    dead: number
    oldest_due: Date | null
    failing: {
      kind: string
      receiver: string
      effects: number
      attempts: number
      next_at: string
      error: string | null
    }[]
  }>(sql('status-effects'), [tenant, MAX_LOOKED_AT])
  const { live, pending, due, running, waiting, dead, oldest_due: oldestDue, failing } = row!
  const all = live <= MAX_LOOKED_AT
  const count = (n: number, isExact = n <= MAX_LOOKED_AT): Count => ({
    count: Math.min(n, MAX_LOOKED_AT),
    isExact,
  })
  return {
    pending: count(pending, all),
    // In the order of their time: where one is not due, none behind it is.
    due: count(due, all || due < pending),
    running: count(running),
    waiting: count(waiting),
    dead: count(dead),
    oldestDue,
    failing: failing.map(({ next_at: nextAt, ...rest }) => ({ ...rest, nextAt })),
  }
}

async function look(context: Context, query: EffectQuery): Promise<readonly Row[]> {
  const { db } = context
  const { tenant, state, after, limit, kind = null, receiver = null } = query
  const rowLimit = limit + 1
  // A receiver's name stands in the row, not in the index.
  const lookLimit = receiver === null ? MAX_LOOKED_AT : MAX_LOOKED_AT / 2
  switch (state) {
    case 'pending':
    case 'waiting':
      return await db.query<Row>(sql('list-live-effects'), [
        tenant,
        state,
        after?.time ?? '-infinity',
        after?.id ?? FIRST_ID,
        lookLimit,
        rowLimit,
        kind,
        receiver,
        query.dueAfter ?? null,
        query.dueBefore ?? null,
      ])
    case 'running':
      return await db.query<Row>(sql('list-running-effects'), [
        tenant,
        after?.id ?? FIRST_ID,
        rowLimit,
        kind,
        receiver,
      ])
    case 'dead':
      return await db.query<Row>(sql('list-dead-effects'), [
        tenant,
        after?.time ?? 'infinity',
        after?.id ?? LAST_ID,
        lookLimit,
        rowLimit,
        kind,
        receiver,
      ])
    default:
      return await db.query<Row>(sql('list-ended-effects'), [
        tenant,
        state,
        after?.id ?? LAST_ID,
        MAX_LOOKED_AT,
        rowLimit,
        kind,
        receiver,
      ])
  }
}

/**
 * What ended is looked for among all tenants', so the last one that was looked at may be another's: its id is not given away. The
 * next page begins at the end of what shares its time and shard, and what of that was found here is left to it.
 */
function stoppedAt(page: readonly Row[], stop: Row, query: EffectQuery): EffectList {
  const position = placeOf(stop)
  const shared = stop.id.slice(0, SHARED)
  const id = `${shared}${LAST_ID.slice(SHARED)}`
  // Where all of it shares them, there would be no end.
  const isKnown = position.time !== null || id >= (query.after?.id ?? LAST_ID)
  if (isKnown) return list(page, position, Number(stop.n))
  const before = page.filter(row => !row.id.startsWith(shared))
  return list(before, { id, time: null }, Number(stop.n))
}

function list(
  page: readonly Row[],
  next: CursorPosition | null,
  stoppedAfter: number | null = null,
): EffectList {
  return { effects: page.map(listedEffect), next: next === null ? null : cursorOf(next), stoppedAfter }
}

function placeOf(row: Row): CursorPosition {
  return { id: row.id, time: row.due ?? row.ended ?? null }
}

function listedEffect(row: Row): ListedEffect {
  return {
    id: row.id,
    eventId: row.event_id,
    kind: row.kind,
    title: row.title,
    state: row.state,
    receiver: receiverOf(row),
    dueAt: row.due_shown,
    startedAt: row.started_at ?? null,
    at: row.at ?? null,
    attempt: row.attempt,
    error: row.error,
  }
}

/** The receiver is what its lane is about; a mail that has none goes to the domain of its address. An agent is no receiver. */
export function receiverOf(effect: Pick<Row, 'tenant' | 'kind' | 'lane' | 'data'>): string | null {
  const lane = effect.lane.slice(effect.tenant.length + effect.kind.length + 2)
  if (lane !== '') return isGuid(lane) ? null : lane
  const { to } = effect.data
  const address = typeof to === 'object' && to !== null && 'address' in to ? to.address : to
  if (typeof address !== 'string' || !address.includes('@')) return null
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}
