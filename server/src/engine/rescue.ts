// Rescue: what a process left running that is gone is reported for it, as an attempt of which nobody knows how it went. It
// goes the way of every report (settle.ts): back to pending as its next attempt, or to its end, and its domain is asked.
// Every process does this; row locks keep two from doing it at once.

import { backoffMs } from '../core/backoff.ts'
import type { Verdict } from '../core/effect.ts'
import { ALL_GATES, type Context, sql } from './context.ts'
import { domainKindOf } from './end.ts'
import { type Attempt, settleAttempts } from './settle.ts'
import { type StartedRow, startedEffect } from './start.ts'

const FIRST = '00000000-0000-0000-0000-000000000000'

/** One round over every worker that is gone. Gives back how many effects were rescued. */
export async function rescueOnce(context: Context): Promise<number> {
  // Mostly there is nobody: then no transaction is made.
  const expired = await context.db.query<{ id: string; registered: boolean }>(sql('expired-workers'), [
    context.clock(),
  ])
  let rescued = 0
  for (const worker of expired) {
    // It may have beaten since: a living worker must keep its ticket.
    const claim = [context.clock(), worker.id]
    if (worker.registered && (await context.db.query(sql('claim-expired'), claim)).length === 0) continue
    rescued += await rescueWorker(context, worker.id)
    await context.db.query(sql('bury-worker'), [context.clock(), worker.id])
  }
  return rescued
}

async function rescueWorker(context: Context, worker: string): Promise<number> {
  let rescued = 0
  for (let after: string | null = FIRST; after !== null; ) {
    const batch = await context.db.transaction('rescue', tx =>
      rescueBatch(context, tx, worker, after as string),
    )
    rescued += batch.rescued
    after = batch.next
  }
  return rescued
}

type Abandoned = Omit<StartedRow, 'shard' | 'lane' | 'id'> & { readonly id: string | null }

/** One batch of starts. `next`: where to go on; null: there is no further batch that nobody else is at. */
async function rescueBatch(
  context: Context,
  tx: Parameters<typeof settleAttempts>[1],
  worker: string,
  after: string,
): Promise<{ readonly rescued: number; readonly next: string | null }> {
  // Waits for a start that is under way; what comes later under the name of this worker starts nothing. A start holds its
  // gates before its ticket.
  tx.send(sql('gates-shared'), [ALL_GATES])
  tx.send(sql('delete-tickets-of'), [worker])
  const rows = await tx.query<Abandoned>(sql('abandoned'), [worker, after])
  const [first] = rows
  if (!first) return { rescued: 0, next: null }
  const attempts = rows.flatMap(row =>
    row.id === null ? [] : [lostAttempt(context, row as Abandoned & { id: string })],
  )
  const results = attempts.length === 0 ? [] : await settleAttempts(context, tx, attempts)
  const held = results.filter(result => result === 'held').length
  // What a cancel holds just now is left for the next round, and so is the batch.
  if (held === 0) tx.send(sql('forget-batches'), [[first.start_id]])
  return { rescued: attempts.length - held, next: first.start_id }
}

function lostAttempt(context: Context, row: Abandoned & { readonly id: string }): Attempt {
  const verdict: Verdict = {
    is: 'retry',
    error: 'the process that ran it was lost',
    mayHaveHappened: true,
    afterMs: backoffMs(row.attempt + 1, 0),
  }
  return {
    effect: startedEffect(row),
    maxAttempts: row.max_attempts,
    keep: row.keep,
    domainKind: domainKindOf(context, row),
    verdict,
  }
}

/** Closes every receipt whose time is up, or one. */
export async function closeReceipts(context: Context, cancellationId: string | null = null): Promise<void> {
  for (;;) {
    const closed = await context.db.query(sql('close-receipts'), [context.clock(), cancellationId])
    if (closed.length < CLOSED_AT_ONCE) return
  }
}

/** As many as one run of close-receipts.sql ends. */
const CLOSED_AT_ONCE = 5000
