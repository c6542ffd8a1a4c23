// Dead effects are listed, retried by hand (one or many), or replaced by a changed effect. The event is
// locked each time, and under an event that was called off an effect must never be retried or replaced. A
// retried effect keeps its id and its doubt and begins a new retry plan. A replaced one stays as it is and
// cannot be retried any more.

import type { NewEffect } from '../../core/effects/effect.ts'
import { isGuid } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { lockParents } from '../announce/announce.ts'
import { insertEffects } from '../announce/insert-effects.ts'
import type { Context } from '../context.ts'
import { tenantNow } from '../sandbox-clock/sandbox-clock.ts'
import { sql } from '../statements.ts'

export type DeadEffect = {
  readonly id: string
  readonly event_id: string | null
  readonly kind: string
  readonly title: string
  readonly at: Date
  readonly error: string | null
  readonly attempt: number
}

/** Newest first, without what was replaced. */
export async function readDead(
  context: Context,
  tenant: string,
  limit: number,
): Promise<readonly DeadEffect[]> {
  return await context.db.query<DeadEffect>(sql('read-dead'), [tenant, limit])
}

export type Retried = 'retried' | 'not_dead' | 'unknown' | 'cancelled'

export async function retryDead(context: Context, tenant: string, effectId: string): Promise<Retried> {
  if (!isGuid(effectId)) return 'unknown'
  return await context.db.transaction('retry', async tx => {
    const [effect] = await readEffect(tx, tenant, effectId)
    if (!effect) return 'unknown'
    if (effect.event_id !== null) {
      const event = (await lockParents(tx, [effect.event_id], { tenants: [tenant] })).get(effect.event_id)
      // Swept this very moment.
      if (!event) return 'unknown'
      if (event.cancellation_id !== null) return 'cancelled'
    }
    const revived = await revive(context, tx, tenant, [effectId])
    return revived === 0 ? 'not_dead' : 'retried'
  })
}

/** Which dead effects: all that fit everything that is said. */
export type DeadFilter = {
  readonly kinds?: readonly string[]
  /** Host, or host and port, of a webhook; address, or its domain, of a mail. Lower case. */
  readonly receiver?: string
  readonly eventId?: string
  /** On the tenant's clock. */
  readonly diedAfter?: Date
  readonly diedBefore?: Date
  /** How its error begins. */
  readonly error?: string
}

/** Where a batch goes on: behind what died at that time. What dies after the first batch began is left alone. */
export type DeadCursor = { readonly at: string; readonly id: string; readonly until: string }

export type RetriedSome = {
  readonly retried: number
  /** Their events were called off: they stay as they are. */
  readonly calledOff: number
  /** Somebody was at their events just then: for another time. */
  readonly busy: number
  /** How many of those that fit are still to be looked at; at most {@link MAX_COUNTED}. */
  readonly remaining: number
  /** Null: there are no more. */
  readonly next: DeadCursor | null
}

export const MAX_COUNTED = 10_000

/** One batch, oldest first. */
export async function retrySome(
  context: Context,
  tenant: string,
  filter: DeadFilter,
  { limit, after }: { readonly limit: number; readonly after: DeadCursor | null },
): Promise<RetriedSome> {
  const until = after?.until ?? (await tenantNow(context, tenant)).toISOString()
  const { kinds = null, receiver = null, eventId = null, diedAfter = null, diedBefore = null } = filter
  return await context.db.transaction('retry-some', async tx => {
    const found = await tx.query<FoundDead>(sql('find-dead'), [
      tenant,
      kinds,
      receiver,
      eventId,
      diedAfter,
      diedBefore,
      filter.error ?? null,
      after?.at ?? '-infinity',
      after?.id ?? '00000000-0000-0000-0000-000000000000',
      until,
      limit,
      MAX_COUNTED,
    ])
    const last = found.at(-1)
    if (last === undefined) return { retried: 0, calledOff: 0, busy: 0, remaining: 0, next: null }
    const events = found.flatMap(row => row.event_id ?? [])
    const parents = await lockParents(tx, events, { wait: 'skip', tenants: [tenant] })
    const live = found.filter(
      row => row.event_id === null || parents.get(row.event_id)?.cancellation_id === null,
    )
    const busy = found.filter(row => row.event_id !== null && !parents.has(row.event_id)).length
    const retried = await revive(
      context,
      tx,
      tenant,
      live.map(row => row.id),
    )
    const remaining = Number(last.matching) - found.length
    return {
      retried,
      calledOff: found.length - live.length - busy,
      busy: busy + live.length - retried,
      remaining,
      next: remaining > 0 ? { at: last.at, id: last.id, until } : null,
    }
  })
}

export type Replacement = {
  readonly tenant: string
  readonly effectId: string
  /** What is announced instead; `was`: the data of the old one. Null: this may not replace it. */
  readonly effect: (was: { readonly kind: string; readonly data: JsonObject }) => NewEffect | null
}

export type Replaced =
  | { readonly is: 'replaced'; readonly effectId: string; readonly eventId: string }
  | { readonly is: 'replaced_before'; readonly effectId: string }
  | { readonly is: 'cancelled'; readonly eventId: string; readonly cancellationId: string }
  /** A notice belongs to a cancellation, and another kind does another thing. */
  | { readonly is: 'unknown' | 'not_dead' | 'notice' | 'other_kind' }

/** Announces a changed effect in the place of a dead one, under the same event. It names the old one, which stays as it is. */
export async function replaceDead(context: Context, tx: Tx, replacement: Replacement): Promise<Replaced> {
  const { tenant, effectId } = replacement
  if (!isGuid(effectId)) return { is: 'unknown' }
  const [old] = await readEffect(tx, tenant, effectId)
  if (!old) return { is: 'unknown' }
  if (old.event_id === null) return { is: 'notice' }
  const event = (await lockParents(tx, [old.event_id], { tenants: [tenant] })).get(old.event_id)
  if (!event) return { is: 'unknown' }
  if (event.cancellation_id !== null)
    return { is: 'cancelled', eventId: old.event_id, cancellationId: event.cancellation_id }
  // Now it is locked: what it is may have changed while this waited.
  const [now] = await readEffect(tx, tenant, effectId)
  if (now?.replaced_by) return { is: 'replaced_before', effectId: now.replaced_by }
  if (now?.ending !== 'dead') return { is: 'not_dead' }
  const changed = replacement.effect({ kind: now.kind, data: now.data })
  if (changed === null) return { is: 'other_kind' }
  const effect: NewEffect = {
    ...changed,
    link: changed.link ?? (now.keep ? 'keep' : 'cancel'),
    data: { ...changed.data, replaces: effectId },
  }
  const under = { eventId: old.event_id, eventKind: event.kind }
  const [newId] = insertEffects(context, tx, [{ effect, tenant, under }])
  const marked = await tx.query(sql('mark-replaced'), [effectId, tenant, newId])
  // Two replacements at once: one of them has waited for this row, and comes second.
  if (marked.length === 0) throw new ReplacedMeanwhile(effectId)
  return { is: 'replaced', effectId: newId as string, eventId: old.event_id }
}

/** Two replaced or retried one dead effect at the same moment; this one came second and has done nothing. */
export class ReplacedMeanwhile extends Error {
  override readonly name = 'ReplacedMeanwhile'
}

type FoundDead = { id: string; event_id: string | null; at: string; matching: string }

type EffectRow = {
  event_id: string | null
  ending: string | null
  kind: string
  keep: boolean
  data: JsonObject
  replaced_by: string | null
}

async function readEffect(tx: Tx, tenant: string, effectId: string): Promise<readonly EffectRow[]> {
  return await tx.query<EffectRow>(sql('read-effect'), [effectId, tenant])
}

async function revive(context: Context, tx: Tx, tenant: string, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0
  const revived = await tx.query(sql('revive'), [context.clock(), ids, tenant])
  if (revived.length > 0) tx.afterCommit(() => context.hints.due())
  return revived.length
}
