// Rescue: what a dead process left running goes back to pending, as its next attempt; receipts whose time is up are closed.
// Every process does this; row locks keep them from doing it twice.

import { backoffMs } from '../core/backoff.ts'
import { isUnavailable } from '../store/database.ts'
import { lockParents } from './announce.ts'
import { markSomeOpen } from './cancel-open.ts'
import { columns } from './columns.ts'
import { type Context, sql } from './context.ts'

type Abandoned = {
  shard: number
  effect_id: string
  event_id: string | null
  attempt: number
  max_attempts: number
  link: 'cancel' | 'keep'
}

/** One round. Gives back how many effects were rescued. */
export async function rescueOnce(context: Context): Promise<number> {
  // Mostly there is nothing: then no transaction is made.
  const [any] = await context.db.query<Abandoned>(sql('abandoned'), [1, context.clock()])
  const rescued =
    any === undefined
      ? 0
      : await context.db.transaction('rescue', async tx => {
          const found = await tx.query<Abandoned>(sql('abandoned'), [500, context.clock()])
          if (found.length === 0) return 0
          const parents = await lockParents(
            tx,
            found.flatMap(f => f.event_id ?? []),
            { wait: 'skip' },
          )
          const free = found.filter(f => f.event_id === null || parents.has(f.event_id))
          const live = (f: Abandoned) =>
            f.event_id === null || f.link === 'keep' || parents.get(f.event_id)?.cancellation_id === null
          const again = free.filter(f => live(f) && f.attempt < f.max_attempts)
          const back = await tx.query<{ effect_id: string }>(sql('back-to-pending'), [
            context.clock(),
            null,
            ...columns(again, 7, f => [
              f.shard,
              f.effect_id,
              f.attempt,
              f.attempt + 1,
              backoffMs(f.attempt + 1, 0),
              'the process that ran it was lost',
              true,
            ]),
          ])
          const over = free.filter(f => live(f) && f.attempt >= f.max_attempts)
          await tx.query(sql('settle'), [
            context.clock(),
            null,
            ...columns(over, 8, f => [
              f.shard,
              f.effect_id,
              f.attempt,
              'dead',
              null,
              'the process that ran it was lost',
              null,
              false,
            ]),
          ])
          tx.afterCommit(() => context.hints.due())
          return back.length + over.length
        })
  const expired = await context.db.query<{ id: string; running: boolean }>(sql('expired-workers'), [
    context.clock(),
  ])
  for (const worker of expired)
    if (!worker.running) await context.db.query(sql('bury-worker'), [context.clock(), worker.id])
  return rescued
}

/** Closes every receipt whose time is up. */
export async function closeReceipts(context: Context, cancellationId: string | null = null): Promise<void> {
  await context.db.query(sql('close-receipts'), [context.clock(), cancellationId])
}

/** The background work of one process: rescue, closing, marking. */
export class Caretaker {
  private readonly context: Context
  private readonly everyMs: number
  private readonly onError: (where: string, error: unknown) => void
  private timer: NodeJS.Timeout | null = null
  private stopped = false
  private round: Promise<void> = Promise.resolve()
  private again = false

  constructor(
    context: Context,
    options: { everyMs?: number; onError?: (where: string, error: unknown) => void } = {},
  ) {
    this.context = context
    this.everyMs = options.everyMs ?? 2000
    this.onError = options.onError ?? (() => {})
  }

  start(): void {
    this.schedule(0)
  }

  /** Do a round soon: there is an open cancellation. */
  nudge(): void {
    this.again = true
    if (this.timer) this.schedule(0)
  }

  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
    await this.round
  }

  private schedule(ms: number): void {
    if (this.stopped) return
    if (this.timer) clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.timer = null
      this.again = false
      this.round = this.care().finally(() => this.schedule(this.again ? 0 : this.everyMs))
    }, ms)
    this.timer.unref()
  }

  private async care(): Promise<void> {
    try {
      while (!this.stopped && (await markSomeOpen(this.context))) {}
      while (!this.stopped && (await rescueOnce(this.context)) > 0) {}
      await closeReceipts(this.context)
    } catch (error) {
      if (!isUnavailable(error)) this.onError('caretaker', error)
    }
  }
}
