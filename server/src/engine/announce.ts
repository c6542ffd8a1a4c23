// Announce: one commit from which on the events exist and their effects are pending. A child is born under its parent,
// which is locked first; a key with an early-cancellation policy passes that key's gate first (I6).

import type { Announced, Announcement } from '../core/event.ts'
import { hash32, type Shard, shardOfEntity, shardOfId } from '../core/ids.ts'
import { jsonFault } from '../core/json.ts'
import type { Tx } from '../store/database.ts'
import { bearEffects } from './births.ts'
import { arrayLiteral, columns } from './columns.ts'
import { type Context, gateOf, newId, sql } from './context.ts'

type Parent = {
  shard: Shard
  id: string
  tenant: string
  root_id: string
  line: string[]
  cancellation_id: string | null
}

/** Thrown for an announcement that could not be stored; a domain lets none through. */
export class UnstorableAnnouncement extends Error {
  override readonly name = 'UnstorableAnnouncement'
}

export async function announce(
  context: Context,
  tx: Tx,
  announcements: readonly Announcement[],
): Promise<readonly Announced[]> {
  if (announcements.length === 0) return []
  for (const a of announcements) refuseUnstorable(a)
  // One lock order everywhere: key gates, shard gates, events by id, then their effects.
  const early = await meetEarlyCancellations(context, tx, announcements)
  // A root passes its shard's gate too: an open cancellation that holds it alone then knows every birth before its own.
  const parents = await lockParents(
    tx,
    announcements.flatMap(a => (a.parent ? [a.parent.id] : [])),
    { roots: announcements.flatMap(a => (a.parent ? [] : [shardOfEntity(a.tenant, a.entity)])) },
  )

  const results: Announced[] = []
  const born: {
    a: Announcement
    id: string
    shard: Shard
    parent: Parent | null
    cancellationId: string | null
  }[] = []
  for (const a of announcements) {
    const parent = a.parent ? parents.get(a.parent.id) : null
    if (a.parent && (parent === undefined || parent === null || parent.tenant !== a.tenant)) {
      results.push({ is: 'parent_unknown', parentId: a.parent.id })
      continue
    }
    if (a.parent && parent && parent.cancellation_id !== null) {
      results.push({ is: 'parent_cancelled', parentId: a.parent.id, cancellationId: parent.cancellation_id })
      continue
    }
    const cancellationId = a.key === null ? null : (early.get(`${a.tenant}\n${a.key}\n${a.entity}`) ?? null)
    if (cancellationId !== null && a.early === 'reject') {
      results.push({ is: 'rejected', cancellationId })
      continue
    }
    const shard = parent ? parent.shard : shardOfEntity(a.tenant, a.entity)
    const id = a.id ?? newId(context, shard)
    if (shardOfId(id) !== shard) throw new UnstorableAnnouncement(`event ${id} is not in its tree's shard`)
    const absorbed = cancellationId !== null && a.early === 'absorb' ? cancellationId : null
    born.push({ a, id, shard, parent: parent ?? null, cancellationId: absorbed })
    results.push(
      absorbed === null
        ? { is: 'announced', eventId: id, effectIds: [] }
        : { is: 'absorbed', eventId: id, cancellationId: absorbed },
    )
  }
  if (born.length === 0) return results

  tx.send(sql('insert-events'), [
    context.clock(),
    ...columns(born, 14, ({ a, id, shard, parent, cancellationId }) => [
      shard,
      id,
      a.tenant,
      a.kind,
      a.key,
      a.entity,
      a.parent?.id ?? null,
      a.parent?.link ?? 'cancel',
      parent?.root_id ?? id,
      arrayLiteral(parent && a.parent?.link === 'cancel' ? [id, ...parent.line] : [id]),
      a.title,
      JSON.stringify(a.data),
      a.correlationId ?? null,
      cancellationId,
    ]),
  ])
  const elsewhere = born.filter(
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
  const alive = born.filter(b => b.cancellationId === null)
  const effectIds = bearEffects(
    context,
    tx,
    alive.flatMap(({ a, id }) =>
      a.effects.map(effect => ({ effect, tenant: a.tenant, under: { eventId: id } })),
    ),
  )
  const idsOf = new Map<string, readonly string[]>()
  let next = 0
  for (const { a, id } of alive) {
    idsOf.set(id, effectIds.slice(next, next + a.effects.length))
    next += a.effects.length
  }
  return results.map(r => (r.is === 'announced' ? { ...r, effectIds: idsOf.get(r.eventId) ?? [] } : r))
}

/** Gates, then locks, then a look for open cancellations: each a statement of its own, younger than the locks before it. */
export async function lockParents(
  tx: Tx,
  ids: readonly string[],
  { wait = 'wait', roots = [] }: { readonly wait?: 'wait' | 'skip'; readonly roots?: readonly Shard[] } = {},
): Promise<Map<string, Parent>> {
  const unique = [...new Set(ids)]
  if (unique.length === 0 && roots.length === 0) return new Map()
  const shards = unique.map(shardOfId)
  const passed = tx.look(sql('gates-shared'), [[...shards, ...roots].map(gateOf)])
  if (unique.length === 0) {
    await passed
    return new Map()
  }
  // A look is the next statement, younger than the locks before it, whether or not their answer has come.
  const locked = tx.query<Parent>(sql(wait === 'wait' ? 'lock-parents' : 'lock-parents-free'), [
    shards,
    unique,
  ])
  const looked = tx.query<{ id: string; cancellation_id: string }>(sql('covered-events'), [shards, unique])
  const [rows, covered] = await Promise.all([locked, looked, passed])
  const by = new Map(covered.map(row => [row.id, row.cancellation_id]))
  return new Map(
    rows.map(row => [row.id, { ...row, cancellation_id: row.cancellation_id ?? by.get(row.id) ?? null }]),
  )
}

async function meetEarlyCancellations(
  context: Context,
  tx: Tx,
  announcements: readonly Announcement[],
): Promise<Map<string, string>> {
  const keyed = announcements.filter(a => a.key !== null && a.early !== undefined && a.early !== 'ignore')
  if (keyed.length === 0) return new Map()
  const passed = tx.look(sql('key-gates-shared'), [keyed.map(a => keyGate(a.tenant, a.key as string))])
  const looked = tx.look<{ tenant: string; key: string; entity: string; id: string }>(sql('find-early'), [
    context.clock(),
    ...columns(keyed, 4, a => [shardOfEntity(a.tenant, a.entity), a.tenant, a.key, a.entity]),
  ])
  const [rows] = await Promise.all([looked, passed])
  return new Map(rows.map(row => [`${row.tenant}\n${row.key}\n${row.entity}`, row.id]))
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
