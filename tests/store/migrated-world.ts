// The world of the version before, migrated; and an engine on it.

import assert from 'node:assert/strict'
import type { CancelRequest, Receipt } from '../../server/src/core/cancellation.ts'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type { StartedEffect, Verdict } from '../../server/src/core/effects/effect.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import type { Database } from '../../server/src/store/database.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { caller } from '../engine/engine-parts.ts'
import { random } from '../support/engine.ts'
import { databaseBefore, type ReadBefore, readBefore } from './version-before.ts'
import { type World, worldBefore } from './world-before.ts'

export const INNER = new Set(['automations.delay', 'native.delay', 'notifications.timeout'])
const KINDS = ['mail.send', 'webhook.call', 'webhook.withdraw', 'notifications.offer', ...INNER]
export const DONE: Verdict = { is: 'done' }

export type Migrated = AsyncDisposable & {
  readonly db: Database
  readonly world: World
  readonly before: ReadonlyMap<string, ReadBefore>
}

export async function migrated(): Promise<Migrated> {
  const database = await databaseBefore()
  const { db } = database
  const world = await worldBefore(db)
  const before = new Map<string, ReadBefore>()
  for (const id of world.cancellations) before.set(id, await readBefore(db, id))
  assert.equal((await migrate(db))[0], 9)
  return { db, world, before, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

/** `days`: how far its clock is ahead. */
export function engineOn(
  db: Database,
  { days = 0, run }: { days?: number; run?: (effect: StartedEffect) => Verdict } = {},
) {
  const ahead = days * 86_400_000
  const clock = () => (ahead === 0 ? null : new Date(Date.now() + ahead))
  const engine = new Engine({ db, random, clock, careEveryMs: 10, runner: { beatMs: 20 } })
  const carriers = KINDS.map(
    (kind): Carrier => ({
      kind,
      slots: 100,
      maxAttempts: 10,
      touchesWorld: !INNER.has(kind),
      run: async effect => run?.(effect) ?? DONE,
      ...(kind === 'webhook.call' && {
        withdraw: ({ id }) => ({
          kind: 'webhook.withdraw',
          title: 'Withdraw',
          due: { afterMs: 0 },
          data: { id },
        }),
      }),
    }),
  )
  engine.register({ carriers, domains: [{ eventKind: 'native.event' }] })
  return engine
}

export function request(target: CancelRequest['target'], over: Partial<CancelRequest> = {}): CancelRequest {
  return { tenant: 'contoso', target, by: caller('z'), ...over }
}

/** As JSON would show it. */
export const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

/** What a receipt that was read by the version before reads like now. */
export function expected({ items, events, notices, notes }: ReadBefore) {
  const renamed: ReadBefore['items'] = items.map(item => ({
    ...item,
    outcome: item.outcome === 'done' ? 'already_ended' : item.outcome,
  }))
  return plain({
    items: inOneOrder(renamed.filter(item => !INNER.has(item.kind as string))),
    innerSteps: inOneOrder(renamed.filter(item => INNER.has(item.kind as string))),
    events: events.map(({ met: _, ...event }) => event),
    met: events.filter(event => event.met).map(event => event.id),
    notices,
    notes,
  })
}

export function shown(receipt: Receipt) {
  const { items, innerSteps, events, notices, notes, early } = receipt
  return plain({
    items: inOneOrder(items),
    innerSteps: inOneOrder(innerSteps),
    events,
    met: early?.metEventIds ?? [],
    notices,
    notes,
  })
}

/** By their ids, and without the time of what was prevented: a receipt is in the order of time by now, and dates that by its cancel. */
function inOneOrder<Item extends { readonly effectId?: unknown; readonly outcome?: unknown }>(
  items: readonly Item[],
): readonly object[] {
  return items
    .map(item => (item.outcome === 'prevented' ? { ...item, at: undefined } : item))
    .toSorted((a, b) => String(a.effectId).localeCompare(String(b.effectId)))
}
