// Finds the pending work of something that is about to be removed: an app, a site, an automation. The engine does not know what these
// are. It finds events by their kind and by texts that their domain wrote into their data. The pending work is read once and matched
// here, however much is to be removed.

import type { Queries } from '../../store/database.ts'
import { sql } from '../statements.ts'

/** Names events: those of this kind whose data holds these texts. */
export type Owned = { readonly kind: string; readonly holds: { readonly [name: string]: string } }
export type PendingWork = { readonly events: number; readonly actions: number }

/** The pending work of all events of one kind that have the same texts under the names. */
type PendingGroup = PendingWork & { readonly kind: string; readonly texts: readonly (string | null)[] }

/** `each`: the pending work of each list of `owned`. `all`: that of the lists that `isCounted` names, with each event counted once. */
export async function countPending(
  db: Queries,
  tenant: string,
  owned: readonly (readonly Owned[])[],
  isCounted: (listIndex: number) => boolean = () => true,
): Promise<{ readonly each: readonly PendingWork[]; readonly all: PendingWork }> {
  const each = owned.map(() => ({ events: 0, actions: 0 }))
  const all = { events: 0, actions: 0 }
  const looked = new LookedFor(owned)
  for (const group of await readGroups(db, tenant, looked)) {
    const places = looked.placesOf(group)
    const sums = [...places].map(listIndex => each[listIndex]!)
    if ([...places].some(isCounted)) sums.push(all)
    for (const sum of sums) {
      sum.events += group.events
      sum.actions += group.actions
    }
  }
  return { each, all }
}

export async function pendingEvents(
  db: Queries,
  tenant: string,
  owned: readonly Owned[],
  limit: number,
): Promise<readonly string[]> {
  const looked = new LookedFor([owned])
  const mine = (await readGroups(db, tenant, looked)).filter(group => looked.placesOf(group).size > 0)
  if (mine.length === 0) return []
  const rows = await db.query<{ id: string }>(sql('pending-events'), [
    tenant,
    looked.kinds,
    looked.names,
    mine.map(group => group.kind),
    mine.map(group => JSON.stringify(group.texts)),
    limit,
  ])
  return rows.map(row => row.id)
}

async function readGroups(
  db: Queries,
  tenant: string,
  { kinds, names }: LookedFor,
): Promise<readonly PendingGroup[]> {
  if (kinds.length === 0) return []
  return await db.query<PendingGroup>(sql('pending-owners'), [tenant, kinds, names])
}

/** An index over lists of `owned`: finds the lists that name an event, without comparing it with each. */
class LookedFor {
  readonly kinds: readonly string[]
  readonly names: readonly string[]
  /** Indexes of lists, by kind and texts. The texts are in the order of the names; null: the list does not ask for this name. */
  readonly #places = new Map<string, number[]>()
  /** The combinations of names that occur in the lists. There are few, however long the lists are. */
  readonly #together: readonly ReadonlySet<string>[]

  constructor(lists: readonly (readonly Owned[])[]) {
    const flat = lists.flat()
    const namesOf = ({ holds }: Owned) => Object.keys(holds).sort()
    this.kinds = [...new Set(flat.map(one => one.kind))]
    this.names = [...new Set(flat.flatMap(namesOf))]
    this.#together = [...new Map(flat.map(one => [namesOf(one).join('\n'), new Set(namesOf(one))])).values()]
    for (const [listIndex, list] of lists.entries()) {
      for (const { kind, holds } of list) {
        const mark = markOf(
          kind,
          this.names.map(name => holds[name] ?? null),
        )
        const places = this.#places.get(mark) ?? []
        places.push(listIndex)
        this.#places.set(mark, places)
      }
    }
  }

  placesOf({ kind, texts }: Pick<PendingGroup, 'kind' | 'texts'>): ReadonlySet<number> {
    const marks = this.#together.map(wanted =>
      markOf(
        kind,
        texts.map((text, i) => (wanted.has(this.names[i]!) ? text : null)),
      ),
    )
    return new Set(marks.flatMap(mark => this.#places.get(mark) ?? []))
  }
}

function markOf(kind: string, texts: readonly (string | null)[]): string {
  return JSON.stringify([kind, ...texts])
}
