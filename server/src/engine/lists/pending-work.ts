// What is still under way of something that is about to go: of an app, a site, an automation. The engine does not know those; it finds
// events by their kind and by what their domain has written into them. However much goes, what is under way is read once, and matched here.

import type { Queries } from '../../store/database.ts'
import { sql } from '../statements.ts'

/** Events of a kind whose data holds these texts. */
export type Owned = { readonly kind: string; readonly holds: { readonly [name: string]: string } }
export type PendingWork = { readonly events: number; readonly actions: number }

/** All that is under way of events of a kind that have the same texts under the names. */
type Owner = PendingWork & { readonly kind: string; readonly texts: readonly (string | null)[] }

/** For each list of `owned` how much is under way, and of those lists that are counted together, each event once. */
export async function countPending(
  db: Queries,
  tenant: string,
  owned: readonly (readonly Owned[])[],
  isCounted: (place: number) => boolean = () => true,
): Promise<{ readonly each: readonly PendingWork[]; readonly all: PendingWork }> {
  const each = owned.map(() => ({ events: 0, actions: 0 }))
  const all = { events: 0, actions: 0 }
  const looked = new LookedFor(owned)
  for (const owner of await readOwners(db, tenant, looked)) {
    const places = looked.placesOf(owner)
    const sums = [...places].map(place => each[place]!)
    if ([...places].some(isCounted)) sums.push(all)
    for (const sum of sums) {
      sum.events += owner.events
      sum.actions += owner.actions
    }
  }
  return { each, all }
}

export async function pendingEvents(
  db: Queries,
  tenant: string,
  owned: readonly Owned[],
  most: number,
): Promise<readonly string[]> {
  const looked = new LookedFor([owned])
  const mine = (await readOwners(db, tenant, looked)).filter(owner => looked.placesOf(owner).size > 0)
  if (mine.length === 0) return []
  const rows = await db.query<{ id: string }>(sql('pending-events'), [
    tenant,
    looked.kinds,
    looked.names,
    mine.map(owner => owner.kind),
    mine.map(owner => JSON.stringify(owner.texts)),
    most,
  ])
  return rows.map(row => row.id)
}

async function readOwners(
  db: Queries,
  tenant: string,
  { kinds, names }: LookedFor,
): Promise<readonly Owner[]> {
  if (kinds.length === 0) return []
  return await db.query<Owner>(sql('pending-owners'), [tenant, kinds, names])
}

/** Lists of `owned`, found by what an event holds without a look at each. */
class LookedFor {
  readonly kinds: readonly string[]
  readonly names: readonly string[]
  /** By kind and texts, in the order of the names: what is not asked for is null. */
  readonly #places = new Map<string, number[]>()
  /** Which of the names are asked for together: few combinations, however much is looked for. */
  readonly #together: readonly ReadonlySet<string>[]

  constructor(lists: readonly (readonly Owned[])[]) {
    const flat = lists.flat()
    const namesOf = ({ holds }: Owned) => Object.keys(holds).sort()
    this.kinds = [...new Set(flat.map(one => one.kind))]
    this.names = [...new Set(flat.flatMap(namesOf))]
    this.#together = [...new Map(flat.map(one => [namesOf(one).join('\n'), new Set(namesOf(one))])).values()]
    for (const [place, list] of lists.entries()) {
      for (const { kind, holds } of list) {
        const mark = markOf(
          kind,
          this.names.map(name => holds[name] ?? null),
        )
        const places = this.#places.get(mark) ?? []
        places.push(place)
        this.#places.set(mark, places)
      }
    }
  }

  placesOf({ kind, texts }: Pick<Owner, 'kind' | 'texts'>): ReadonlySet<number> {
    const marks = this.#together.map(asked =>
      markOf(
        kind,
        texts.map((text, i) => (asked.has(this.names[i]!) ? text : null)),
      ),
    )
    return new Set(marks.flatMap(mark => this.#places.get(mark) ?? []))
  }
}

function markOf(kind: string, texts: readonly (string | null)[]): string {
  return JSON.stringify([kind, ...texts])
}
