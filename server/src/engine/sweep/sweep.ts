// The sweep: what ended longer ago than RETENTION is deleted, in small batches, by whichever process is free.
// It must not delete what a receipt still shows, what is alive, or what a room wants to keep.
//
//   take the sweep's row (whoever holds it sweeps) -> the next seeds: oldest trees, oldest cancellations
//     -> look: everything that is connected with a seed -> ask the rooms -> nothing of it is alive? -> gates, lock its
//     events -> look and ask again -> delete notices, receipts, effects, events -> move on -> commit
//
// A tree is deleted only together with every receipt that shows it, and a receipt only together with every tree that it shows. So every
// receipt that remains is complete. Each statement that deletes rows checks by itself that they ended long ago and that no receipt needs
// them.
//
// Age is counted on the database's clock. The clock of a sandbox runs ahead, so its rows are kept longer, never shorter.

import { shardOfEntity, shardOfId } from '../../core/ids.ts'
import { isUnavailable, type Tx } from '../../store/database.ts'
import { columns } from '../columns.ts'
import { type Context, gateOf } from '../context.ts'
import type { GoneEvent } from '../domain.ts'
import { sql } from '../statements.ts'

export type SweepOptions = {
  readonly retentionMs: number
  /** The pause from the end of a sweep to the beginning of the next, ms. */
  readonly everyMs: number
  /** Seeds of one batch. Default 100. */
  readonly seeds?: number
  /** Events, receipts and effects that one batch deletes. Default 2,000. */
  readonly limit?: number
}

export type Swept = {
  readonly events: number
  readonly effects: number
  readonly receipts: number
  /** Call again at once. */
  readonly more: boolean
}

type Limits = { readonly seeds: number; readonly limit: number }
type SweepRound = { readonly after: string; readonly before: Date }
export type Seed = { readonly id: string; readonly is_event: boolean }

/** An event or a cancellation that is connected with a seed. `seed`: the seed's number, from 1. */
export type Part = {
  readonly seed: number
  readonly is_event: boolean
  readonly id: string
  readonly kind: string | null
  /** How many effects it has; of a cancellation, how many notices. */
  readonly effects: number
  readonly alive: boolean
}

const FIRST = '00000000-0000-0000-0000-000000000000'
/** Of a tree that is too large for one batch, so many times the limit is deleted between two reads of the whole tree. */
const HUGE = 10
const NOTHING = { events: 0, effects: 0, receipts: 0 }

/** Something of this batch was retried, or an event was announced under it, before it was deleted. Nothing of the batch was deleted. */
class SweepConflict extends Error {
  override readonly name = 'SweepConflict'
}

/** Sweeps one batch. */
export async function sweepOnce(context: Context, options: SweepOptions): Promise<Swept> {
  const { db } = context
  const taken = [context.clock(), options.retentionMs]
  // Mostly there is nothing to do. Then no transaction is made.
  if ((await db.query(sql('sweep-take'), taken)).length === 0) {
    const made = await db.query(sql('sweep-begin'))
    return { ...NOTHING, more: made.length > 0 }
  }
  const limits = { seeds: options.seeds ?? 100, limit: options.limit ?? 2000 }
  let round: SweepRound | undefined
  try {
    return await db.transaction('sweep', async tx => {
      round = (await tx.query<SweepRound>(sql('sweep-take'), taken))[0]
      if (!round) return { ...NOTHING, more: false }
      const done = await sweepStretch(context, tx, round, limits)
      const { after, atEnd, ...swept } = done
      const move = [context.clock(), atEnd ? FIRST : after, atEnd ? options.everyMs : 0]
      await tx.query(sql('sweep-move'), move)
      return { ...swept, more: true }
    })
  } catch (error) {
    if (!round || isUnavailable(error)) throw error
    // The seeds of the batch are swept one by one, so that only the one that fails stays.
    if (limits.seeds > 1) return await sweepOnce(context, { ...options, seeds: 1 })
    await stepOver(context, round, options.everyMs)
    if (error instanceof SweepConflict) return { ...NOTHING, more: true }
    throw error
  }
}

/** Passes over a seed that could not be swept, so that the others do not wait for ever. */
async function stepOver({ db, clock }: Context, { after, before }: SweepRound, everyMs: number) {
  const move = (to: string, ms: number) => db.query(sql('sweep-move'), [clock(), to, ms])
  let first: Seed | undefined
  try {
    first = (await db.query<Seed>(sql('sweep-seeds'), [after, firstIdOf(before), 1]))[0]
  } catch (error) {
    await move(after, everyMs)
    throw error
  }
  await (first ? move(first.id, 0) : move(FIRST, everyMs))
}

/** `after`: the last seed that was decided on. `atEnd`: no later seed is old enough. */
async function sweepStretch(context: Context, tx: Tx, round: SweepRound, limits: Limits) {
  const { after, before } = round
  const seeds = await tx.query<Seed>(sql('sweep-seeds'), [after, firstIdOf(before), limits.seeds])
  const rows = await tx.query<{ id: string }>(sql('sweep-finished'), [
    seeds.filter(seed => seed.is_event).map(seed => seed.id),
    before,
  ])
  const finished = new Set(rows.map(row => row.id))
  const worthALook = seeds.filter(seed => !seed.is_event || finished.has(seed.id))
  const done = await sweepSome(context, tx, round, worthALook, limits)
  if (done.next !== null) return { ...done, after: lastBefore(seeds, done.next) ?? after, atEnd: false }
  return { ...done, after: seeds.at(-1)?.id ?? after, atEnd: seeds.length < limits.seeds }
}

type Done = {
  readonly events: number
  readonly effects: number
  readonly receipts: number
  /** The first seed that is not decided on yet. */
  readonly next: Seed | null
}

async function sweepSome(
  context: Context,
  tx: Tx,
  round: SweepRound,
  seeds: readonly Seed[],
  limits: Limits,
): Promise<Done> {
  if (seeds.length === 0) return { ...NOTHING, next: null }
  const looked = await look(context, tx, round, seeds, { all: true, limit: limits.limit + 1 })
  if (looked.length > limits.limit) {
    if (seeds.length === 1) return await sweepHuge(context, tx, round, seeds, 0, limits)
    const half = Math.ceil(seeds.length / 2)
    const done = await sweepSome(context, tx, round, seeds.slice(0, half), limits)
    return { ...done, next: done.next ?? (seeds[half] as Seed) }
  }
  // The rooms are asked before anything is locked, because they may keep most of what is old for years.
  const kept = await keptByRooms(context, tx, looked)
  const parts = looked.map(part => (kept.has(part.id) ? { ...part, alive: true } : part))
  const choice = chooseOver(parts, seeds.length, limits.limit)
  if (choice.tooLarge) return await sweepHuge(context, tx, round, seeds, choice.upTo, limits)
  const next = seeds[choice.upTo] ?? null
  const selected = await lockAndLookAgain(context, tx, round, seeds, choice.over, parts)
  if (selected.length === 0) return { ...NOTHING, next }
  const gone = await deleteParts(context, tx, round, selected, limits.limit)
  const left = selected.length - gone.receipts - gone.events
  if (left > 0) throw new SweepConflict(`${left} of ${selected.length} are needed again`)
  return { ...gone, next }
}

/**
 * Chooses the seeds that are over, with everything that is connected with them: as many from the front as fit into a batch. `upTo`: how
 * many seeds were decided on. `tooLarge`: the seed at `upTo` is over, but too large for any batch. Pure.
 */
export function chooseOver(
  parts: readonly Part[],
  seeds: number,
  limit: number,
): { readonly over: readonly number[]; readonly upTo: number; readonly tooLarge: boolean } {
  const of = Map.groupBy(parts, part => part.seed)
  const taken = new Set<string>()
  const over: number[] = []
  let weight = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const mine = of.get(seed) ?? []
    if (mine.length === 0 || mine.some(part => part.alive)) continue
    const fresh = mine.filter(part => !taken.has(part.id))
    weight += fresh.reduce((sum, part) => sum + 1 + part.effects, 0)
    if (weight > limit) return { over, upTo: seed - 1, tooLarge: over.length === 0 }
    for (const part of fresh) taken.add(part.id)
    over.push(seed)
  }
  return { over, upTo: seeds, tooLarge: false }
}

/** Gives what is still over after its events were locked. From then on nothing can be announced, cancelled or retried there. */
async function lockAndLookAgain(
  context: Context,
  tx: Tx,
  round: SweepRound,
  seeds: readonly Seed[],
  over: readonly number[],
  parts: readonly Part[],
): Promise<readonly Part[]> {
  if (over.length === 0) return []
  const wanted = new Set(over)
  const events = distinct(parts.filter(part => part.is_event && wanted.has(part.seed)))
  if (events.length > 0)
    await tx.query(sql('gates-shared'), [events.map(event => gateOf(shardOfId(event.id)))])
  const locked = new Set(
    (await tx.query<{ id: string }>(sql('sweep-lock'), [idsOf(events)])).map(row => row.id),
  )
  const again = await look(
    context,
    tx,
    round,
    over.map(seed => seeds[seed - 1] as Seed),
    { all: true, limit: 2 * parts.length + 1 },
  )
  // There is much more than before, and the rows were cut off. The sweep leaves it for now.
  if (again.length > 2 * parts.length) return []
  const kept = await keptByRooms(context, tx, again)
  const not = new Set(
    again
      .filter(part => part.alive || (part.is_event && (!locked.has(part.id) || kept.has(part.id))))
      .map(part => part.seed),
  )
  return distinct(again.filter(part => !not.has(part.seed)))
}

/**
 * Sweeps a seed that is too large for one batch, together with what is connected with it. Its receipts are deleted first, then the seed's
 * own effects piece by piece, then the seed. After that its children are trees of their own, and are found as such. Only the seed is
 * locked, before the look. So if somebody announces something under another event of the tree at that moment, that event has lost the
 * events above it.
 */
async function sweepHuge(
  context: Context,
  tx: Tx,
  round: SweepRound,
  seeds: readonly Seed[],
  at: number,
  limits: Limits,
): Promise<Done> {
  const seed = seeds[at] as Seed
  const past = seeds[at + 1] ?? null
  const limit = limits.limit * HUGE
  if (seed.is_event) {
    await tx.query(sql('gates-shared'), [[gateOf(shardOfId(seed.id))]])
    const locked = await tx.query(sql('sweep-lock'), [[seed.id]])
    if (locked.length === 0) return { ...NOTHING, next: past }
  }
  const parts = await look(context, tx, round, [seed], { all: false, limit: limit + 1 })
  const kept = await keptByRooms(context, tx, parts)
  // If there are more receipts than can be read at once, everything is kept.
  if (parts.length > limit || parts.some(part => part.alive || kept.has(part.id)))
    return { ...NOTHING, next: past }
  const receipts = parts.filter(part => !part.is_event)
  const own = seed.is_event ? [{ is_event: true, id: seed.id }] : []
  const gone = await deleteParts(context, tx, round, [...receipts, ...own], limit)
  const finished = gone.receipts === receipts.length && gone.events === own.length
  const stuck = gone.events + gone.effects + gone.receipts === 0
  return { ...gone, next: finished || stuck ? past : seed }
}

async function deleteParts(
  context: Context,
  tx: Tx,
  { before }: SweepRound,
  parts: readonly Pick<Part, 'is_event' | 'id'>[],
  limit: number,
): Promise<typeof NOTHING> {
  const events = parts.filter(part => part.is_event)
  const receipts = parts.filter(part => !part.is_event)
  type Gone = { readonly shard: number; readonly id: string }
  const run = async (name: string, of: readonly unknown[], ...values: unknown[]) =>
    of.length === 0 ? [] : await tx.query<Gone>(sql(name), values)
  const notices = await run('sweep-notices', receipts, idsOf(receipts), before, limit)
  const goneReceipts = await run('sweep-receipts', receipts, idsOf(receipts), before)
  const effects = await run('sweep-effects', events, idsOf(events), before, limit)
  const goneEvents = (await run('sweep-events', events, idsOf(events), before)) as readonly (Gone &
    GoneEvent & { readonly key: string | null })[]
  const aliases = goneEvents.filter(
    e => e.key !== null && shardOfEntity(e.tenant, e.entity) !== shardOfId(e.id),
  )
  await run(
    'sweep-aliases',
    aliases,
    ...columns(aliases, 4, e => [shardOfEntity(e.tenant, e.entity), e.tenant, e.key, e.id]),
  )
  const effectIds = [...notices, ...effects].map(effect => effect.id)
  for (const domain of context.domains.values()) {
    const mine = goneEvents.filter(event => event.kind === domain.eventKind)
    if (mine.length + effectIds.length > 0) await domain.swept?.(tx, { events: mine, effectIds })
  }
  return { events: goneEvents.length, effects: effectIds.length, receipts: goneReceipts.length }
}

async function look(
  context: Context,
  tx: Tx,
  round: SweepRound,
  seeds: readonly Seed[],
  { all, limit }: { readonly all: boolean; readonly limit: number },
): Promise<readonly Part[]> {
  const asking = [...context.domains.values()].filter(domain => domain.keeps).map(domain => domain.eventKind)
  return await tx.query<Part>(sql('sweep-look'), [
    ...columns(seeds, 2, seed => [seed.id, seed.is_event]),
    round.before,
    asking,
    all,
    limit,
  ])
}

async function keptByRooms(context: Context, tx: Tx, parts: readonly Part[]): Promise<ReadonlySet<string>> {
  const kept = new Set<string>()
  for (const domain of context.domains.values()) {
    const mine = parts.filter(part => part.is_event && part.kind === domain.eventKind)
    if (!domain.keeps || mine.length === 0) continue
    for (const id of await domain.keeps(tx, [...new Set(mine.map(part => part.id))])) kept.add(id)
  }
  return kept
}

/** Deletes request keys that are older than `ttlMs`, at most `limit` of them. Gives how many were deleted. */
export async function sweepRequestKeys(context: Context, ttlMs: number, limit: number): Promise<number> {
  return (await context.db.query(sql('sweep-request-keys'), [context.clock(), ttlMs, limit])).length
}

/** No id that was made at `at` or later sorts before this one. */
function firstIdOf(at: Date): string {
  const time = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${FIRST.slice(13)}`
}

function lastBefore(seeds: readonly Seed[], next: Seed): string | null {
  return seeds[seeds.findIndex(seed => seed.id === next.id) - 1]?.id ?? null
}

function distinct(parts: readonly Part[]): readonly Part[] {
  return [...new Map(parts.map(part => [part.id, part])).values()]
}

function idsOf(of: readonly { readonly id: string }[]): string[] {
  return of.map(one => one.id)
}
