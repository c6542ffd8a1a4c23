// How a hold (hold.ts) ends: for a part of a tenant's effects, for a tenant, or for all. Effects that nobody wants any more are called off
// first, with a receipt, so that nothing disappears without a trace.

import type { Caller, CancelOutcome, CancelRequest } from '../../core/cancellation.ts'
import type { Tx } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { type HeldItem, type HoldFilter, listHeld } from './hold.ts'

/** What one call takes on. The caller goes on from `after`. */
const MAX_AT_ONCE = 1000
/** Cancels of one call under way at once: they are gathered, and others cancel too. */
const MAX_CANCELS = 100

export type Released = {
  readonly released: number
  /** Where to go on from; null: that was all. */
  readonly after: string | null
  /** Nothing is on hold any more, of any tenant. */
  readonly over: boolean
}

type Part = { readonly tenant: string; readonly filter: HoldFilter; readonly after: string | null }

/** Releases the effects that match a filter, at most `limit` at once. Null: it is not on hold. */
export async function releasePart(
  context: Context,
  part: Part,
  limit = MAX_AT_ONCE,
): Promise<Released | null> {
  return await context.db.transaction('release', async tx => {
    if (!(await lockHold(tx, part.tenant))) return null
    const items = await listHeld(context, tx, { ...part, limit })
    await releaseEffects(tx, part.tenant, items)
    await tx.query(sql('hold-partly'), [null])
    const over = (await tx.query(sql('hold-end-if-empty'))).length > 0
    tx.afterCommit(() => context.hints.due())
    return { released: items.length, after: nextPosition(items, limit), over }
  })
}

/** Releases everything of a tenant, also what it announces from now on. Null: it is not on hold. */
export async function releaseTenant(
  context: Context,
  tenant: string,
): Promise<{ readonly over: boolean } | null> {
  return await context.db.transaction('release', async tx => {
    if (!(await lockHold(tx, tenant))) return null
    await tx.query(sql('hold-partly'), [tenant])
    const over = (await tx.query(sql('hold-end-if-empty'))).length > 0
    tx.afterCommit(() => context.hints.due())
    return { over }
  })
}

/** Ends the hold for every tenant. False: there was none. */
export async function releaseAll(context: Context): Promise<boolean> {
  const ended = await context.db.query(sql('hold-end'))
  context.hints.due()
  return ended.length > 0
}

export type Dropped = {
  /** One for each event that was called off. */
  readonly cancelled: readonly CancelOutcome[]
  /** Notices that are not wanted any more. */
  readonly notices: number
  readonly after: string | null
  readonly over: boolean
}

/**
 * Calls off the events of the effects that match a filter. An event is called off as a whole; its receipt says *prevented* or *in doubt* of each
 * action. A notice from before the hold dies. Notices that follow from these cancels are on hold like everything. Null: it is not on hold.
 */
export async function dropPart(
  context: Context,
  part: Part & { readonly by: Caller; readonly reason: string | null },
  cancel: (request: CancelRequest) => Promise<CancelOutcome>,
  limit = MAX_AT_ONCE,
): Promise<Dropped | null> {
  const { tenant, by, reason } = part
  const looked = await context.db.transaction('release', async tx => {
    const hold = await lockHold(tx, tenant)
    if (!hold) return null
    const items = await listHeld(context, tx, { ...part, limit })
    const notices = items.filter(item => item.noticeOf !== null)
    // What was running at the backup ends in doubt; what was not begun dies.
    await releaseEffects(
      tx,
      tenant,
      notices.filter(item => item.standing === 'in_doubt'),
    )
    const error = `not wanted any more: said by ${by.name} when a hold was released`.slice(0, 1000)
    const dead = await tx.query(sql('hold-drop-notices'), [
      context.clock(),
      tenant,
      notices.map(item => item.id),
      error,
      hold.sequence,
    ])
    return { items, notices: dead.length }
  })
  if (looked === null) return null
  const events = [...new Set(looked.items.flatMap(item => item.eventId ?? []))]
  const cancelled: CancelOutcome[] = []
  for (let from = 0; from < events.length; from += MAX_CANCELS) {
    const some = events.slice(from, from + MAX_CANCELS)
    const outcomes = some.map(eventId => cancel({ tenant, target: { eventId }, by, reason }))
    for (const outcome of await Promise.all(outcomes)) cancelled.push(outcome)
  }
  const over = (await context.db.query(sql('hold-end-if-empty'))).length > 0
  return { cancelled, notices: looked.notices, after: nextPosition(looked.items, limit), over }
}

async function lockHold(tx: Tx, tenant: string): Promise<{ readonly sequence: number } | null> {
  const [hold] = await tx.query<{ tenant_released: boolean; sequence: number }>(sql('hold-lock'), [tenant])
  return hold === undefined || hold.tenant_released ? null : hold
}

async function releaseEffects(tx: Tx, tenant: string, items: readonly HeldItem[]): Promise<void> {
  if (items.length === 0) return
  await tx.query(sql('hold-release-effects'), [tenant, items.map(item => item.id)])
}

function nextPosition(items: readonly HeldItem[], limit: number): string | null {
  return items.length < limit ? null : (items.at(-1)?.id ?? null)
}
