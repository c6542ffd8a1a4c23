// The heart of a cancel: lock the events, then look, until a look finds nothing new; then mark every effect that has not
// ended. READ COMMITTED: each look is a statement of its own, younger than the locks it relies on.
//
//   lock events in id order -> find children -> any new? lock those too, look again
//   effects of the locked events: complete, since a birth needs the event's lock
//   pending  -> deleted: prevented           (1st statement; waits for a start that holds the row)
//   running  -> marked: asked to stop        (2nd statement; sees what such a start has started)
//   the rest -> had ended before             (3rd statement; sees what has settled meanwhile)

import type { Outcome } from '../core/cancellation.ts'
import type { Ending, Link } from '../core/effect.ts'
import type { StoredEvent } from '../core/event.ts'
import { shardOfId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Tx } from '../store/database.ts'
import { columns } from './columns.ts'
import { type Context, isAskable, sql } from './context.ts'

export type EventRow = {
  shard: number
  id: string
  tenant: string
  kind: string
  key: string | null
  entity: string
  parent_id: string | null
  link: Link
  root_id: string
  title: string
  data: JsonObject
  correlation_id: string | null
  created_at: Date
  cancellation_id: string | null
}

export type EffectRow = {
  shard: number
  id: string
  event_id: string
  tenant: string
  kind: string
  title: string
  data: JsonObject
  link: Link
  next: string[]
}

/** One effect and what became of it under which of the batch's cancellations. */
export type MarkedEffect = {
  readonly row: EffectRow
  readonly cancellationId: string
  outcome: Outcome
  ending: Ending | null
  at: Date | null
  evidence: JsonObject | null
  earlier: string | null
  /** The worker that runs it, while stopping; null when nobody does and it waits. */
  worker: string | null
}

export type MarkedTree = {
  /** Locked events by the cancellation that takes them, parents before children. */
  readonly events: readonly {
    readonly row: EventRow
    readonly cancellationId: string
    readonly asked: boolean
  }[]
  readonly effects: readonly MarkedEffect[]
}

/** More than may be marked in one transaction: the caller opens the cancellation instead. */
export class TooMuchAtOnce extends Error {
  override readonly name = 'TooMuchAtOnce'
}

/** Two cancellations of a batch reach the same event: they go one after the other. */
export class TreesMeet extends Error {
  override readonly name = 'TreesMeet'
}

/** What a cancellation of the batch asks for: the events found so far, not yet locked. */
export type Aim = { readonly cancellationId: string; readonly eventIds: readonly string[] }

/** A tree that is locked and looked at, and what of it is left alone: kept, or for an open cancellation to mark. */
export type Tree = MarkedTree & {
  readonly kept: (row: EffectRow) => boolean
  readonly covered: ReadonlyMap<string, string>
}

/** `held`: locked before. `anyOpen`: there are open cancellations, and what they cover is theirs to mark. Writes nothing. */
export async function findTree(
  tx: Tx,
  aims: readonly Aim[],
  {
    most,
    anyOpen,
    held,
  }: { readonly most: number; readonly anyOpen: boolean; readonly held: ReadonlyMap<string, EventRow> },
): Promise<Tree> {
  const owner = new Map<string, { cancellationId: string; asked: boolean }>()
  for (const aim of aims) {
    for (const id of aim.eventIds) {
      const other = owner.get(id)
      if (other && other.cancellationId !== aim.cancellationId) throw new TreesMeet()
      owner.set(id, { cancellationId: aim.cancellationId, asked: true })
    }
  }
  const locked = new Map<string, EventRow>()
  const keptEvents = new Map<string, string>()
  const found: EffectRow[] = []
  let fresh = [...owner.keys()]
  while (fresh.length > 0) {
    for (const id of fresh) {
      const row = held.get(id)
      if (row) locked.set(id, row)
    }
    const free = fresh.filter(id => !held.has(id))
    // Look again at the children of everything that is locked now: one may have been born while we waited.
    const [rows, children, effects] = await Promise.all([
      free.length === 0 ? [] : tx.query<EventRow>(sql('lock-events'), [free.map(shardOfId), free]),
      findChildren(tx, [...locked.keys(), ...free], most + 1),
      findEffects(tx, fresh, most),
    ])
    for (const row of rows) locked.set(row.id, row)
    found.push(...effects)
    if (children.length > most) throw new TooMuchAtOnce(`more than ${most} events`)
    fresh = []
    for (const child of children) {
      const parent = owner.get(child.parent_id)
      if (!parent) continue
      if ((owner.get(child.id) ?? parent).cancellationId !== parent.cancellationId) throw new TreesMeet()
      if (locked.has(child.id) || keptEvents.has(child.id)) continue
      if (child.link === 'keep') keptEvents.set(child.id, parent.cancellationId)
      else if (!owner.has(child.id)) {
        owner.set(child.id, { cancellationId: parent.cancellationId, asked: false })
        fresh.push(child.id)
      }
    }
  }
  await descendKept(tx, keptEvents, owner, most)

  const eventIds = [...locked.keys(), ...keptEvents.keys()]
  if (eventIds.length > most) throw new TooMuchAtOnce(`more than ${most} events`)
  if (keptEvents.size > 0) found.push(...(await findEffects(tx, [...keptEvents.keys()], most)))
  if (found.length > most) throw new TooMuchAtOnce(`more than ${most} effects`)
  const covered = anyOpen ? await findCovered(tx, eventIds) : new Map<string, string>()
  return {
    events: [...locked.values()]
      .filter(row => !covered.has(row.id))
      .map(row => ({ row, ...ownerOf(owner, row.id) })),
    effects: found.map(row =>
      unmarked(row, owner.get(row.event_id)?.cancellationId ?? (keptEvents.get(row.event_id) as string)),
    ),
    kept: row => row.link === 'keep' || keptEvents.has(row.event_id) || covered.has(row.event_id),
    covered,
  }
}

/** Marks every effect of the tree that has not ended. */
export async function markTree(context: Context, tx: Tx, tree: Tree): Promise<void> {
  const { effects, kept, covered } = tree
  await markEffects(context, tx, effects, kept)
  // Acknowledged before this one, and marked behind it: that one's receipt will say how it went.
  for (const effect of effects) {
    const earlier = covered.get(effect.row.event_id)
    if (earlier === undefined || effect.row.link === 'keep' || effect.outcome !== 'kept') continue
    effect.outcome = 'already_cancelled'
    effect.earlier = earlier
  }
}

async function findEffects(tx: Tx, eventIds: readonly string[], most: number): Promise<readonly EffectRow[]> {
  const rows = await tx.query<EffectRow>(sql('effects-of-events'), [
    eventIds.map(shardOfId),
    eventIds,
    most + 1,
  ])
  if (rows.length > most) throw new TooMuchAtOnce(`more than ${most} effects`)
  return rows
}

/** Which of these events an open cancellation covers, and which one. */
export async function findCovered(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; cancellation_id: string }>(sql('covered-events'), [
    ids.map(shardOfId),
    ids,
  ])
  return new Map(rows.map(row => [row.id, row.cancellation_id]))
}

function ownerOf(owner: Map<string, { cancellationId: string; asked: boolean }>, id: string) {
  const { cancellationId, asked } = owner.get(id) as { cancellationId: string; asked: boolean }
  return { cancellationId, asked }
}

/** An effect that nothing has been decided on: kept, until {@link markEffects} says otherwise. */
export function unmarked(row: EffectRow, cancellationId: string): MarkedEffect {
  return {
    row,
    cancellationId,
    outcome: 'kept',
    ending: null,
    at: null,
    evidence: null,
    earlier: null,
    worker: null,
  }
}

/** Gives every effect its outcome; `kept` ones are only looked at. Three statements, in this order (see above). */
export async function markEffects(
  context: Context,
  tx: Tx,
  effects: readonly MarkedEffect[],
  kept: (row: EffectRow) => boolean,
): Promise<void> {
  const mine = effects.filter(effect => !kept(effect.row)).toSorted((a, b) => (a.row.id < b.row.id ? -1 : 1))
  const byId = new Map(effects.map(effect => [effect.row.id, effect]))
  if (mine.length > 0) {
    const prevented = await tx.query<{ effect_id: string; outcome: Outcome }>(sql('prevent-pending'), [
      context.clock(),
      ...columns(mine, 4, e => [e.row.shard, e.row.id, e.cancellationId, isAskable(context, e.row.kind)]),
    ])
    for (const { effect_id, outcome } of prevented) (byId.get(effect_id) as MarkedEffect).outcome = outcome
    const left = mine.filter(e => e.outcome === 'kept')
    if (left.length > 0) {
      const asked = await tx.query<{ effect_id: string; worker: string | null }>(
        sql('ask-running'),
        columns(left, 3, e => [e.row.shard, e.row.id, e.cancellationId]),
      )
      for (const { effect_id, worker } of asked) {
        const effect = byId.get(effect_id) as MarkedEffect
        effect.outcome = 'stopping'
        effect.worker = worker
      }
    }
  }
  const rest = effects.filter(e => e.outcome === 'kept')
  if (rest.length === 0) return
  type State = {
    effect_id: string
    ending: Ending | null
    at: Date | null
    ended_by: string | null
    asked_by: string | null
    evidence: JsonObject | null
    error: string | null
  }
  const states = await tx.query<State>(sql('states-of-effects'), [
    rest.map(e => e.row.shard),
    rest.map(e => e.row.id),
  ])
  for (const state of states) {
    const effect = byId.get(state.effect_id) as MarkedEffect
    const earlier = state.ended_by ?? state.asked_by
    effect.ending = state.ending
    effect.at = state.at
    effect.evidence = state.evidence ?? (state.error === null ? null : { error: state.error })
    if (earlier !== null) {
      effect.outcome = 'already_cancelled'
      effect.earlier = earlier
    } else if (state.ending !== null) effect.outcome = 'done'
  }
}

/**
 * Locks several targets with everything below them that their cancel takes along, as it stands now, in one statement and in
 * id order: two batches that cross then do not wait for each other in a circle. What is born meanwhile is found by the
 * looks of {@link findTree}. Resolves when the lock is asked for, `held` when it is had.
 */
export async function lockTrees(
  tx: Tx,
  targets: readonly string[],
  most: number,
): Promise<{ readonly held: Promise<ReadonlyMap<string, EventRow>> }> {
  const all = new Set(targets)
  let level = [...all]
  while (level.length > 0) {
    const children = await findChildren(tx, level, most + 1)
    if (children.length > most || all.size > most) throw new TooMuchAtOnce(`more than ${most} events`)
    level = children.flatMap(child => (child.link === 'keep' || all.has(child.id) ? [] : [child.id]))
    for (const id of level) all.add(id)
  }
  const ids = [...all]
  const locked = tx.query<EventRow>(sql('lock-events'), [ids.map(shardOfId), ids])
  return { held: locked.then(rows => new Map(rows.map(row => [row.id, row]))) }
}

async function findChildren(tx: Tx, parents: readonly string[], most: number) {
  return await tx.query<{ shard: number; id: string; parent_id: string; link: Link }>(sql('find-children'), [
    parents.map(shardOfId),
    parents,
    most,
  ])
}

/** Everything below a kept child is kept: listed, neither locked nor touched. */
async function descendKept(
  tx: Tx,
  kept: Map<string, string>,
  owner: ReadonlyMap<string, { readonly cancellationId: string }>,
  most: number,
): Promise<void> {
  let level = [...kept.keys()]
  while (level.length > 0) {
    const children = await findChildren(tx, level, most + 1)
    if (children.length > most) throw new TooMuchAtOnce(`more than ${most} events`)
    level = []
    for (const child of children) {
      const cancellationId = kept.get(child.parent_id) as string
      if ((owner.get(child.id)?.cancellationId ?? cancellationId) !== cancellationId) throw new TreesMeet()
      if (kept.has(child.id) || owner.has(child.id)) continue
      kept.set(child.id, cancellationId)
      level.push(child.id)
    }
  }
}

export function storedEvent(row: EventRow): StoredEvent {
  return {
    id: row.id,
    tenant: row.tenant,
    kind: row.kind,
    key: row.key,
    entity: row.entity,
    parentId: row.parent_id,
    rootId: row.root_id,
    title: row.title,
    data: row.data,
    correlationId: row.correlation_id,
    createdAt: row.created_at,
    cancellationId: row.cancellation_id,
  }
}
