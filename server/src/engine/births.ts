// Writes effects: the only place from which a pending row is born with an effect.

import type { NewEffect } from '../core/effect.ts'
import { shardOfId } from '../core/ids.ts'
import type { Tx } from '../store/database.ts'
import { arrayLiteral, columns } from './columns.ts'
import { type Context, newId, sql } from './context.ts'

export type Birth = {
  readonly effect: NewEffect
  readonly tenant: string
  /** Under an event that the caller has locked, or owed by a cancellation. */
  readonly under: { readonly eventId: string } | { readonly noticeOf: string }
}

/** Writes the effects as pending, with the transaction's next answer, and gives their ids. The caller has locked what they are born under. */
export function bearEffects(context: Context, tx: Tx, births: readonly Birth[]): readonly string[] {
  if (births.length === 0) return []
  const ids: string[] = []
  const rows = births.map(birth => {
    const owner = 'eventId' in birth.under ? birth.under.eventId : birth.under.noticeOf
    const shard = shardOfId(owner)
    const id = birth.effect.id ?? newId(context, shard)
    if (shardOfId(id) !== shard) throw new Error(`effect ${id} is not in the shard of ${owner}`)
    const carrier = context.carriers.get(birth.effect.kind)
    if (!carrier) throw new Error(`no carrier for effects of kind ${birth.effect.kind}`)
    ids.push(id)
    return { birth, id, shard, maxAttempts: birth.effect.maxAttempts ?? carrier.maxAttempts }
  })
  tx.send(sql('insert-effects'), [
    context.clock(),
    ...columns(rows, 14, ({ birth: { effect, tenant, under }, id, shard, maxAttempts }) => [
      shard,
      id,
      tenant,
      'eventId' in under ? under.eventId : null,
      'noticeOf' in under ? under.noticeOf : null,
      effect.kind,
      effect.title,
      effect.lane ?? '',
      'at' in effect.due ? effect.due.at : null,
      'afterMs' in effect.due ? effect.due.afterMs : null,
      maxAttempts,
      effect.link ?? 'cancel',
      arrayLiteral(effect.next ?? []),
      JSON.stringify(effect.data),
    ]),
  ])
  tx.afterCommit(() => context.hints.due())
  return ids
}
