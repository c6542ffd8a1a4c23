// The present state of an effect, read from whichever table has it.

import type { Ending, Link } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'

export type EffectState = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly data: JsonObject
  readonly state: 'pending' | 'running' | 'ended'
  readonly ending: Ending | null
  /** The cancellation that prevented it or asked it to stop. */
  readonly cancellationId: string | null
  readonly dueAt: Date
  /** When it ended, on the tenant's clock. */
  readonly at: Date | null
  readonly attempt: number
  readonly error: string | null
  readonly evidence: JsonObject | null
  readonly next: readonly string[]
  readonly link: Link
  /** `replaces`: the dead effect whose place this one took. `replacedBy`: the effect that took the place of this one. */
  readonly replaces: string | null
  readonly replacedBy: string | null
}

export type EffectStateRow = {
  id: string
  kind: string
  title: string
  data: JsonObject
  due_at: Date
  next: string[] | null
  keep: boolean
  state: 'pending' | 'running' | 'waiting' | 'ended'
  ending: Ending | null
  at: Date | null
  error: string | null
  evidence: JsonObject | null
  cancellation_id: string | null
  attempt: number
  replaced_by: string | null
}

export function effectState(row: EffectStateRow): EffectState {
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    data: row.data,
    state: row.state === 'waiting' ? 'running' : row.state,
    ending: row.ending,
    cancellationId: row.cancellation_id,
    dueAt: row.due_at,
    at: row.at,
    attempt: row.attempt,
    error: row.error,
    evidence: row.evidence,
    next: row.next ?? [],
    link: row.keep ? 'keep' : 'cancel',
    replaces: typeof row.data.replaces === 'string' ? row.data.replaces : null,
    replacedBy: row.replaced_by,
  }
}
