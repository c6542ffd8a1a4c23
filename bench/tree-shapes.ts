// Trees of events, each event with one action far ahead.

import type { Engine } from '../server/src/engine/engine.ts'
import type { Database } from '../server/src/store/database.ts'
import { announceMany } from './seed.ts'
import { announcement, FAR_AHEAD_MS } from './stand.ts'

export type Shape = {
  readonly id: string
  /** `events`: how many stand on all levels below the root, or on the lowest. */
  what(events: number): string
  /** Below the root, from above to below. */
  levels(events: number): readonly Level[]
}

type Level = {
  readonly count: number
  /** Which event of the level above is the `i`th one's parent. */
  parentOf(i: number): number
}

const DEEP = 16
const SIBLINGS = 100

export const SHAPES: readonly Shape[] = [
  {
    id: 'wide',
    what: events => `${events.toLocaleString('en')} children under one parent`,
    levels: events => [{ count: events, parentOf: () => 0 }],
  },
  {
    id: 'deep',
    what: events => `${events.toLocaleString('en')} events in chains ${DEEP} deep`,
    levels: events =>
      Array.from({ length: DEEP }, (_, level) => ({
        count: Math.floor(events / DEEP),
        parentOf: i => (level === 0 ? 0 : i),
      })),
  },
  {
    id: 'bushy',
    what: events => `${(events / SIBLINGS).toLocaleString('en')} × ${SIBLINGS} events`,
    levels: events => [
      { count: Math.floor(events / SIBLINGS), parentOf: () => 0 },
      { count: Math.floor(events / SIBLINGS) * SIBLINGS, parentOf: i => Math.floor(i / SIBLINGS) },
    ],
  },
]

export type Tree = { readonly rootId: string; readonly events: number }

/** `of`: the tenant and the kind of its events, where they are not the bench's own. */
export async function growTree(
  db: Database,
  engine: Engine,
  levels: readonly Level[],
  of: { readonly tenant?: string; readonly kind?: string } = {},
): Promise<Tree> {
  const event = () => ({ ...announcement('tree', FAR_AHEAD_MS), key: null, ...of })
  let above = await announceMany(db, engine, 1, event)
  const rootId = above[0]!
  let events = 1
  for (const { count, parentOf } of levels) {
    const parents = above
    above = await announceMany(db, engine, count, i => ({
      ...event(),
      parent: { id: parents[parentOf(i)]!, link: 'cancel' },
    }))
    events += count
  }
  return { rootId, events }
}
