// What is still under way of something that is about to go: of an app, a site, an automation. The engine does not know those; it finds
// events by their kind and by what their domain has written into them.

import type { JsonObject } from '../core/json.ts'
import type { Queries } from '../store/database.ts'
import { sql } from './context.ts'

/** Events of a kind whose data holds this. */
export type Owned = { readonly kind: string; readonly holds: JsonObject }
export type PendingWork = { readonly events: number; readonly actions: number }

const NOTHING: PendingWork = { events: 0, actions: 0 }

/** For each list of `owned` how much is under way, and of all of them together, each event once. */
export async function countPending(
  db: Queries,
  tenant: string,
  owned: readonly (readonly Owned[])[],
): Promise<{ readonly each: readonly PendingWork[]; readonly all: PendingWork }> {
  const flat = owned.flatMap((list, i) => list.map(one => ({ ...one, place: i + 1 })))
  if (flat.length === 0) return { each: owned.map(() => NOTHING), all: NOTHING }
  const rows = await db.query<PendingWork & { place: number }>(sql('pending-counts'), [
    tenant,
    flat.map(one => one.place),
    flat.map(one => one.kind),
    flat.map(one => JSON.stringify(one.holds)),
  ])
  const at = new Map(rows.map(({ place, events, actions }) => [place, { events, actions }]))
  return { each: owned.map((_, i) => at.get(i + 1) ?? NOTHING), all: at.get(0) ?? NOTHING }
}

export async function pendingEvents(
  db: Queries,
  tenant: string,
  owned: readonly Owned[],
  most: number,
): Promise<readonly string[]> {
  if (owned.length === 0) return []
  const rows = await db.query<{ id: string }>(sql('pending-events'), [
    tenant,
    owned.map(one => one.kind),
    owned.map(one => JSON.stringify(one.holds)),
    most,
  ])
  return rows.map(row => row.id)
}
