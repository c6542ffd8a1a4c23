// One row of the crash table: what is there before, the request under which the server dies, and what must be true after.

import type { World } from './crash-world.ts'

export type Scenario<Before = unknown> = {
  /** Name of the transaction. */
  readonly point: string
  /** Which one of several scenarios of the point. */
  readonly about: string
  /** An earlier life: the server dies there first, under `act`, and then at `point`, by itself. */
  readonly firstAt?: string
  /** A first life without a crash: the demo's file then needs no new addresses at the next start. */
  readonly settleIn?: boolean
  prepare?(world: World): Promise<Before>
  /** Its answer is not waited for: the server is to die under it. */
  act(world: World, before: Before): Promise<unknown>
  /** On the next server. `committed`: whether it died after the commit. */
  check(world: World, of: { readonly before: Before; readonly committed: boolean }): Promise<void>
}

/** Keeps each row's own type of `before`. */
export function scenario<Before>(row: Scenario<Before>): Scenario {
  return row as Scenario
}
