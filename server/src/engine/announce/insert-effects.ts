// Writes new effects: the only place where a pending row is made.

import type { NewEffect } from '../../core/effects/effect.ts'
import { shardOfId } from '../../core/ids.ts'
import type { Tx } from '../../store/database.ts'
import { arrayLiteral, columns } from '../columns.ts'
import { type Context, newId, touchesWorld } from '../context.ts'
import { sql } from '../statements.ts'

export type NewEffectRow = {
  readonly effect: NewEffect
  readonly tenant: string
  /** The event that the effect was announced under, which the caller has locked; for a notice its cancellation. */
  readonly under: { readonly eventId: string; readonly eventKind: string } | { readonly noticeOf: string }
}

/**
 * Writes the effects as pending, with the transaction's next statement, and gives their ids. The caller has locked what
 * they belong to, and their tenants (see lockTenants).
 */
export function insertEffects(context: Context, tx: Tx, rows: readonly NewEffectRow[]): readonly string[] {
  if (rows.length === 0) return []
  const ids = idsFor(context, rows)
  const placed = rows.map((row, i) => ({ ...row, id: ids[i] as string }))
  tx.send(sql('insert-effects'), [
    context.clock(),
    ...columns(placed, 17, ({ effect, tenant, under, id }) => {
      const carrier = context.carriers.get(effect.kind)
      if (!carrier) throw new Error(`effect ${id}: no carrier for kind ${effect.kind}`)
      return [
        shardOfId(id),
        id,
        'eventId' in under ? under.eventId : null,
        'noticeOf' in under ? under.noticeOf : null,
        'at' in effect.due ? effect.due.at : null,
        'afterMs' in effect.due ? effect.due.afterMs : null,
        effect.maxAttempts ?? carrier.maxAttempts,
        effect.link === 'keep',
        touchesWorld(context, effect.kind),
        tenant,
        effect.kind,
        'eventId' in under ? under.eventKind : null,
        `${tenant} ${effect.kind} ${effect.lane ?? ''}`,
        effect.title,
        effect.next && effect.next.length > 0 ? arrayLiteral(effect.next) : null,
        JSON.stringify(effect.data),
        effect.retry === undefined ? null : JSON.stringify(effect.retry),
      ]
    }),
  ])
  tx.afterCommit(() => context.hints.due())
  return ids
}

/** Ids sort in the order in which the effects were declared: an event's effects are listed by their ids. */
function idsFor(context: Context, rows: readonly NewEffectRow[]): readonly string[] {
  const belongingTo = rows.map(({ under }) => ('eventId' in under ? under.eventId : under.noticeOf))
  const made = new Map<string, string[]>()
  for (const [i, { effect }] of rows.entries()) {
    if (effect.id !== undefined) continue
    const belongsTo = belongingTo[i] as string
    const list = made.get(belongsTo)
    const id = newId(context, shardOfId(belongsTo))
    if (list) list.push(id)
    else made.set(belongsTo, [id])
  }
  for (const list of made.values()) if (list.length > 1) list.sort().reverse()
  return rows.map(({ effect }, i) => {
    const belongsTo = belongingTo[i] as string
    const id = effect.id ?? (made.get(belongsTo)?.pop() as string)
    if (shardOfId(id) !== shardOfId(belongsTo))
      throw new Error(`effect ${id} is not in the shard of ${belongsTo}`)
    return id
  })
}
