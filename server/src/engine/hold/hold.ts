// The hold keeps everything from starting. A restored server does not know what the world has seen since its
// backup, so it must not send anything to other systems before a person has checked. The hold is one row of
// engine.hold. Every start, rescue, sweep, closing of receipts and step of a sandbox clock reads it in its
// own statement, in every process.
//
//              restore, or `./standdown hold`                    release of a part: its rows are marked `released`,
//   no row  ------------------------------------>  on hold  -----------------------------------------+   or its tenant is named
//     ^                                            nothing is started                                v
//     |<------------- release of all ------------------+<----------------------------------------- partly on hold
//     +<------------- or nothing is left that it holds -----------------------------------------------+   what was released goes
//
// While on hold
//   - announcements, revises and cancels work as always; what they add (also the notices of a cancel) is on hold too.
//   - what a living process runs is let end. What it does not end is rescued, back to pending: on hold.
//   - what was running at the backup (`lost`) is nobody's: it is listed as in doubt. Once released, rescue ends it dead and in doubt, to be
//     tried again by hand; what touches no world (a wait) goes on.
//   - what had fallen due when the backup was restored may have happened since the backup: it is in doubt from then on, so a cancel does not
//     say *prevented* of it. What falls due later is prevented.
//   - a receipt that was open stays open; those of cancels that come while on hold are final in their time.
//   - what waits for an answer from outside (an offer on a screen) can be answered. What was answered since the backup nobody knows: a cancel
//     takes it off the screen and says *in doubt*.
//   - nothing is swept.

import type { Database, Queries } from '../../store/database.ts'
import { ALL_GATES, type Context } from '../context.ts'
import { sql } from '../statements.ts'

const MARKED_AT_ONCE = 5000
const FIRST = '00000000-0000-0000-0000-000000000000'

export type Hold = {
  readonly since: Date
  /** When the backup was made; null: put on hold by hand. */
  readonly backupAt: Date | null
  readonly placedBy: string
  readonly reason: string | null
  /** Something was released. */
  readonly partly: boolean
  /** Everything of the tenant that was asked for was released. */
  readonly tenantReleased: boolean
}

export type NewHold = {
  readonly by: string
  readonly reason: string | null
  /** A restore: what had fallen due since the backup may have happened, what waited may have been answered. Null: a pause, in which nothing becomes doubtful. */
  readonly restored: { readonly backupAt: Date | null } | null
  /** Takes the place of a hold that came with the backup. */
  readonly replace?: boolean
}

/**
 * Puts the whole database on hold, in the caller's transaction. When it has committed, every start that follows in any process sees it, and
 * none that did not is under way. False: it was on hold before, and nothing was changed.
 */
export async function placeHold(
  tx: Queries,
  { by, reason, restored, replace = false }: NewHold,
  clock: () => Date | null = () => null,
): Promise<boolean> {
  // Lock, then look: a start passes its gates before it reads the row.
  await tx.query(sql('open-gates'), [[], ALL_GATES])
  const placed = await tx.query(sql('hold-place'), [clock(), restored?.backupAt ?? null, by, reason, replace])
  if (placed.length === 0) return false
  if (restored !== null) await tx.query(sql('hold-mark-lost'), [clock()])
  await tx.query(sql('hold-forget-released'))
  if (restored !== null) await tx.query(sql('hold-doubt-overdue'), [clock()])
  if (restored !== null) await tx.query(sql('hold-doubt-waiting'))
  return true
}

/**
 * As {@link placeHold}, while a server runs. Much may be overdue, and while all gates are held nothing can be announced. So most effects are
 * marked before, in batches. One that is called off in between is already in doubt, which is correct.
 */
export async function placeHoldBeside(
  db: Pick<Database, 'query' | 'transaction'>,
  hold: NewHold,
  { clock = () => null, limit = MARKED_AT_ONCE }: { clock?: () => Date | null; limit?: number } = {},
): Promise<boolean> {
  if ((await readHold(db, '')) !== null) return false
  let [at, id] = ['-infinity', FIRST]
  while (hold.restored !== null) {
    const [last] = await db.query<{ at: string; id: string }>(sql('hold-doubt-batch'), [
      clock(),
      at,
      id,
      limit,
    ])
    if (last === undefined) break
    ;({ at, id } = last)
  }
  return await db.transaction('hold', tx => placeHold(tx, hold, clock))
}

export async function readHold(db: Queries, tenant: string): Promise<Hold | null> {
  type Row = {
    since: Date
    backup_at: Date | null
    placed_by: string
    reason: string | null
    partly: boolean
    tenant_released: boolean
  }
  const [row] = await db.query<Row>(sql('hold-read'), [tenant])
  if (!row) return null
  return {
    since: row.since,
    backupAt: row.backup_at,
    placedBy: row.placed_by,
    reason: row.reason,
    partly: row.partly,
    tenantReleased: row.tenant_released,
  }
}

/**
 * How something that is on hold stands. `overdue`: it would start at once. `later`: it has not fallen due. `in_doubt`: it was running at the
 * backup. The others are only counted: `running` in a living process, `waiting` for an answer from outside, `stopping` for a cancel.
 */
export type Standing = 'overdue' | 'in_doubt' | 'later'
export type CountedStanding = Standing | 'running' | 'waiting' | 'stopping'

export type HoldFilter = {
  readonly kind?: string
  readonly eventId?: string
  /** On the tenant's clock. */
  readonly dueFrom?: Date
  readonly dueBefore?: Date
  readonly standing?: readonly Standing[]
}

export type HeldItem = {
  readonly id: string
  readonly eventId: string | null
  readonly eventTitle: string | null
  readonly eventKind: string | null
  readonly key: string | null
  readonly noticeOf: string | null
  readonly kind: string
  readonly title: string
  readonly dueAt: Date
  readonly standing: Standing
  /** An attempt before, or the world since the backup, may have seen it. */
  readonly doubt: boolean
}

export type HoldCount = {
  readonly kind: string
  readonly standing: CountedStanding
  readonly count: number
  readonly events: number
}

/** What a tenant has on hold, counted. All nothing where it is not on hold. */
export async function countHeld(
  context: Context,
  tenant: string,
  filter: HoldFilter,
): Promise<readonly HoldCount[]> {
  return await context.db.query<HoldCount>(sql('hold-counts'), [
    context.clock(),
    tenant,
    ...filterValues(filter),
  ])
}

/** What a tenant has on hold, one by one, in the order of ids. */
export async function listHeld(
  context: Context,
  db: Queries,
  {
    tenant,
    filter,
    after,
    limit,
  }: { tenant: string; filter: HoldFilter; after: string | null; limit: number },
): Promise<readonly HeldItem[]> {
  type Row = {
    id: string
    event_id: string | null
    event_title: string | null
    event_kind: string | null
    key: string | null
    notice_of: string | null
    kind: string
    title: string
    due_shown: Date
    standing: Standing
    doubt: boolean
    state: 'pending' | 'running'
  }
  const rows = await db.query<Row>(sql('hold-items'), [
    context.clock(),
    tenant,
    ...filterValues(filter),
    filter.standing ?? null,
    after ?? FIRST,
    limit,
  ])
  return rows.map(row => ({
    id: row.id,
    eventId: row.event_id,
    eventTitle: row.event_title,
    eventKind: row.event_kind,
    key: row.key,
    noticeOf: row.notice_of,
    kind: row.kind,
    title: row.title,
    dueAt: row.due_shown,
    standing: row.standing,
    doubt: row.doubt || row.standing === 'in_doubt',
  }))
}

function filterValues({ kind, eventId, dueFrom, dueBefore }: HoldFilter): unknown[] {
  return [kind ?? null, eventId ?? null, dueFrom ?? null, dueBefore ?? null]
}
