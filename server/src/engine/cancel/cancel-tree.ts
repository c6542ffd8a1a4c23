// A cancel's tree: lock the events, then look, until a look finds nothing new; then mark every effect that has not ended.
// READ COMMITTED: each look is a statement of its own, younger than the locks it relies on.
//
//   lock events in id order -> find children -> any new? lock those too, look again
//   effects of the locked events: all of them, since nothing is added without the event's lock
//   pending  -> deleted: prevented           (1st statement; waits for a start that holds the row)
//   started  -> marked: asked to stop        (2nd statement; sees what such a start has started)
//   dead, or replaced, and in doubt          (3rd statement: not over for who calls it off)
//   the rest -> had ended before             (4th statement; sees what has settled meanwhile)

import type { Outcome } from '../../core/cancellation.ts'
import type { Ending, Link } from '../../core/effects/effect.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { columns } from '../columns.ts'
import { type Context, isAskable } from '../context.ts'
import { sql } from '../statements.ts'

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
  sequence: number
}

export type EffectRow = {
  shard: number
  id: string
  event_id: string
  tenant: string
  kind: string
  title: string
  data: JsonObject
  keep: boolean
  touches_world: boolean
}

/** An effect as a look found it; what has ended stays so, since the event is locked. */
export type FoundEffect = EffectRow & {
  readonly ending: Ending | null
  readonly at: Date | null
  readonly evidence: JsonObject | null
  readonly error: string | null
  readonly cancelled_by: string | null
  /** It ended so that nobody knows whether it had its effect. */
  readonly doubt: boolean
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
  readonly found: FoundEffect | null
}

export type MarkedTree = {
  /** Locked events by the cancellation that takes them, parents before children. */
  readonly events: readonly {
    readonly row: EventRow
    readonly cancellationId: string
    readonly isTarget: boolean
  }[]
  readonly effects: readonly MarkedEffect[]
}

/** More than may be marked in one transaction: the caller opens the cancellation instead. */
export class CancelTooLarge extends Error {
  override readonly name = 'CancelTooLarge'
}

/** Two cancellations of a batch reach the same event: they go one after the other. */
export class OverlappingCancellations extends Error {
  override readonly name = 'OverlappingCancellations'
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
  const owner = new Map<string, { cancellationId: string; isTarget: boolean }>()
  for (const aim of aims) {
    for (const id of aim.eventIds) {
      const other = owner.get(id)
      if (other && other.cancellationId !== aim.cancellationId) throw new OverlappingCancellations()
      owner.set(id, { cancellationId: aim.cancellationId, isTarget: true })
    }
  }
  const locked = new Map<string, EventRow>()
  const keptEvents = new Map<string, string>()
  const found: FoundEffect[] = []
  let fresh = [...owner.keys()]
  while (fresh.length > 0) {
    for (const id of fresh) {
      const row = held.get(id)
      if (row) locked.set(id, row)
    }
    const free = fresh.filter(id => !held.has(id))
    // Lock, then look: what was announced under them while we waited is seen, and nothing can be any more.
    const [rows, children, effects] = await Promise.all([
      free.length === 0 ? [] : tx.query<EventRow>(sql('lock-events'), [free]),
      findChildren(tx, fresh, most + 1),
      findEffects(tx, fresh, most),
    ])
    for (const row of rows) locked.set(row.id, row)
    found.push(...effects)
    if (children.length > most || locked.size > most) throw new CancelTooLarge(`more than ${most} events`)
    fresh = []
    for (const child of children) {
      const parent = owner.get(child.parent_id)
      if (!parent) continue
      if ((owner.get(child.id) ?? parent).cancellationId !== parent.cancellationId)
        throw new OverlappingCancellations()
      if (locked.has(child.id) || keptEvents.has(child.id)) continue
      if (child.link === 'keep') keptEvents.set(child.id, parent.cancellationId)
      else if (!owner.has(child.id)) {
        owner.set(child.id, { cancellationId: parent.cancellationId, isTarget: false })
        fresh.push(child.id)
      }
    }
  }
  await descendKept(tx, keptEvents, owner, most)

  const eventIds = [...locked.keys(), ...keptEvents.keys()]
  if (eventIds.length > most) throw new CancelTooLarge(`more than ${most} events`)
  if (keptEvents.size > 0) found.push(...(await findEffects(tx, [...keptEvents.keys()], most)))
  if (found.length > most) throw new CancelTooLarge(`more than ${most} effects`)
  const covered = anyOpen ? await findCovered(tx, eventIds) : new Map<string, string>()
  return {
    events: [...locked.values()]
      .filter(row => !covered.has(row.id))
      .map(row => ({ row, ...ownerOf(owner, row.id) })),
    effects: found.map(row =>
      unmarked(row, owner.get(row.event_id)?.cancellationId ?? (keptEvents.get(row.event_id) as string), row),
    ),
    kept: row => row.keep || keptEvents.has(row.event_id) || covered.has(row.event_id),
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
    if (earlier === undefined || effect.row.keep || effect.outcome !== 'kept') continue
    effect.outcome = 'already_cancelled'
    effect.earlier = earlier
  }
}

async function findEffects(
  tx: Tx,
  eventIds: readonly string[],
  most: number,
): Promise<readonly FoundEffect[]> {
  const rows = await tx.query<FoundEffect>(sql('effects-of-events'), [eventIds, most + 1])
  if (rows.length > most) throw new CancelTooLarge(`more than ${most} effects`)
  return rows
}

/** Which of these events an open cancellation covers, and which one. */
export async function findCovered(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; cancellation_id: string }>(sql('covered-events'), [ids])
  return new Map(rows.map(row => [row.id, row.cancellation_id]))
}

function ownerOf(owner: Map<string, { cancellationId: string; isTarget: boolean }>, id: string) {
  const { cancellationId, isTarget } = owner.get(id) as { cancellationId: string; isTarget: boolean }
  return { cancellationId, isTarget }
}

/** An effect that nothing has been decided on: kept, until {@link markEffects} says otherwise. */
export function unmarked(row: EffectRow, cancellationId: string, found: FoundEffect | null): MarkedEffect {
  return {
    row,
    cancellationId,
    outcome: 'kept',
    ending: null,
    at: null,
    evidence: null,
    earlier: null,
    found,
  }
}

/** Gives every effect its outcome; `kept` ones are only looked at. The statements come in this order (see above). */
export async function markEffects(
  context: Context,
  tx: Tx,
  effects: readonly MarkedEffect[],
  kept: (row: EffectRow) => boolean,
): Promise<void> {
  const byId = new Map(effects.map(effect => [effect.row.id, effect]))
  const decide = (rows: readonly { readonly id: string; readonly outcome: Outcome }[]) => {
    for (const { id, outcome } of rows) (byId.get(id) as MarkedEffect).outcome = outcome
  }
  const mine = effects.filter(effect => !kept(effect.row)).toSorted((a, b) => (a.row.id < b.row.id ? -1 : 1))
  const live = mine.filter(e => e.found === null || e.found.ending === null)
  if (live.length > 0) {
    decide(
      await tx.query<{ id: string; outcome: Outcome }>(sql('prevent-pending'), [
        context.clock(),
        ...columns(live, 3, e => [e.row.id, e.cancellationId, isAskable(context, e.row.kind)]),
      ]),
    )
    const left = live.filter(e => e.outcome === 'kept')
    if (left.length > 0) {
      const asked = await tx.query<{ id: string }>(
        sql('request-stop'),
        columns(left, 2, e => [e.row.id, e.cancellationId]),
      )
      decide(asked.map(({ id }) => ({ id, outcome: 'stopping' })))
    }
  }
  // Also what has ended since the look, which nobody knew then.
  const doubted = mine.filter(
    e => e.outcome === 'kept' && (e.found === null || e.found.ending === null || e.found.doubt),
  )
  if (doubted.length > 0) {
    decide(
      await tx.query<{ id: string; outcome: Outcome }>(
        sql('doubt-ended'),
        columns(doubted, 3, e => [e.row.id, e.cancellationId, isAskable(context, e.row.kind)]),
      ),
    )
  }
  await readStates(
    tx,
    effects.filter(e => e.outcome === 'kept'),
  )
}

type EffectEnd = Pick<FoundEffect, 'ending' | 'at' | 'evidence' | 'error' | 'cancelled_by' | 'doubt'>

/** What each of these is that was neither prevented nor asked to stop. */
async function readStates(tx: Tx, rest: readonly MarkedEffect[]): Promise<void> {
  const unknown = rest.filter(e => e.found === null || e.found.ending === null)
  const rows =
    unknown.length === 0
      ? []
      : await tx.query<EffectEnd & { id: string }>(sql('states-of-effects'), [unknown.map(e => e.row.id)])
  const now = new Map(rows.map(row => [row.id, row]))
  for (const effect of rest) {
    const state: EffectEnd | null | undefined = now.get(effect.row.id) ?? effect.found
    if (!state) continue
    effect.ending = state.ending
    effect.at = state.at
    effect.evidence = state.evidence ?? (state.error === null ? null : { error: state.error })
    if (state.cancelled_by !== null) {
      effect.outcome = 'already_cancelled'
      effect.earlier = state.cancelled_by
    } else if (state.doubt) {
      // It is kept, so it is neither asked nor changed; but it may have had its effect.
      effect.outcome = 'in_doubt'
      effect.evidence = { ...effect.evidence, why: 'an attempt may have had its effect', ended: state.ending }
    } else if (state.ending !== null) effect.outcome = 'already_ended'
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
    if (children.length > most || all.size > most) throw new CancelTooLarge(`more than ${most} events`)
    level = children.flatMap(child => (child.link === 'keep' || all.has(child.id) ? [] : [child.id]))
    for (const id of level) all.add(id)
  }
  const ids = [...all]
  const locked = tx.query<EventRow>(sql('lock-events'), [ids])
  return { held: locked.then(rows => new Map(rows.map(row => [row.id, row]))) }
}

async function findChildren(tx: Tx, parents: readonly string[], most: number) {
  return await tx.query<{ shard: number; id: string; parent_id: string; link: Link }>(sql('find-children'), [
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
    if (children.length > most) throw new CancelTooLarge(`more than ${most} events`)
    level = []
    for (const child of children) {
      const cancellationId = kept.get(child.parent_id) as string
      if ((owner.get(child.id)?.cancellationId ?? cancellationId) !== cancellationId)
        throw new OverlappingCancellations()
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
