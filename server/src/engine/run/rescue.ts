// Rescue: what a dead process left running is reported in its place, as an attempt of which nobody knows how it went. The report is
// settled like any other (settle.ts): the effect goes back to pending for its next attempt, or it ends and its domain is asked.
// Every process does this; row locks keep two of them from rescuing the same effect.

import { backoffMs } from '../../core/effects/backoff.ts'
import type { Verdict } from '../../core/effects/effect.ts'
import { DatabaseOverloaded, isUnavailable, type Tx } from '../../store/database.ts'
import { ALL_GATES, type Context } from '../context.ts'
import { sql } from '../statements.ts'
import { domainKindOf } from './end.ts'
import { settleAttempts } from './settle.ts'
import { type Attempt, withoutDomain } from './settle-plan.ts'
import { retryOf, type StartedRow, startedEffect } from './start.ts'

const FIRST = '00000000-0000-0000-0000-000000000000'

/**
 * One round over all dead workers. Returns how many effects were rescued. An effect that cannot be rescued does not stop the others: its
 * error is thrown at the end of the round.
 */
export async function rescueOnce(context: Context): Promise<number> {
  // Mostly there is no dead worker: then no transaction is made.
  const expired = await context.db.query<{ id: string; registered: boolean }>(sql('expired-workers'), [
    context.clock(),
  ])
  const faults: unknown[] = []
  let rescued = 0
  for (const worker of expired) {
    // It may have sent a heartbeat since: a living worker must keep its ticket.
    const claim = [context.clock(), worker.id]
    if (worker.registered && (await context.db.query(sql('claim-expired'), claim)).length === 0) continue
    rescued += await rescueWorker(context, worker.id, faults)
    await context.db.query(sql('remove-dead-worker'), [context.clock(), worker.id])
  }
  if (faults.length > 1) throw new AggregateError(faults, `${faults.length} effects could not be rescued`)
  if (faults.length === 1) throw faults[0]
  return rescued
}

async function rescueWorker(context: Context, worker: string, faults: unknown[]): Promise<number> {
  let rescued = 0
  for (let after: string | null = FIRST; after !== null; ) {
    const batch = await rescueBatch(context, worker, after, faults)
    rescued += batch.rescued
    after = batch.next
  }
  return rescued
}

type Abandoned = Omit<StartedRow, 'shard' | 'lane' | 'id'> & {
  readonly id: string | null
  /** Started before a backup that was restored. */
  readonly lost: boolean
  readonly on_hold: boolean
}
/** What one start left. `next`: where to go on; null: there is no further batch that nobody else is at. */
type AbandonedBatch = {
  readonly attempts: readonly Attempt[]
  readonly next: string | null
  /** Some of it is on hold: it is come back to. */
  readonly onHold: boolean
}
type RescuedBatch = { readonly rescued: number; readonly next: string | null }

async function rescueBatch(
  context: Context,
  worker: string,
  after: string,
  faults: unknown[],
): Promise<RescuedBatch> {
  try {
    return await context.db.transaction('rescue', async tx => {
      const { attempts, next, onHold } = await takeAbandoned(context, tx, worker, after)
      const results = attempts.length === 0 ? [] : await settleAttempts(context, tx, attempts)
      const postponed = results.filter(result => result === 'locked').length
      // An effect that a cancel has locked just now is left for the next round, and so is its batch.
      if (postponed === 0 && !onHold && next !== null) tx.send(sql('forget-batches'), [[next]])
      return { rescued: attempts.length - postponed, next }
    })
  } catch (error) {
    if (isAway(error)) throw error
    // One of them cannot be written. The batch is forgotten in the next round, which finds nothing of it.
    const { attempts, next } = await context.db.transaction('rescue', tx =>
      takeAbandoned(context, tx, worker, after),
    )
    return { rescued: await settleApart(context, attempts, faults), next }
  }
}

async function takeAbandoned(
  context: Context,
  tx: Tx,
  worker: string,
  after: string,
): Promise<AbandonedBatch> {
  // Waits for a start that is under way; what comes later under the name of this worker starts nothing. A start holds its
  // gates before its ticket.
  tx.send(sql('gates-shared'), [ALL_GATES])
  tx.send(sql('delete-tickets-of'), [worker])
  const rows = await tx.query<Abandoned>(sql('abandoned'), [worker, after])
  const attempts = rows.flatMap(row =>
    row.id === null || row.on_hold ? [] : [lostAttempt(context, row as Abandoned & { id: string })],
  )
  return { attempts, next: rows[0]?.start_id ?? null, onHold: rows.some(row => row.on_hold) }
}

/** In halves, until what cannot be written is alone: it then dies without its domain. Gives back how many were written. */
async function settleApart(
  context: Context,
  attempts: readonly Attempt[],
  faults: unknown[],
): Promise<number> {
  const [only] = attempts
  if (only === undefined) return 0
  try {
    const results = await context.db.transaction('rescue', tx => settleAttempts(context, tx, attempts))
    return results.filter(result => result !== 'locked').length
  } catch (error) {
    if (isAway(error)) throw error
    if (attempts.length > 1) {
      const half = attempts.length >> 1
      const first = await settleApart(context, attempts.slice(0, half), faults)
      return first + (await settleApart(context, attempts.slice(half), faults))
    }
    faults.push(error)
    return only.domainKind === null ? 0 : await settleApart(context, [withoutDomain(only, error)], faults)
  }
}

/** No effect of the batch caused this: a smaller batch would fail too. */
function isAway(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof DatabaseOverloaded && !error.ranOutOfTime)
}

function lostAttempt(context: Context, row: Abandoned & { readonly id: string }): Attempt {
  const verdict: Verdict =
    row.lost && row.touches_world
      ? {
          is: 'failed',
          error: 'it was running when the backup was made that was restored: nobody knows how it went',
          mayHaveHappened: true,
        }
      : {
          is: 'retry',
          error: 'the process that ran it was lost',
          mayHaveHappened: true,
          afterMs: backoffMs(row.attempt + 1, 0),
        }
  return {
    effect: startedEffect(row),
    maxAttempts: row.max_attempts,
    retry: retryOf(context, row),
    keep: row.keep,
    domainKind: domainKindOf(context, row),
    verdict,
  }
}

/** Closes every receipt whose time is up, or one. */
export async function closeReceipts(context: Context, cancellationId: string | null = null): Promise<void> {
  for (;;) {
    const closed = await context.db.query<{ id: string; kind: string }>(sql('close-receipts'), [
      context.clock(),
      cancellationId,
    ])
    for (const { kind } of closed) context.watch?.ended(kind, 'in_doubt')
    if (closed.length < CLOSED_AT_ONCE) return
  }
}

/** As many as one run of close-receipts.sql ends. */
const CLOSED_AT_ONCE = 5000
