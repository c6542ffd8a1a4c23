// Start: the line that makes an effect "started". All gates first, then the guarded write, in statements of their own: the
// write sees every open cancellation that was acknowledged before it.
//
// A start needs a ticket, which is a row that it holds until its commit. When the answer to a start is lost, the process
// deletes its ticket, which waits for a start that is under way; one that reaches the database later starts nothing. Only
// then what was started unheard is looked up, by its start id.

import type { StartedEffect } from '../../core/effects/effect.ts'
import { type RetryPlan, storedPlan } from '../../core/effects/retry-plan.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Database, Tx } from '../../store/database.ts'
import { ALL_GATES, type Context } from '../context.ts'
import { sql } from '../statements.ts'

export type StartedRow = {
  shard: number
  id: string
  tenant: string
  event_id: string | null
  notice_of: string | null
  kind: string
  event_kind: string | null
  title: string
  data: JsonObject
  due_shown: Date
  max_attempts: number
  keep: boolean
  touches_world: boolean
  attempt: number
  lane: string
  start_id: string
  /** What it was announced with; null: its kind's own plan. */
  retry_plan: string | null
  waited_ms: number
  /** Since it fell due; of a start that is made just now only. */
  late_ms?: number
}

/** A permission to start, and the lease under which what is started runs. */
export type Ticket = { readonly id: string; readonly worker: string }

/** The free slots of a process. */
export type Room = {
  /** Free slots by lane, 0 for a full one; a lane that is not named has all slots of its kind. */
  readonly lanes: ReadonlyMap<string, number>
  /** Free slots by tenant, 0 for one that has used up its share; a tenant that is not named has `share`. */
  readonly tenants: ReadonlyMap<string, number>
  readonly share: number
}

/** As the statements take it. */
export function leftText(left: ReadonlyMap<string, number>): string {
  return left.size === 0 ? '{}' : JSON.stringify(Object.fromEntries(left))
}

/**
 * Starts at most `limit` of what is due and for which there is room, under `startId`, which must never have been used before.
 * One implicit transaction, one round trip.
 */
export async function startDue(
  context: Context,
  db: Pick<Database, 'flush'>,
  { ticket, startId, limit, room }: { ticket: Ticket; startId: string; limit: number; room: Room },
): Promise<readonly StartedRow[]> {
  const kinds = [...context.carriers.keys()]
  const [, rows] = await db.flush('start', [
    { statement: sql('gates-shared'), values: [ALL_GATES] },
    {
      statement: sql('start'),
      values: [
        context.clock(),
        ticket.id,
        startId,
        ticket.worker,
        limit,
        leftText(room.lanes),
        kinds,
        JSON.stringify(Object.fromEntries(kinds.map(kind => [kind, context.carriers.get(kind)?.slots ?? 1]))),
        leftText(room.tenants),
        room.share,
      ],
    },
  ])
  return (rows as readonly StartedRow[]).toSorted((a, b) => a.due_shown.getTime() - b.due_shown.getTime())
}

/** What a start has begun whose answer was lost. From then on the old ticket starts nothing; `next` is the new one. */
export async function startedUnheard(
  tx: Tx,
  { startId, old, next }: { readonly startId: string; readonly old: Ticket; readonly next: Ticket },
): Promise<readonly StartedRow[]> {
  // First waits for a commit that is under way, then looks. The gates come first, as in a start.
  tx.send(sql('gates-shared'), [ALL_GATES])
  tx.send(sql('delete-ticket'), [old.id])
  tx.send(sql('insert-ticket'), [next.id, next.worker])
  return await tx.query<StartedRow>(sql('started-in-batch'), [startId])
}

/** By which plan it is tried again; undefined: its kind has none. */
export function retryOf(
  context: Pick<Context, 'carriers'>,
  row: Pick<StartedRow, 'kind' | 'retry_plan' | 'waited_ms'>,
): { readonly plan: RetryPlan; readonly waitedMs: number } | undefined {
  const own = context.carriers.get(row.kind)?.retryPlan
  return own && { plan: storedPlan(own, row.retry_plan), waitedMs: row.waited_ms }
}

export function startedEffect(row: Omit<StartedRow, 'shard' | 'lane'>): StartedEffect {
  return {
    id: row.id,
    tenant: row.tenant,
    eventId: row.event_id,
    noticeOf: row.notice_of,
    kind: row.kind,
    title: row.title,
    data: row.data,
    dueAt: row.due_shown,
    attempt: row.attempt,
    startId: row.start_id,
  }
}
