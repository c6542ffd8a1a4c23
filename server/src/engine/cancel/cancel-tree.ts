// The tree of a cancel. Its events are locked, then their children are read, until a read finds no new child. Then every effect that has
// not ended is marked. Transactions are READ COMMITTED, so each read is a statement of its own: its snapshot is younger than the locks
// that it relies on.
//
//   lock events in id order -> find children -> any new? lock those too, find their children
//   effects of the locked events: all of them, since nothing is added without the event's lock
//   pending  -> deleted: prevented           (1st statement; waits for a start that holds the row)
//   started  -> marked: asked to stop        (2nd statement; sees what such a start has started)
//   dead, or replaced, and in doubt          (3rd statement: for the caller who cancels it, it is not over)
//   the rest -> had ended before             (4th statement; sees what has settled meanwhile)

import type { Outcome } from '../../core/cancellation.ts'
import type { Ending, Link } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { columns } from '../columns.ts'
import { type Context, isAskable } from '../context.ts'
import { sql } from '../statements.ts'
import type { EventRow } from './event-row.ts'

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

/** An effect as it was read. One that has ended stays ended, because its event is locked. */
export type FoundEffect = EffectRow & {
  readonly ending: Ending | null
  readonly at: Date | null
  readonly evidence: JsonObject | null
  readonly error: string | null
  readonly cancelled_by: string | null
  /** It has ended, and nobody knows whether it had its effect. */
  readonly doubt: boolean
}

/** One effect, the cancellation of the batch that took it, and its outcome. */
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

/** Two cancellations of a batch reach the same event. They have to be done one after the other. */
export class OverlappingCancellations extends Error {
  override readonly name = 'OverlappingCancellations'
}

/** The targets of one cancellation of the batch. They are not locked yet. */
export type Aim = { readonly cancellationId: string; readonly eventIds: readonly string[] }

/** A tree that is locked and read. `kept` and `covered` say which effects are left alone: those that are kept, and those that an open
 * cancellation will mark. */
export type Tree = MarkedTree & {
  readonly kept: (row: EffectRow) => boolean
  readonly covered: ReadonlyMap<string, string>
}

/** What {@link findTree} has found so far. The maps grow with every level of the tree. */
type Search = {
  readonly cancellationByEvent: Map<string, TakenBy>
  readonly locked: Map<string, EventRow>
  /** By event, the cancellation in whose receipt it is listed as kept. */
  readonly keptEvents: Map<string, string>
  readonly found: FoundEffect[]
}

/** The cancellation that takes an event, and whether the event was its direct target. */
type TakenBy = { readonly cancellationId: string; readonly isTarget: boolean }

type SearchOptions = {
  readonly limit: number
  /** There are open cancellations. What they cover is left to them. */
  readonly anyOpen: boolean
  /** Events that {@link lockTrees} has locked. */
  readonly alreadyLocked: ReadonlyMap<string, EventRow>
}

/** Locks the events of the trees and reads their effects. Writes nothing. */
export async function findTree(tx: Tx, aims: readonly Aim[], options: SearchOptions): Promise<Tree> {
  const { limit, anyOpen } = options
  const search: Search = {
    cancellationByEvent: targetsOf(aims),
    locked: new Map(),
    keptEvents: new Map(),
    found: [],
  }
  const { cancellationByEvent, locked, keptEvents, found } = search
  await descendCancelled(tx, search, options)
  await descendKept(tx, keptEvents, cancellationByEvent, limit)

  const eventIds = [...locked.keys(), ...keptEvents.keys()]
  if (eventIds.length > limit) throw new CancelTooLarge(`more than ${limit} events`)
  if (keptEvents.size > 0) found.push(...(await findEffects(tx, [...keptEvents.keys()], limit)))
  if (found.length > limit) throw new CancelTooLarge(`more than ${limit} effects`)
  const covered = anyOpen ? await findCovered(tx, eventIds) : new Map<string, string>()
  return treeOf(search, covered)
}

function targetsOf(aims: readonly Aim[]): Map<string, TakenBy> {
  const cancellationByEvent = new Map<string, TakenBy>()
  for (const aim of aims) {
    for (const id of aim.eventIds) {
      const other = cancellationByEvent.get(id)
      if (other && other.cancellationId !== aim.cancellationId) throw new OverlappingCancellations()
      cancellationByEvent.set(id, { cancellationId: aim.cancellationId, isTarget: true })
    }
  }
  return cancellationByEvent
}

/** Locks the targets and, level by level, what their cancel takes along. Reads the effects of all these events. */
async function descendCancelled(
  tx: Tx,
  search: Search,
  { limit, alreadyLocked }: SearchOptions,
): Promise<void> {
  const { cancellationByEvent, locked, found } = search
  let fresh = [...cancellationByEvent.keys()]
  while (fresh.length > 0) {
    for (const id of fresh) {
      const row = alreadyLocked.get(id)
      if (row) locked.set(id, row)
    }
    const free = fresh.filter(id => !alreadyLocked.has(id))
    // Lock, then look: this sees what was announced below these events during the wait, and nothing more can be announced.
    const [rows, children, effects] = await Promise.all([
      free.length === 0 ? [] : tx.query<EventRow>(sql('lock-events'), [free]),
      findChildren(tx, fresh, limit + 1),
      findEffects(tx, fresh, limit),
    ])
    for (const row of rows) locked.set(row.id, row)
    found.push(...effects)
    if (children.length > limit || locked.size > limit) throw new CancelTooLarge(`more than ${limit} events`)
    fresh = takeChildren(search, children)
  }
}

/** Adds children to the search. Gives those that the cancel takes along and that are still to be locked. */
function takeChildren(
  { cancellationByEvent, locked, keptEvents }: Search,
  children: readonly Child[],
): string[] {
  const fresh: string[] = []
  for (const child of children) {
    const parent = cancellationByEvent.get(child.parent_id)
    if (!parent) continue
    if ((cancellationByEvent.get(child.id) ?? parent).cancellationId !== parent.cancellationId)
      throw new OverlappingCancellations()
    if (locked.has(child.id) || keptEvents.has(child.id)) continue
    if (child.link === 'keep') keptEvents.set(child.id, parent.cancellationId)
    else if (!cancellationByEvent.has(child.id)) {
      cancellationByEvent.set(child.id, { cancellationId: parent.cancellationId, isTarget: false })
      fresh.push(child.id)
    }
  }
  return fresh
}

function treeOf(
  { cancellationByEvent, locked, keptEvents, found }: Search,
  covered: ReadonlyMap<string, string>,
): Tree {
  return {
    events: [...locked.values()]
      .filter(row => !covered.has(row.id))
      .map(row => ({ row, ...(cancellationByEvent.get(row.id) as TakenBy) })),
    effects: found.map(row =>
      unmarked(
        row,
        cancellationByEvent.get(row.event_id)?.cancellationId ?? (keptEvents.get(row.event_id) as string),
        row,
      ),
    ),
    kept: row => row.keep || keptEvents.has(row.event_id) || covered.has(row.event_id),
    covered,
  }
}

/** Marks every effect of the tree that has not ended. */
export async function markTree(context: Context, tx: Tx, tree: Tree): Promise<void> {
  const { effects, kept, covered } = tree
  await markEffects(context, tx, effects, kept)
  // An open cancellation that was acknowledged earlier covers these events and will mark them. Its receipt will say how they ended.
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
  limit: number,
): Promise<readonly FoundEffect[]> {
  const rows = await tx.query<FoundEffect>(sql('effects-of-events'), [eventIds, limit + 1])
  if (rows.length > limit) throw new CancelTooLarge(`more than ${limit} effects`)
  return rows
}

/** Which of these events an open cancellation covers, and which one. */
export async function findCovered(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; cancellation_id: string }>(sql('covered-events'), [ids])
  return new Map(rows.map(row => [row.id, row.cancellation_id]))
}

/** An effect before its outcome is decided: kept, until {@link markEffects} decides otherwise. */
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

/** Gives every effect its outcome. Effects that are `kept` are only read. The order of the statements matters (see above). */
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
      const stopRequested = await tx.query<{ id: string }>(
        sql('request-stop'),
        columns(left, 2, e => [e.row.id, e.cancellationId]),
      )
      decide(stopRequested.map(({ id }) => ({ id, outcome: 'stopping' })))
    }
  }
  // This includes effects that have ended since they were read.
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

/** Gives an outcome to effects that were neither prevented nor asked to stop. */
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
 * Locks several targets, with everything below them that their cancel takes along, as the trees are now. It does so in one statement and
 * in id order, so that two batches that cross do not wait for each other in a circle. What is announced meanwhile is found by
 * {@link findTree}. Resolves when the lock has been requested; `alreadyLocked` resolves when the events are locked.
 */
export async function lockTrees(
  tx: Tx,
  targets: readonly string[],
  limit: number,
): Promise<{ readonly alreadyLocked: Promise<ReadonlyMap<string, EventRow>> }> {
  const all = new Set(targets)
  let level = [...all]
  while (level.length > 0) {
    const children = await findChildren(tx, level, limit + 1)
    if (children.length > limit || all.size > limit) throw new CancelTooLarge(`more than ${limit} events`)
    level = children.flatMap(child => (child.link === 'keep' || all.has(child.id) ? [] : [child.id]))
    for (const id of level) all.add(id)
  }
  const ids = [...all]
  const locked = tx.query<EventRow>(sql('lock-events'), [ids])
  return { alreadyLocked: locked.then(rows => new Map(rows.map(row => [row.id, row]))) }
}

type Child = { shard: number; id: string; parent_id: string; link: Link }

async function findChildren(tx: Tx, parents: readonly string[], limit: number) {
  return await tx.query<Child>(sql('find-children'), [parents, limit])
}

/** Everything below a kept child is kept too. It is listed in the receipt, but neither locked nor changed. */
async function descendKept(
  tx: Tx,
  kept: Map<string, string>,
  cancellationByEvent: ReadonlyMap<string, { readonly cancellationId: string }>,
  limit: number,
): Promise<void> {
  let level = [...kept.keys()]
  while (level.length > 0) {
    const children = await findChildren(tx, level, limit + 1)
    if (children.length > limit) throw new CancelTooLarge(`more than ${limit} events`)
    level = []
    for (const child of children) {
      const cancellationId = kept.get(child.parent_id) as string
      if ((cancellationByEvent.get(child.id)?.cancellationId ?? cancellationId) !== cancellationId)
        throw new OverlappingCancellations()
      if (kept.has(child.id) || cancellationByEvent.has(child.id)) continue
      kept.set(child.id, cancellationId)
      level.push(child.id)
    }
  }
}
