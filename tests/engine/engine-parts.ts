// Engine verbs for tests that step through them or drive the loop by hand: a context on a given database, a tree to start
// from, and a way to let everything end.

import { randomBytes } from 'node:crypto'
import type { CancelRequest } from '../../server/src/core/cancellation.ts'
import type { NewEffect, StartedEffect, Verdict } from '../../server/src/core/effect.ts'
import type { Announcement } from '../../server/src/core/event.ts'
import { markSomeOpen } from '../../server/src/engine/cancel-open.ts'
import type { Context } from '../../server/src/engine/context.ts'
import { end } from '../../server/src/engine/end.ts'
import type { Births, Carrier, Domain } from '../../server/src/engine/hooks.ts'
import { closeReceipts } from '../../server/src/engine/rescue.ts'
import { type Attempt, settleAttempts } from '../../server/src/engine/settle.ts'
import { type StartedRow, startChosen } from '../../server/src/engine/start.ts'
import type { Database } from '../../server/src/store/database.ts'

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

/** `births`: what an ended effect of kind 'step' brings into the world. */
export function contextOn(
  db: Database,
  over: Partial<Context> & { births?: (effect: StartedEffect) => Births } = {},
): Context {
  const domain: Domain = {
    eventKind: KIND,
    wantsSettled: kind => kind === 'step',
    settled: async (_tx, settled) => new Map(settled.map(s => [s.effect.id, over.births?.(s.effect) ?? {}])),
  }
  return {
    db,
    clock: () => null,
    random: bytes => randomBytes(bytes),
    carriers: new Map(['mail', 'step'].map(kind => [kind, carrier(kind)])),
    domains: new Map([[KIND, domain]]),
    hints: { due() {}, asked() {} },
    maxMarkedAtOnce: 5000,
    finalAfterMs: 30_000,
    ...over,
  }
}

export function effect(title: string, over: Partial<NewEffect> = {}): NewEffect {
  return { kind: 'mail', title, due: { afterMs: 0 }, data: {}, ...over }
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

export type PendingRow = { readonly shard: number; readonly effect_id: string }

export async function pendingOf(db: Database): Promise<readonly PendingRow[]> {
  return await db.query<PendingRow>({
    text: 'select shard, effect_id from engine.pending order by due_at, effect_id',
  })
}

export function attemptOf(row: StartedRow, verdict: Verdict, worker = WORKER): Attempt {
  return {
    effect: {
      id: row.id,
      tenant: row.tenant,
      eventId: row.event_id,
      noticeOf: row.notice_of,
      kind: row.kind,
      title: row.title,
      data: row.data,
      dueAt: row.due_at,
      attempt: row.attempt,
    },
    maxAttempts: row.max_attempts,
    link: row.link,
    domainKind: row.kind === 'step' && row.event_kind !== null ? KIND : null,
    verdict,
    worker,
  }
}

/** Settles until it is no longer held, as the runner does; its result. */
export async function settleNow(context: Context, attempt: Attempt): Promise<string> {
  for (;;) {
    const [result] = await context.db.transaction('settle', tx => settleAttempts(context, tx, [attempt]))
    if (result !== 'held') return result as string
  }
}

/** A day later: what is open is marked, what is pending runs, what runs ends, receipts close. `started` hears each start. */
export async function letEverythingEnd(db: Database, started: (row: StartedRow) => void): Promise<void> {
  const context = contextOn(db, { clock: () => new Date(Date.now() + 86_400_000) })
  for (let round = 0; ; round++) {
    if (round > 50) throw new Error('it does not come to an end')
    while (await markSomeOpen(context, 3)) {}
    await closeReceipts(context)
    const chosen = await pendingOf(db)
    const running = await db.query<StartedRow & { worker: string | null; asked: boolean }>({
      text: `select f.shard, f.id, f.tenant, f.event_id, f.notice_of, f.kind, f.title, f.data, f.due_at, f.max_attempts, f.link,
          r.attempt, '' as lane, null as event_kind, r.worker, r.cancellation_id is not null as asked
        from engine.running r join engine.effect f on f.shard = r.shard and f.id = r.effect_id`,
    })
    if (chosen.length === 0 && running.length === 0) return
    for (const row of running) {
      if (row.worker !== null) await settleNow(context, attemptOf(row, { is: 'done' }, row.worker))
      else
        await db.transaction('end', tx => end(context, tx, [{ effectId: row.id, verdict: { is: 'done' } }]))
    }
    const rows = await db.transaction('start', tx => startChosen(context, tx, OTHER_WORKER, chosen))
    for (const row of rows) started(row)
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
