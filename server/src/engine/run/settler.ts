// Writes the reports of one runner: batches them, and tries again until each one is written.
//
// An end that is known must not be lost because the database is away, or its disk is full. A report that nobody can write
// as it is is written with less, so that the effect does not stay running forever.

import type { Ending } from '../../core/effects/effect.ts'
import { DatabaseOverloaded, isLockTimeout, isUnavailable } from '../../store/database.ts'
import { Batcher } from '../batcher.ts'
import type { Context } from '../context.ts'
import { sql } from '../statements.ts'
import { endValues, type PlannedEnd, tellEnds } from './end.ts'
import { type SettleResult, settleAttempts } from './settle.ts'
import { type Attempt, endOf, isPlainEnd, planOf, withLess } from './settle-plan.ts'

/** The longest pause between two attempts to write an end, milliseconds. */
const LONGEST_WAIT_MS = 2000
/** How long a batch of ends waits for a row that somebody has locked. After that each end is looked at by itself. */
const LOCK_WAIT_MS = 200

type EndedRow = { readonly id: string; readonly ending: Ending }

/**
 * What to do after an end could not be written, when the pause before was `waitedMs`. Pure.
 * - A database that is away, or whose disk is full, is waited for. A graceful stop does not wait: the lease runs out and another process rescues.
 * - A report that ran out of time is tried alone, so that it does not make others fail.
 * - Any other lasting fault belongs to this end: to the hook of its domain, or to its texts.
 */
export function afterUnwritten(
  error: unknown,
  {
    waitedMs,
    stopping,
    alone,
  }: { readonly waitedMs: number; readonly stopping: boolean; readonly alone: boolean },
): 'again' | 'alone' | 'give up' | 'with less' {
  const away = isUnavailable(error)
  const overloaded = error instanceof DatabaseOverloaded
  if (stopping && (away || waitedMs >= LONGEST_WAIT_MS)) return 'give up'
  if (overloaded && error.ranOutOfTime && !alone) return 'alone'
  if (away || waitedMs < LONGEST_WAIT_MS) return 'again'
  return overloaded && !error.ranOutOfTime ? 'again' : 'with less'
}

export class Settler {
  /** The process stops: a report that cannot be written is then given up. */
  stopping = false
  private readonly context: Context
  private readonly onError: (where: string, error: unknown) => void
  private readonly batches: Batcher<Attempt, SettleResult>
  /** Reports that made a batch run out of time: each is written by itself. */
  private readonly alone: Batcher<Attempt, SettleResult>

  constructor(context: Context, onError: (where: string, error: unknown) => void) {
    this.context = context
    this.onError = onError
    const unbounded = { maxQueue: Number.POSITIVE_INFINITY }
    const run = (batch: readonly Attempt[]) => this.settleBatch(batch)
    this.batches = new Batcher({ ...unbounded, name: 'settle', maxBatch: 1000, run })
    this.alone = new Batcher({ ...unbounded, name: 'settle-alone', maxBatch: 1, run })
  }

  async drained(): Promise<void> {
    await this.batches.drained()
    await this.alone.drained()
  }

  /** Tries until the report is written. False: it was given up. */
  async settle(wanted: Attempt): Promise<boolean> {
    let attempt = wanted
    let batcher = this.batches
    for (let wait = 5; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        if ((await batcher.submit(attempt)) !== 'locked') return true
        attempt = { ...attempt, wasHeld: true }
      } catch (error) {
        if (!isUnavailable(error)) this.onError('settle', error)
        const alone = batcher === this.alone
        const next = afterUnwritten(error, { waitedMs: wait, stopping: this.stopping, alone })
        if (next === 'give up') return false
        if (next === 'alone') batcher = this.alone
        if (next === 'with less' && attempt.verdict === wanted.verdict) attempt = withLess(wanted, error)
      }
      await new Promise(resolve => setTimeout(resolve, wait))
    }
  }

  private async settleBatch(batch: readonly Attempt[]): Promise<readonly SettleResult[]> {
    const { context } = this
    // Ends that need nothing but settle.sql are written without a transaction around it. Those that it did not find are reported once
    // more, in a transaction.
    if (batch.every(attempt => isPlainEnd(attempt, 0))) {
      const ordered = batch.toSorted((a, b) => (a.effect.id < b.effect.id ? -1 : 1))
      const ends = ordered.map(attempt => endOf(planOf(attempt, 0)))
      const rows = await this.endPlain(ends)
      const written = new Map(rows.map(row => [row.id, row.ending]))
      tellEnds(context, ends, written)
      if (rows.length === batch.length) return batch.map(() => 'ended')
      const rest = batch.filter(attempt => !written.has(attempt.effect.id))
      const results = await context.db.transaction('settle', tx => settleAttempts(context, tx, rest))
      const of = new Map(rest.map((attempt, i) => [attempt, results[i] as SettleResult]))
      return batch.map(attempt => of.get(attempt) ?? 'ended')
    }
    return await context.db.transaction('settle', tx => settleAttempts(context, tx, batch))
  }

  /** The ends that were written. None if somebody has locked one of the effects: then each has to be looked at. */
  private async endPlain(ends: readonly PlannedEnd[]): Promise<readonly EndedRow[]> {
    try {
      const [, rows] = await this.context.db.flush('settle', [
        { statement: sql('limit-lock-wait'), values: [String(LOCK_WAIT_MS)] },
        { statement: sql('settle'), values: endValues(this.context, ends) },
      ])
      return rows as readonly EndedRow[]
    } catch (error) {
      if (isLockTimeout(error)) return []
      throw error
    }
  }
}
