// This folder announces and revises: it must be the only place that inserts pending effects, and it must not
// add anything to a cancelled event (I3). After the commit of an announcement its events exist and their
// effects are pending.
//
// A child's parent is locked first. A key with an early-cancellation policy passes the gate of that key first
// (I6). A root without such a key waits for no answer: its gates and rows are sent together with the commit.

import type { Announced, Announcement } from '../../core/event.ts'
import { hash32, type Shard, shardOfEntity, shardOfId } from '../../core/ids.ts'
import { jsonFault } from '../../core/json.ts'
import type { Tx } from '../../store/database.ts'
import { arrayLiteral, columns } from '../columns.ts'
import { type Context, gateOf, lockTenants, newId } from '../context.ts'
import { sql } from '../statements.ts'
import { insertEffects } from './insert-effects.ts'

export type Parent = {
  shard: Shard
  id: string
  tenant: string
  kind: string
  root_id: string
  cancel_path: string[]
  cancellation_id: string | null
}

/**
 * The depth of a chain of events that are called off together. Each event stores the ids of those above it, and a cancel goes down level
 * by level. The product itself needs only a few levels.
 */
export const MAX_LEVELS = 100

/** An announcement that PostgreSQL could not store. Domains check before, so this is a fault of a domain. */
export class UnstorableAnnouncement extends Error {
  override readonly name = 'UnstorableAnnouncement'
}

/** An announcement that is written. `cancellationId`: the early cancellation that absorbs it. */
type Accepted = {
  readonly a: Announcement
  readonly id: string
  readonly shard: Shard
  readonly parent: Parent | null
  readonly cancellationId: string | null
}

export async function announce(
  context: Context,
  tx: Tx,
  announcements: readonly Announcement[],
): Promise<readonly Announced[]> {
  if (announcements.length === 0) return []
  for (const a of announcements) refuseUnstorable(a)
  const early = await meetEarlyCancellations(context, tx, announcements)
  // A root passes the gate of its shard too. So an open cancellation, which holds the gate alone, knows everything that was announced
  // before.
  const parents = await lockParents(
    tx,
    announcements.flatMap(a => (a.parent ? [a.parent.id] : [])),
    {
      roots: announcements.flatMap(a => (a.parent ? [] : [shardOfEntity(a.tenant, a.entity)])),
      tenants: announcements.map(a => a.tenant),
    },
  )
  const met = await takeEarlyCancellations(context, tx, announcements, early)
  const decisions = announcements.map(a => decide(context, a, { parents, early: met }))
  const accepted = decisions.flatMap(decision => ('is' in decision ? [] : [decision]))
  if (accepted.length > 0) insertEvents(context, tx, accepted)
  const effectIds = insertEffectsOf(context, tx, accepted)
  return decisions.map(decision => ('is' in decision ? decision : announcedAs(decision, effectIds)))
}

/** Gives why an announcement is refused, or what is written of it. Throws if it is not in its tree's shard. */
function decide(
  context: Context,
  a: Announcement,
  {
    parents,
    early,
  }: { readonly parents: ReadonlyMap<string, Parent>; readonly early: ReadonlyMap<string, string> },
): Announced | Accepted {
  const parent = a.parent ? parents.get(a.parent.id) : null
  if (a.parent && (parent === undefined || parent === null || parent.tenant !== a.tenant))
    return { is: 'parent_unknown', parentId: a.parent.id }
  if (a.parent && parent && parent.cancellation_id !== null)
    return { is: 'parent_cancelled', parentId: a.parent.id, cancellationId: parent.cancellation_id }
  if (parent && a.parent?.link === 'cancel' && parent.cancel_path.length >= MAX_LEVELS)
    return { is: 'too_deep', parentId: parent.id }
  const cancellationId = a.key === null ? null : (early.get(earlyName(a)) ?? null)
  if (cancellationId !== null && a.early === 'reject') return { is: 'rejected', cancellationId }
  const shard = parent ? parent.shard : shardOfEntity(a.tenant, a.entity)
  const id = a.id ?? newId(context, shard)
  if (shardOfId(id) !== shard) throw new UnstorableAnnouncement(`event ${id} is not in its tree's shard`)
  const absorbed = cancellationId !== null && a.early?.startsWith('absorb') ? cancellationId : null
  return { a, id, shard, parent: parent ?? null, cancellationId: absorbed }
}

function announcedAs(
  { id, cancellationId }: Accepted,
  effectIds: ReadonlyMap<string, readonly string[]>,
): Announced {
  return cancellationId === null
    ? { is: 'announced', eventId: id, effectIds: effectIds.get(id) ?? [] }
    : { is: 'absorbed', eventId: id, cancellationId }
}

/** Writes the events, without their effects: their rows, their place in an early cancellation's receipt, their aliases. */
function insertEvents(context: Context, tx: Tx, accepted: readonly Accepted[]): void {
  tx.send(sql('insert-events'), [
    context.clock(),
    ...columns(accepted, 17, ({ a, id, shard, parent, cancellationId }) => [
      shard,
      id,
      a.tenant,
      a.kind,
      a.key,
      a.entity,
      a.parent?.id ?? null,
      a.parent?.link ?? 'cancel',
      parent?.root_id ?? id,
      parent && a.parent?.link === 'cancel' ? arrayLiteral([id, ...parent.cancel_path]) : null,
      a.title,
      JSON.stringify(a.data),
      a.correlationId ?? null,
      cancellationId,
      a.app ?? null,
      a.api ?? null,
      a.bareKey ?? null,
    ]),
  ])
  const met = accepted.filter(({ cancellationId }) => cancellationId !== null)
  if (met.length > 0)
    tx.send(
      sql('insert-met-events'),
      columns(met, 3, ({ cancellationId, id, shard }) => [cancellationId, id, shard]),
    )
  const elsewhere = accepted.filter(
    ({ a, shard }) => a.key !== null && shardOfEntity(a.tenant, a.entity) !== shard,
  )
  if (elsewhere.length > 0) {
    tx.send(
      sql('insert-aliases'),
      columns(elsewhere, 5, ({ a, id, shard }) => [
        shardOfEntity(a.tenant, a.entity),
        a.tenant,
        a.key,
        shard,
        id,
      ]),
    )
  }
}

/** Gives the ids of the effects by the event's id. An event that an early cancellation absorbs has none. */
function insertEffectsOf(
  context: Context,
  tx: Tx,
  accepted: readonly Accepted[],
): ReadonlyMap<string, readonly string[]> {
  const alive = accepted.filter(({ cancellationId }) => cancellationId === null)
  const effectIds = insertEffects(
    context,
    tx,
    alive.flatMap(({ a, id }) =>
      a.effects.map(effect => ({ effect, tenant: a.tenant, under: { eventId: id, eventKind: a.kind } })),
    ),
  )
  const idsOf = new Map<string, readonly string[]>()
  let next = 0
  for (const { a, id } of alive) {
    idsOf.set(id, effectIds.slice(next, next + a.effects.length))
    next += a.effects.length
  }
  return idsOf
}

/**
 * Locks gates, then sandbox tenants, then the events, and then looks for open cancellations. Each is a statement of its own, younger than
 * the locks before it. `skip`: events that a cancel has locked are left out. `roots`: shards of new roots, whose gates are passed.
 */
export async function lockParents(
  tx: Tx,
  ids: readonly string[],
  {
    wait = 'wait',
    roots = [],
    tenants,
  }: {
    readonly wait?: 'wait' | 'skip'
    readonly roots?: readonly Shard[]
    readonly tenants: Iterable<string>
  },
): Promise<Map<string, Parent>> {
  const unique = [...new Set(ids)]
  const gates = [...new Set([...unique.map(shardOfId), ...roots].map(gateOf))]
  if (gates.length > 0) tx.send(sql('gates-shared'), [gates])
  lockTenants(tx, tenants)
  if (unique.length === 0) return new Map()
  // The look is the next statement, younger than the locks before it, whether or not their answer has come.
  const locked = tx.query<Parent>(sql(wait === 'wait' ? 'lock-parents' : 'lock-parents-free'), [unique])
  const looked = tx.query<{ id: string; cancellation_id: string }>(sql('covered-events'), [unique])
  const [rows, covered] = await Promise.all([locked, looked])
  const by = new Map(covered.map(row => [row.id, row.cancellation_id]))
  return new Map(
    rows.map(row => [row.id, { ...row, cancellation_id: row.cancellation_id ?? by.get(row.id) ?? null }]),
  )
}

async function meetEarlyCancellations(
  context: Context,
  tx: Tx,
  announcements: readonly Announcement[],
): Promise<ReadonlyMap<string, string>> {
  const keyed = announcements.filter(a => a.key !== null && a.early !== undefined && a.early !== 'ignore')
  if (keyed.length === 0) return new Map()
  tx.send(sql('key-gates-shared'), [keyed.map(a => keyGate(a.tenant, a.key as string))])
  const rows = await tx.query<{ tenant: string; key: string; entity: string; id: string }>(
    sql('find-early'),
    [context.clock(), ...columns(keyed, 3, a => [a.tenant, a.key, a.entity])],
  )
  return new Map(rows.map(row => [earlyName(row), row.id]))
}

/**
 * Uses up those that reach one event only, after all other locks, as the marking of events does. Gives those that this announcement may
 * still be met by: of two at one moment the second finds its cancellation used.
 */
async function takeEarlyCancellations(
  context: Context,
  tx: Tx,
  announcements: readonly Announcement[],
  early: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const once = announcements
    .filter(a => a.early === 'absorb_once')
    .flatMap(a => early.get(earlyName(a)) ?? [])
  if (once.length === 0) return early
  const rows = await tx.query<{ id: string }>(sql('take-early'), [context.clock(), once])
  const taken = new Set(rows.map(row => row.id))
  return new Map([...early].filter(([, id]) => taken.has(id) || !once.includes(id)))
}

function earlyName({ tenant, key, entity }: Pick<Announcement, 'tenant' | 'key' | 'entity'>): string {
  return `${tenant}\n${key}\n${entity}`
}

/** The advisory lock number of a key (a signed 32-bit integer). Two keys with one number only wait for each other. */
export function keyGate(tenant: string, key: string): number {
  return hash32(`${tenant}\n${key}`) | 0
}

function refuseUnstorable(a: Announcement): void {
  const { effects, ...event } = a
  const fault = jsonFault(event) ?? jsonFault(effects)
  if (fault) throw new UnstorableAnnouncement(`${fault.fault} at ${fault.path}`)
}
