// One event with what hangs from it, page by page: its effects, its ancestors, its children.

import type { Link } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { type EffectState, type EffectStateRow, effectState } from './effect-state.ts'
import { receiverOf } from './list-effects.ts'

/** Steps of a path that are shown. Deeper trees are shown from below. */
export const LONGEST_PATH = 50

/** An event above or below another one. */
export type Relative = {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly data: JsonObject
  readonly app: string | null
  /** What the cancel of the one above means for the one below. */
  readonly link: Link
  readonly cancellationId: string | null
}

/** As a page of its event's effects shows it. */
export type PagedEffect = EffectState & {
  readonly receiver: string | null
  /** It waits for an answer from outside, and nobody runs it: what `state` calls running. */
  readonly isWaiting: boolean
}

/** What comes behind `after`, in the order of ids. */
export type IdPage = { readonly after: string; readonly limit: number }

type RelativeRow = {
  id: string
  link: Link
  kind: string
  title: string
  data: JsonObject
  app: string | null
  cancellation_id: string | null
}

/** Its parent first, then that one's, up to the root. */
export async function pathOf(context: Context, tenant: string, id: string): Promise<readonly Relative[]> {
  return (await context.db.query<RelativeRow>(sql('event-path'), [id, tenant, LONGEST_PATH])).map(relative)
}

export async function childrenOf(
  context: Context,
  tenant: string,
  id: string,
  { after, limit }: IdPage,
): Promise<readonly Relative[]> {
  const rows = await context.db.query<RelativeRow>(sql('event-children'), [id, tenant, after, limit])
  return rows.map(relative)
}

/** In the order in which they were declared. */
export async function effectsOf(
  context: Context,
  tenant: string,
  id: string,
  { after, limit }: IdPage,
): Promise<readonly PagedEffect[]> {
  type Row = EffectStateRow & { lane: string }
  const rows = await context.db.query<Row>(sql('read-effects-page'), [id, tenant, after, limit])
  return rows.map(row => ({
    ...effectState(row),
    receiver: receiverOf({ ...row, tenant }),
    isWaiting: row.state === 'waiting',
  }))
}

function relative({ cancellation_id: cancellationId, ...row }: RelativeRow): Relative {
  return { ...row, cancellationId }
}
