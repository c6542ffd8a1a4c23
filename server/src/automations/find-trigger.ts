// Which trigger an app means by a key, and which automations are active on it now. Callers' questions are gathered, and
// a key that nobody has is answered in the same way and time as another app's: both are simply not found.

import { Gather } from '../engine/gather.ts'
import type { Database } from '../store/database.ts'
import { statements } from '../store/statements.ts'

const sql = statements(import.meta.url)

export type TriggerName = { readonly tenant: string; readonly appId: string; readonly triggerKey: string }

export type Trigger = {
  /** Payload field with the time of a scheduled event; null for a real-time trigger. */
  readonly scheduleField: string | null
  /** No longer in the workspace file: nothing is reported any more, what is pending can be cancelled. */
  readonly retired: boolean
  readonly automations: readonly { readonly id: string; readonly revision: number; readonly name: string }[]
}

export type FindTrigger = (name: TriggerName) => Promise<Trigger | null>

type Row = {
  n: number
  schedule_field: string | null
  retired: boolean
  automation_id: string | null
  revision: number | null
  name: string | null
}

export function findTrigger(db: Database, maxQueue?: number): FindTrigger {
  const gather = new Gather<TriggerName, Trigger | null>({
    name: 'automations.find-trigger',
    maxBatch: 500,
    // Of those who wait many ask for the same: the more of them share a question, the fewer are asked.
    maxInFlight: 1,
    maxQueue,
    run: names => findTriggers(db, names),
  })
  return name => gather.submit(name)
}

/** In the order of `names`; a name that is asked for often is looked up once. */
async function findTriggers(db: Database, names: readonly TriggerName[]): Promise<(Trigger | null)[]> {
  const distinct = new Map<string, { readonly name: TriggerName; trigger: Trigger | null }>()
  for (const name of names) distinct.set(text(name), { name, trigger: null })
  const asked = [...distinct.values()]
  const rows = await db.query<Row>(sql('find-triggers'), [
    asked.map(({ name }) => name.tenant),
    asked.map(({ name }) => name.appId),
    asked.map(({ name }) => name.triggerKey),
  ])
  for (const [n, group] of Map.groupBy(rows, row => row.n)) {
    const { schedule_field, retired } = group[0]!
    const automations = group.flatMap(({ automation_id, revision, name }) =>
      automation_id === null ? [] : [{ id: automation_id, revision: revision!, name: name! }],
    )
    asked[n - 1]!.trigger = { scheduleField: schedule_field, retired, automations }
  }
  return names.map(name => distinct.get(text(name))!.trigger)
}

function text({ tenant, appId, triggerKey }: TriggerName): string {
  return `${tenant}\n${appId}\n${triggerKey}`
}
