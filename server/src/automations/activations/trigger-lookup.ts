// Finds the trigger that an app means by a key, and the automations that are active on it now. The look-ups of several callers are
// one batch. A key that does not exist and a key of another app are answered in the same way and time: neither is found.
//
// A trigger that was found is cached, so that a report needs no look-up before its own transaction. In that transaction the cached
// trigger is compared with the stored one (checkTriggers). If applying a workspace file has changed it, in whichever process, the
// report is made again.

import { Batcher, type Queue } from '../../engine/batcher.ts'
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
  /** No longer in the workspace file: reports are refused, but what is pending can still be cancelled. */
  readonly retired: boolean
  readonly automations: readonly { readonly id: string; readonly revision: number; readonly name: string }[]
  /** All of the above in one text that the database makes, for the comparison. */
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

/** How many triggers are cached. The one that was found longest ago is dropped first. */
const MAX_CACHED = 5000

export class TriggerLookup {
  private readonly batcher: Batcher<TriggerName, Trigger | null>
  private readonly cached = new Map<string, Trigger>()

  constructor(db: Database, maxQueue?: number) {
    this.batcher = new Batcher({
      name: 'automations.find-trigger',
      maxBatch: 500,
      // Many of those who wait ask for the same trigger. With one batch at a time, more of them share one look-up.
      maxInFlight: 1,
      maxQueue,
      tenantOf: ({ tenant }) => tenant,
      run: names => findTriggers(db, names),
    })
  }

  get queue(): Queue {
    return this.batcher.fill
  }

  /** The cached trigger, which may be out of date; null when none is cached. */
  known(name: TriggerName): Trigger | null {
    return this.cached.get(nameText(name)) ?? null
  }

  /** The trigger as it is now; null when the app has no such trigger. */
  async find(name: TriggerName): Promise<Trigger | null> {
    const trigger = await this.batcher.submit(name)
    const key = nameText(name)
    this.cached.delete(key)
    // Only triggers that accept reports are cached, so a refusal never comes from the cache.
    if (trigger !== null && !trigger.retired) this.cached.set(key, trigger)
    for (const oldest of this.cached.keys()) {
      if (this.cached.size <= MAX_CACHED) break
      this.cached.delete(oldest)
    }
    return trigger
  }
}

/** Makes the transaction fail (see {@link isTriggerChanged}) when one of these has changed since it was found. It does not wait for the answer. */
export function checkTriggers(
  tx: Tx,
  found: readonly { readonly name: TriggerName; readonly trigger: Trigger }[],
): void {
  const distinct = [...new Map(found.map(f => [`${nameText(f.name)}\n${f.trigger.state}`, f])).values()]
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

/** In the order of `names`; a name that is in the list several times is looked up once. */
async function findTriggers(db: Database, names: readonly TriggerName[]): Promise<(Trigger | null)[]> {
  const distinct = new Map<string, { readonly name: TriggerName; trigger: Trigger | null }>()
  for (const name of names) distinct.set(nameText(name), { name, trigger: null })
  const triggerNames = [...distinct.values()]
  const values = [
    triggerNames.map(({ name }) => name.tenant),
    triggerNames.map(({ name }) => name.appId),
    triggerNames.map(({ name }) => name.triggerKey),
  ]
  // The states are read first. If a trigger changes between the two reads, its comparison fails later, and it is looked up again.
  const [[revisions], rows] = await db.flush<[{ states: (string | null)[] }, Row]>(
    'automations.find-trigger',
    [
      { statement: TRIGGER_STATES, values: [...values, null] },
      { statement: sql('find-triggers'), values },
    ],
  )
  for (const [n, group] of Map.groupBy(rows, row => row.n)) {
    const { schedule_field, retired } = group[0]!
    const automations = group.flatMap(({ automation_id, revision, name }) =>
      automation_id === null ? [] : [{ id: automation_id, revision: revision!, name: name! }],
    )
    const state = revisions?.states[n - 1] ?? ''
    triggerNames[n - 1]!.trigger = { scheduleField: schedule_field, retired, automations, state }
  }
  return names.map(name => distinct.get(nameText(name))!.trigger)
}

function nameText({ tenant, appId, triggerKey }: TriggerName): string {
  return `${tenant}\n${appId}\n${triggerKey}`
}
