// The notices of a cancellation: what must be sent because something was called off.

import type { CancelRequest } from '../../core/cancellation.ts'
import type { NewEffect } from '../../core/effects/effect.ts'
import type { Tx } from '../../store/database.ts'
import { insertEffects, type NewEffectRow } from '../announce/insert-effects.ts'
import type { Context } from '../context.ts'
import type { CancelledEffect, CancelledEvent } from '../domain.ts'
import { tenantTimes } from '../sandbox-clock/sandbox-clock.ts'
import { sql } from '../statements.ts'
import type { MarkedEffect, MarkedTree } from './cancel-tree.ts'
import { storedEvent } from './event-row.ts'

/**
 * Asks the domains and carriers which notices must be sent, and writes them as effects of the cancellations (I3). Returns the cancellations
 * that have any.
 */
export async function writeNotices(
  context: Context,
  tx: Tx,
  tree: MarkedTree,
  requests: ReadonlyMap<string, CancelRequest>,
): Promise<ReadonlySet<string>> {
  const notices: NewEffectRow[] = []
  const add = (effect: NewEffect, tenant: string, cancellationId: string) =>
    notices.push({ effect, tenant, under: { noticeOf: cancellationId } })

  for (const effect of tree.effects) {
    if (effect.outcome !== 'stopping') continue
    const notice = context.carriers.get(effect.row.kind)?.withdraw?.(effect.row)
    if (notice) add(notice, effect.row.tenant, effect.cancellationId)
  }
  const effectsOf = Map.groupBy(tree.effects, effect => effect.row.event_id)
  // The notices of what an earlier cancel called off were written by that cancel.
  const events = tree.events.filter(e => e.row.cancellation_id === null)
  for (const [kind, domain] of context.domains) {
    if (!domain.cancelled) continue
    const mine = events.filter(e => e.row.kind === kind)
    if (mine.length === 0) continue
    const times = await tenantTimes(
      context,
      tx,
      mine.map(e => e.row.tenant),
    )
    const following = await domain.cancelled(
      tx,
      mine.map(
        ({ row, cancellationId, isTarget }): CancelledEvent => ({
          event: storedEvent(row),
          cancellationId,
          request: requests.get(cancellationId) as CancelRequest,
          at: times.get(row.tenant) as Date,
          isTarget,
          effects: (effectsOf.get(row.id) ?? []).map(cancelledEffect),
        }),
      ),
    )
    for (const { row, cancellationId } of mine) {
      for (const effect of following.get(row.id) ?? []) add(effect, row.tenant, cancellationId)
    }
  }
  insertEffects(context, tx, notices)
  await lookAgainAtStopping(tx, tree)
  return new Set(notices.flatMap(({ under }) => ('noticeOf' in under ? [under.noticeOf] : [])))
}

export function cancelledEffect(e: MarkedEffect): CancelledEffect {
  return {
    id: e.row.id,
    eventId: e.row.event_id,
    kind: e.row.kind,
    title: e.row.title,
    data: e.row.data,
    outcome: e.outcome,
  }
}

/** A domain may have ended a stopping effect within the same transaction, as an offer that is withdrawn. */
export async function lookAgainAtStopping(tx: Tx, tree: MarkedTree): Promise<void> {
  const stopping = tree.effects.filter(e => e.outcome === 'stopping')
  if (stopping.length === 0) return
  type State = { id: string; ending: MarkedEffect['ending'] }
  const states = await tx.query<State>(sql('states-of-effects'), [stopping.map(e => e.row.id)])
  const by = new Map(states.map(state => [state.id, state]))
  for (const effect of stopping) {
    const ending = by.get(effect.row.id)?.ending
    if (ending === 'stopped' || ending === 'too_late' || ending === 'in_doubt') effect.outcome = ending
  }
}
