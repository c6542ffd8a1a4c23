// Ends what nobody runs: an offer that its agent answers, a webhook whose withdrawal tells how it went. A cancel that came
// first wins: an answer is then 'gone'.

import type { Ending, Verdict } from '../core/effect.ts'
import { shardOfId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Tx } from '../store/database.ts'
import { columns } from './columns.ts'
import { type Context, sql } from './context.ts'

export type End = { readonly effectId: string; readonly verdict: Verdict | Resolution }

/** What a withdrawal learnt of the effect that it withdrew. */
export type Resolution = {
  readonly is: 'resolved'
  readonly outcome: 'stopped' | 'too_late'
  readonly evidence: JsonObject | null
}

/** One ending for an effect that nobody asked to stop, one for an effect that was; null: leave it alone. */
function endings(verdict: End['verdict']): {
  live: Ending | null
  asked: Ending | null
  error: string | null
} {
  switch (verdict.is) {
    case 'done':
      return { live: 'done', asked: null, error: null }
    case 'skipped':
      return { live: 'skipped', asked: null, error: null }
    case 'failed':
    case 'retry':
      return { live: 'dead', asked: null, error: verdict.error }
    case 'stopped':
      return { live: null, asked: 'stopped', error: null }
    case 'in_doubt':
      return { live: null, asked: 'in_doubt', error: null }
    case 'resolved':
      return { live: null, asked: verdict.outcome, error: null }
    case 'waiting':
      return { live: null, asked: null, error: null }
    default:
      return verdict satisfies never
  }
}

export async function end(
  context: Context,
  tx: Tx,
  ends: readonly End[],
): Promise<readonly ('ended' | 'gone')[]> {
  if (ends.length === 0) return []
  const rows = await tx.query<{ effect_id: string }>(sql('settle'), [
    context.clock(),
    null,
    ...columns(ends, 8, ({ effectId, verdict }) => {
      const { live, asked, error } = endings(verdict)
      const evidence = 'evidence' in verdict ? verdict.evidence : null
      return [
        shardOfId(effectId),
        effectId,
        null,
        live,
        asked,
        error,
        evidence ? JSON.stringify(evidence) : null,
        false,
      ]
    }),
  ])
  const ended = new Set(rows.map(row => row.effect_id))
  return ends.map(e => (ended.has(e.effectId) ? 'ended' : 'gone'))
}

/** As {@link end}, for withdrawals: what comes after the receipt was final is added to it as a note. */
export async function resolve(
  context: Context,
  tx: Tx,
  effectId: string,
  resolution: Resolution,
): Promise<void> {
  const [result] = await end(context, tx, [{ effectId, verdict: resolution }])
  if (result === 'ended') return
  await tx.query(sql('note-late'), [
    context.clock(),
    [shardOfId(effectId)],
    [effectId],
    [`The receiver answered after the receipt was final: ${resolution.outcome}`],
    [resolution.evidence === null ? null : JSON.stringify(resolution.evidence)],
  ])
}
