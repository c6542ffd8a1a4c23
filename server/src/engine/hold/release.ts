// The ways out of a hold (hold.ts): a part of what a tenant has, all of a tenant, or all. What nobody wants any more is called off
// with a receipt first, so that nothing vanishes unseen.

import type { Caller, CancelOutcome, CancelRequest } from '../../core/cancellation.ts'
import type { Tx } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { type HeldItem, type HoldFilter, listHeld } from './hold.ts'

/** What one call takes on. The caller goes on from `after`. */
const MOST_AT_ONCE = 1000
/** Cancels of one call under way at once: they are gathered, and others cancel too. */
const MOST_CANCELS = 100

export type Released = {
  readonly released: number
  /** Where to go on from; null: that was all. */
  readonly after: string | null
  /** Nothing is on hold any more, of any tenant. */
  readonly over: boolean
}

type Part = { readonly tenant: string; readonly filter: HoldFilter; readonly after: string | null }

/** Lets go of what a filter finds, at most so many at once. Null: it is not on hold. */
export async function releasePart(
  context: Context,
  part: Part,
  most = MOST_AT_ONCE,
): Promise<Released | null> {
  return await context.db.transaction('release', async tx => {
    if (!(await lockHold(tx, part.tenant))) return null
    const items = await listHeld(context, tx, { ...part, most })
    await releaseEffects(tx, part.tenant, items)
    await tx.query(sql('hold-partly'), [null])
    const over = (await tx.query(sql('hold-end-if-empty'))).length > 0
    tx.afterCommit(() => context.hints.due())
    return { released: items.length, after: nextPlace(items, most), over }
  })
}

/** Lets go of everything of a tenant, and of what it announces from now on. Null: it is not on hold. */
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
 * Calls off the events of what a filter finds: an event is called off as a whole, and its receipt says of each action *prevented* or
 * *in doubt*. A notice that was owed before the hold dies. What this owes the world itself (a cancellation mail) is on hold like
 * everything. Null: it is not on hold.
 */
export async function dropPart(
  context: Context,
  part: Part & { readonly by: Caller; readonly reason: string | null },
  cancel: (request: CancelRequest) => Promise<CancelOutcome>,
  most = MOST_AT_ONCE,
): Promise<Dropped | null> {
  const { tenant, by, reason } = part
  const looked = await context.db.transaction('release', async tx => {
    const hold = await lockHold(tx, tenant)
    if (!hold) return null
    const items = await listHeld(context, tx, { ...part, most })
    const owed = items.filter(item => item.noticeOf !== null)
    // What was running at the backup ends in doubt; what was not begun dies.
    await releaseEffects(
      tx,
      tenant,
      owed.filter(item => item.standing === 'in_doubt'),
    )
    const told = `not wanted any more: said by ${by.name} when a hold was released`.slice(0, 1000)
    const dead = await tx.query(sql('hold-drop-notices'), [
      context.clock(),
      tenant,
      owed.map(item => item.id),
      told,
      hold.sequence,
    ])
    return { items, notices: dead.length }
  })
  if (looked === null) return null
  const events = [...new Set(looked.items.flatMap(item => item.eventId ?? []))]
  const cancelled: CancelOutcome[] = []
  for (let from = 0; from < events.length; from += MOST_CANCELS) {
    const some = events.slice(from, from + MOST_CANCELS)
    const outcomes = some.map(eventId => cancel({ tenant, target: { eventId }, by, reason }))
    for (const outcome of await Promise.all(outcomes)) cancelled.push(outcome)
  }
  const over = (await context.db.query(sql('hold-end-if-empty'))).length > 0
  return { cancelled, notices: looked.notices, after: nextPlace(looked.items, most), over }
}

async function lockHold(tx: Tx, tenant: string): Promise<{ readonly sequence: number } | null> {
  const [hold] = await tx.query<{ tenant_released: boolean; sequence: number }>(sql('hold-lock'), [tenant])
  return hold === undefined || hold.tenant_released ? null : hold
}

async function releaseEffects(tx: Tx, tenant: string, items: readonly HeldItem[]): Promise<void> {
  if (items.length === 0) return
  await tx.query(sql('hold-release-effects'), [tenant, items.map(item => item.id)])
}

function nextPlace(items: readonly HeldItem[], most: number): string | null {
  return items.length < most ? null : (items.at(-1)?.id ?? null)
}
