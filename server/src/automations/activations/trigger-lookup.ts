// Which trigger an app means by a key, and which automations are active on it now. Callers' questions are gathered, and
// a key that nobody has is answered in the same way and time as another app's: both are simply not found.
//
// What was found is kept, so that a report needs no look-up before its own transaction. There it is compared with what the
// trigger is by then (checkTriggers): what a workspace file has changed, in whichever process, makes the report be made again.

import { Gather, type Queue } from '../../engine/batcher.ts'
import type { Database, Tx } from '../../store/database.ts'
import { functionName } from '../../store/functions.ts'
import type { Statement } from '../../store/statements.ts'
import { sql } from '../statements.ts'

const FUNCTION = functionName('automations', 'trigger_states')
const TRIGGER_STATES: Statement = {
  name: FUNCTION,
  text: `select ${FUNCTION}($1::text[], $2::text[], $3::text[], $4::text[]) as states`,
}
const NOT_AS_FOUND = 'SD003'

export type TriggerName = { readonly tenant: string; readonly appId: string; readonly triggerKey: string }

export type Trigger = {
  /** Payload field with the time of a scheduled event; null for a real-time trigger. */
  readonly scheduleField: string | null
  /** No longer in the workspace file: nothing is reported any more, what is pending can be cancelled. */
  readonly retired: boolean
  readonly automations: readonly { readonly id: string; readonly revision: number; readonly name: string }[]
  /** All of the above as the database tells it, to be compared. */
  readonly state: string
}

type Row = {
  n: number
  schedule_field: string | null
  retired: boolean
  automation_id: string | null
  revision: number | null
  name: string | null
}

/** Triggers that are kept; the oldest found go first. */
const MOST_KEPT = 5000

export class Triggers {
  private readonly gather: Gather<TriggerName, Trigger | null>
  private readonly kept = new Map<string, Trigger>()

  constructor(db: Database, maxQueue?: number) {
    this.gather = new Gather({
      name: 'automations.find-trigger',
      maxBatch: 500,
      // Of those who wait many ask for the same: the more of them share a question, the fewer are asked.
      maxInFlight: 1,
      maxQueue,
      ownerOf: ({ tenant }) => tenant,
      run: names => findTriggers(db, names),
    })
  }

  get queue(): Queue {
    return this.gather.fill
  }

  /** As it was found last, which may be out of date; null: it has not been found yet. */
  known(name: TriggerName): Trigger | null {
    return this.kept.get(text(name)) ?? null
  }

  /** As it is now; null: the app has no such trigger. */
  async find(name: TriggerName): Promise<Trigger | null> {
    const trigger = await this.gather.submit(name)
    const key = text(name)
    this.kept.delete(key)
    // A refusal is never given from what is kept.
    if (trigger !== null && !trigger.retired) this.kept.set(key, trigger)
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) break
      this.kept.delete(oldest)
    }
    return trigger
  }
}

/** The transaction fails, see {@link isTriggerChanged}, when one of these is not as it was found. Nobody waits for the answer. */
export function checkTriggers(
  tx: Tx,
  found: readonly { readonly name: TriggerName; readonly trigger: Trigger }[],
): void {
  const distinct = [...new Map(found.map(f => [`${text(f.name)}\n${f.trigger.state}`, f])).values()]
  tx.send(TRIGGER_STATES, [
    distinct.map(f => f.name.tenant),
    distinct.map(f => f.name.appId),
    distinct.map(f => f.name.triggerKey),
    distinct.map(f => f.trigger.state),
  ])
}

export function isTriggerChanged(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === NOT_AS_FOUND
}

/** In the order of `names`; a name that is asked for often is looked up once. */
async function findTriggers(db: Database, names: readonly TriggerName[]): Promise<(Trigger | null)[]> {
  const distinct = new Map<string, { readonly name: TriggerName; trigger: Trigger | null }>()
  for (const name of names) distinct.set(text(name), { name, trigger: null })
  const asked = [...distinct.values()]
  const values = [
    asked.map(({ name }) => name.tenant),
    asked.map(({ name }) => name.appId),
    asked.map(({ name }) => name.triggerKey),
  ]
  // The states first: if the second look finds what was changed between the two, the comparison fails, and it is found again.
  const [[told], rows] = await db.flush<[{ states: (string | null)[] }, Row]>('automations.find-trigger', [
    { statement: TRIGGER_STATES, values: [...values, null] },
    { statement: sql('find-triggers'), values },
  ])
  for (const [n, group] of Map.groupBy(rows, row => row.n)) {
    const { schedule_field, retired } = group[0]!
    const automations = group.flatMap(({ automation_id, revision, name }) =>
      automation_id === null ? [] : [{ id: automation_id, revision: revision!, name: name! }],
    )
    const state = told?.states[n - 1] ?? ''
    asked[n - 1]!.trigger = { scheduleField: schedule_field, retired, automations, state }
  }
  return names.map(name => distinct.get(text(name))!.trigger)
}

function text({ tenant, appId, triggerKey }: TriggerName): string {
  return `${tenant}\n${appId}\n${triggerKey}`
}
