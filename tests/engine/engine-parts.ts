// Engine verbs for tests that step through them or drive the loop by hand: a context on a given database, a tree to start
// from, and a way to let everything end.

import assert from 'node:assert/strict'
import type { Cancelled, CancelOutcome, CancelRequest } from '../../server/src/core/cancellation.ts'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type { NewEffect, StartedEffect, Verdict } from '../../server/src/core/effects/effect.ts'
import type { Announcement } from '../../server/src/core/event.ts'
import { announce } from '../../server/src/engine/announce/announce.ts'
import type { Context } from '../../server/src/engine/context.ts'
import type { Domain, NextSteps } from '../../server/src/engine/domain.ts'
import { Engine, type EngineOptions } from '../../server/src/engine/engine.ts'
import { markSomeOpen } from '../../server/src/engine/open-cancel/open-marker.ts'
import { endFromOutside } from '../../server/src/engine/run/end.ts'
import { closeReceipts } from '../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../server/src/engine/run/settle.ts'
import type { Attempt } from '../../server/src/engine/run/settle-plan.ts'
import {
  type Room,
  type StartedRow,
  startDue,
  startedEffect,
  type Ticket,
} from '../../server/src/engine/run/start.ts'
import type { Database } from '../../server/src/store/database.ts'
import { random } from '../support/engine.ts'

export const TENANT = 'contoso'
export const KIND = 'native.event'
export const WORKER = '00000000-0000-8000-8000-000000000001'
export const OTHER_WORKER = '00000000-0000-8000-8000-000000000002'

const carrier = (kind: string): Carrier => ({
  kind,
  slots: 1000,
  maxAttempts: 3,
  run: async () => ({ is: 'done' }),
})

/** `next`: what follows from an ended effect of kind 'step'. */
export function contextOn(
  db: Database,
  over: Partial<Context> & { next?: (effect: StartedEffect) => NextSteps } = {},
): Context {
  const domain: Domain = {
    eventKind: KIND,
    wantsSettled: kind => kind === 'step',
    settled: async (_tx, settled) => new Map(settled.map(s => [s.effect.id, over.next?.(s.effect) ?? {}])),
  }
  return {
    db,
    clock: () => null,
    random,
    carriers: new Map(['mail', 'step'].map(kind => [kind, carrier(kind)])),
    domains: new Map([[KIND, domain]]),
    hints: { due() {}, stopRequested() {} },
    maxMarkedAtOnce: 5000,
    finalAfterMs: 30_000,
    ...over,
  }
}

export function effect(title: string, over: Partial<NewEffect> = {}): NewEffect {
  return { kind: 'mail', title, lane: title, due: { afterMs: 0 }, data: {}, ...over }
}

export function event(
  title: string,
  effects: readonly NewEffect[],
  over: Partial<Announcement> = {},
): Announcement {
  return { tenant: TENANT, kind: KIND, key: null, entity: 'entity', title, data: {}, effects, ...over }
}

export const caller = (name: string) => ({ principal: `app:${name}`, api: 'native', name }) as const

export function byId(eventId: string, by = 'a', over: Partial<CancelRequest> = {}): CancelRequest {
  return { tenant: TENANT, target: { eventId }, by: caller(by), ...over }
}

export function byKey(key: string, by = 'a', over: Partial<CancelRequest> = {}): CancelRequest {
  return { tenant: TENANT, target: { key, entity: 'entity', kind: KIND }, by: caller(by), ...over }
}

/** What a cancel answered that was not refused. */
export function cancelled(outcome: CancelOutcome | undefined): Cancelled {
  assert.ok(outcome && !('refused' in outcome), JSON.stringify(outcome))
  return outcome
}

/** Announces one event; its id. */
export async function announced(db: Database, announcement: Announcement): Promise<string> {
  const [result] = await db.transaction('t', tx => announce(contextOn(db), tx, [announcement]))
  assert.ok(result?.is === 'announced', JSON.stringify(result))
  return result.eventId
}

/** An engine that only announces, cancels and reads: nothing runs or marks behind its back. */
export function idleEngine(db: Database, over: Partial<EngineOptions> = {}): Engine {
  const engine = new Engine({ db, random, ...over })
  const { carriers, domains } = contextOn(db)
  engine.register({ carriers: [...carriers.values()], domains: [...domains.values()] })
  return engine
}

export type PendingRow = { readonly id: string; readonly lane: string }

export async function pendingOf(db: Database): Promise<readonly PendingRow[]> {
  return await db.query<PendingRow>({
    text: `select id, lane from engine.effect where state = 'pending' order by due_at, id`,
  })
}

let made = 0
/** A start id that was never used. */
export function newStartId(): string {
  made += 1
  return `00000000-0000-8000-8000-${made.toString(16).padStart(12, '1')}`
}

/** A process in which nothing runs. */
export const ALL_ROOM: Room = { lanes: new Map(), tenants: new Map(), share: 10_000 }

/** The ticket of a worker, which is there afterwards. */
export async function ticketOf(db: Pick<Database, 'query'>, worker: string): Promise<Ticket> {
  const ticket = { id: worker, worker }
  await db.query({
    text: `insert into engine.start_ticket values ('${worker}', '${worker}') on conflict do nothing`,
  })
  return ticket
}

/** Starts these of the due effects: those of all other lanes stay. Every effect of {@link effect} has a lane of its own. */
export async function startChosen(
  context: Context,
  db: Pick<Database, 'flush'>,
  worker: string,
  chosen: readonly PendingRow[],
  all: readonly PendingRow[] = chosen,
): Promise<readonly StartedRow[]> {
  const wanted = new Set(chosen.map(row => row.lane))
  const full = all.map(row => row.lane).filter(lane => !wanted.has(lane))
  return await startDue(context, db, {
    ticket: { id: worker, worker },
    startId: newStartId(),
    limit: 1000,
    room: { ...ALL_ROOM, lanes: new Map(full.map(lane => [lane, 0])) },
  })
}

/** Everything that is due, under a ticket that is there. */
export async function startAllDue(
  context: Context,
  db: Database,
  worker = WORKER,
): Promise<readonly StartedRow[]> {
  await ticketOf(db, worker)
  return await startChosen(context, db, worker, await pendingOf(db))
}

export function attemptOf(row: StartedRow, verdict: Verdict): Attempt {
  return {
    effect: startedEffect(row),
    maxAttempts: row.max_attempts,
    keep: row.keep,
    domainKind: row.kind === 'step' && row.event_kind !== null ? KIND : null,
    verdict,
  }
}

/** Settles until it is no longer held, as the runner does; its result. */
export async function settleNow(context: Context, attempt: Attempt): Promise<string> {
  for (;;) {
    const [result] = await context.db.transaction('settle', tx => settleAttempts(context, tx, [attempt]))
    if (result !== 'locked') return result as string
  }
}

/** A day later: what is open is marked, what is pending runs, what runs ends, receipts close. `started` hears each start. */
export async function letEverythingEnd(db: Database, started: (row: StartedRow) => void): Promise<void> {
  const context = contextOn(db, { clock: () => new Date(Date.now() + 86_400_000) })
  // What is marked here has its time from then on.
  const afterIt = contextOn(db, { clock: () => new Date(Date.now() + 2 * 86_400_000) })
  await ticketOf(db, OTHER_WORKER)
  for (let round = 0; ; round++) {
    if (round > 50) throw new Error('it does not come to an end')
    while (await markSomeOpen(context, 3)) {}
    await closeReceipts(afterIt)
    const pending = await pendingOf(db)
    const running = await db.query<StartedRow & { state: 'running' | 'waiting' }>({
      text: `select f.*, null as event_kind from engine.effect f where f.state <> 'pending'`,
    })
    if (pending.length === 0 && running.length === 0) return
    for (const row of running) {
      if (row.state === 'running') await settleNow(context, attemptOf(row, { is: 'done' }))
      else
        await db.transaction('end', tx =>
          endFromOutside(context, tx, [{ effectId: row.id, verdict: { is: 'done' } }]),
        )
    }
    for (const row of await startChosen(context, db, OTHER_WORKER, pending)) started(row)
  }
}

/** Resolves when the work is over or waits for somebody's lock in this database, whichever comes first. */
export async function overOrWaiting(db: Database, work: Promise<unknown>): Promise<'over' | 'waiting'> {
  let over = false
  work.then(
    () => {
      over = true
    },
    () => {
      over = true
    },
  )
  for (;;) {
    const [row] = await db.query<{ waiting: boolean }>({
      text: `select exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where not l.granted and a.datname = current_database()) as waiting`,
    })
    if (over) return 'over'
    if (row?.waiting) return 'waiting'
  }
}

/** An effect that is due in an hour: it stays pending for the whole of a test. */
export const later = { due: { afterMs: 3_600_000 } }

export const make = (db: Database, ...args: Parameters<typeof event>) => announced(db, event(...args))

export const receiptOf = (outcome: CancelOutcome) => cancelled(outcome).receiptId
