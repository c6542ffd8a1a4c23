// The loop: wake -> start -> execute -> settle. One per engine and process; many processes on one database.
//
//   wake     a hint, a slot that came free, or the next due time by the database's clock (at most a minute away)
//   start    all gates, then start.sql: what is due and has a free slot; committed before any carrier is called
//   execute  the carrier, with an abort signal that says why
//   settle   gathered (settle.ts)
//
// A heartbeat runs beside the loop: it renews the lease on this process's row, and finds what of it somebody has called off.

import { EffectAborted, type Ending, type Verdict } from '../../core/effects/effect.ts'
import { DEFAULT_LEASE_MS } from '../../core/lease.ts'
import { DatabaseOverloaded, isLockTimeout, isUnavailable } from '../../store/database.ts'
import { Gather } from '../batcher.ts'
import { type Context, newId } from '../context.ts'
import { sql } from '../statements.ts'
import { domainKindOf, type EndOf, endValues, tellEnds } from './end.ts'
import { idleAfter, restMs } from './idle.ts'
import { RunningPlaces } from './running-slots.ts'
import {
  type Attempt,
  endOf,
  isPlainEnd,
  planOf,
  type SettleResult,
  settleAttempts,
  withLess,
} from './settle.ts'
import {
  leftText,
  retryOf,
  type StartedRow,
  startDue,
  startedEffect,
  startedUnheard,
  type Ticket,
} from './start.ts'

/** How long an abort may take to be heeded at a stop, milliseconds. */
const HEED_MS = 1500
/** Between two attempts to write an end, milliseconds. */
const LONGEST_WAIT_MS = 2000
/** How long a batch of ends waits for a row that somebody holds, before each of them is looked at. */
const LOCK_WAIT_MS = 200

export type RunnerOptions = {
  /** Heartbeat, milliseconds. Default 1,000. */
  readonly beatMs?: number
  /** How long this process's running effects are its own without a beat, milliseconds. Default DEFAULT_LEASE_MS. */
  readonly leaseMs?: number
  /** Longest sleep without reading the database again, milliseconds. Default 60,000. */
  readonly maxSleepMs?: number
  /** Effects started at once. Default 1,000. */
  readonly batch?: number
  /** Effects running at once. Default 4,000. Not with `places`. */
  readonly maxRunning?: number
  /** Slots and places that several engines of one process share. Default: its own. */
  readonly places?: RunningPlaces
  /** Most time that running effects get to end at a stop, milliseconds. Default 6,000. */
  readonly graceMs?: number
  readonly host?: string
  readonly pid?: number
  readonly onError?: (where: string, error: unknown) => void
}

type EndedRow = { readonly id: string; readonly ending: Ending }
type Running = { readonly row: StartedRow; readonly controller: AbortController; readonly batch: Batch }
/** What was started together. */
type Batch = { readonly startId: string; left: number; givenUp?: boolean }

/**
 * What comes after an end could not be written, and was waited for so long since the last time. Pure.
 * - A database that is away, or whose disk is full, is waited for; but not by a graceful stop: the lease runs out and another rescues.
 * - What runs out of its time is tried alone, so that it takes no others with it.
 * - Anything else that goes on is of this end: its domain's hook, or what it has to tell.
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

export class Runner {
  private readonly context: Context
  private readonly options: Required<Omit<RunnerOptions, 'places'>>
  private readonly places: RunningPlaces
  private readonly running = new Map<string, Running>()
  private readonly settles: Gather<Attempt, SettleResult>
  /** One at a time, what took others with it. */
  private readonly alone: Gather<Attempt, SettleResult>
  private worker: string
  private ticket: Ticket
  /** A start whose answer was lost. Until it is looked up nothing else is started. */
  private unheard: { readonly startId: string; readonly old: Ticket } | null = null
  /** Batches of which nothing runs any more: their rows are deleted with the next heartbeat. */
  private over: string[] = []
  /** Until then the lease holds for sure. The process's own clock, which only decides when the database is asked. */
  private leasedUntil = 0
  private stopping = false
  private stopped: Promise<void> | null = null
  private joined = false
  private left = false
  private idleRounds = 0
  private woken = true
  private wakeUp: (() => void) | null = null
  private loop: Promise<void> = Promise.resolve()
  private beat: NodeJS.Timeout | null = null
  private beating: Promise<void> = Promise.resolve()
  private idle: (() => void)[] = []
  /** When the loop last went round; readyz looks at it. Milliseconds of the process's own clock. */
  turnedAt = 0

  constructor(context: Context, options: RunnerOptions = {}) {
    this.context = context
    this.options = {
      beatMs: 1000,
      leaseMs: DEFAULT_LEASE_MS,
      maxSleepMs: 60_000,
      batch: 1000,
      maxRunning: 4000,
      graceMs: 6000,
      host: '',
      pid: 0,
      onError: () => {},
      ...options,
    }
    this.places = options.places ?? new RunningPlaces({ maxRunning: this.options.maxRunning })
    this.worker = newId(context, 0)
    this.ticket = { id: newId(context, 0), worker: this.worker }
    this.settles = new Gather({
      name: 'settle',
      maxBatch: 1000,
      maxQueue: Number.POSITIVE_INFINITY,
      run: batch => this.settleBatch(batch),
    })
    this.alone = new Gather({
      name: 'settle-alone',
      maxBatch: 1,
      maxQueue: Number.POSITIVE_INFINITY,
      run: batch => this.settleBatch(batch),
    })
  }

  get runningCount(): number {
    return this.running.size
  }

  async start(): Promise<void> {
    await this.join()
    this.joined = true
    this.places.join(this)
    this.loop = this.turn()
    this.scheduleBeat()
  }

  /** Stops taking, lets what runs end for a while, aborts the rest, gives it back. May be called twice. */
  stop(): Promise<void> {
    this.stopped ??= this.end()
    return this.stopped
  }

  private async end(): Promise<void> {
    this.stopping = true
    // From now on, however long the last look for due work takes.
    const abortAt = performance.now() + this.options.graceMs
    const aborting = setTimeout(() => this.abortAll('shutdown'), this.options.graceMs)
    this.wake()
    await this.loop
    // It has touched nothing. Where the database is away it is left in doubt, and another rescues it.
    await this.giveBackUnheard().catch(error => {
      if (!isUnavailable(error)) this.options.onError('loop', error)
    })
    if (this.running.size > 0) {
      const leftMs = Math.max(0, abortAt - performance.now())
      // What the last look has begun, too.
      if (leftMs === 0) this.abortAll('shutdown')
      const idle = Promise.withResolvers<void>()
      this.idle.push(idle.resolve)
      // A carrier that does not heed its signal is left behind: once this worker has left, another rescues.
      const leaving = setTimeout(idle.resolve, leftMs + HEED_MS)
      await idle.promise
      clearTimeout(leaving)
    }
    clearTimeout(aborting)
    await this.settles.drained()
    await this.alone.drained()
    this.left = true
    this.places.leave(this)
    if (this.beat) clearTimeout(this.beat)
    await this.beating
    await this.forgetBatches().catch(() => {})
    await this.context.db.query(sql('worker-leave'), [this.worker]).catch(() => {})
  }

  /** Look again now. */
  wake(): void {
    this.woken = true
    this.wakeUp?.()
  }

  /** These were called off: abort what runs here, at once. */
  abortAsked(effects: readonly { readonly effectId: string; readonly cancellationId: string }[]): void {
    for (const { effectId, cancellationId } of effects) {
      this.running.get(effectId)?.controller.abort(new EffectAborted('cancelled', cancellationId))
    }
  }

  /** One heartbeat, also on a hint that something was called off elsewhere. */
  async heartbeat(): Promise<void> {
    const { context, options, worker } = this
    if (!this.joined || this.left) return
    const sentAt = performance.now()
    const [alive] = await context.db.query<{ id: string }>(sql('worker-beat'), [
      context.clock(),
      worker,
      options.leaseMs,
    ])
    // Another beat, on a hint, has found the same.
    if (worker !== this.worker) return
    if (!alive) {
      // Another may have rescued what this one ran: from here on it only does damage.
      this.abortAll('lease_lost')
      this.worker = newId(context, 0)
      this.ticket = { id: newId(context, 0), worker: this.worker }
      this.leasedUntil = 0
      await this.join()
      return
    }
    this.leasedUntil = sentAt + options.leaseMs
    await this.forgetBatches()
    if (this.running.size === 0) return
    const asked = await context.db.query<{ id: string; cancellation_id: string }>(sql('asked-to-stop'), [
      worker,
      [...this.running.keys()],
      [...this.running.values()].map(({ row }) => row.start_id),
    ])
    this.abortAsked(asked.map(row => ({ effectId: row.id, cancellationId: row.cancellation_id })))
  }

  private async join(): Promise<void> {
    const { context, options, worker, ticket } = this
    const sentAt = performance.now()
    await context.db.flush('join', [
      {
        statement: sql('worker-join'),
        values: [context.clock(), worker, options.leaseMs, options.host, options.pid],
      },
      { statement: sql('insert-ticket'), values: [ticket.id, worker] },
    ])
    if (worker === this.worker) this.leasedUntil = sentAt + options.leaseMs
  }

  /** Their rows only serve rescue; what is not deleted because of a fault is deleted with the next ones. */
  private async forgetBatches(): Promise<void> {
    if (this.over.length === 0) return
    const over = this.over
    this.over = []
    try {
      await this.context.db.query(sql('forget-batches'), [over])
    } catch (error) {
      this.over.push(...over)
      throw error
    }
  }

  /** What is begun under a lease that ran out, while the database was away, is another's to rescue at once: asks first. */
  private async leased(): Promise<boolean> {
    if (performance.now() >= this.leasedUntil) await this.heartbeat()
    return performance.now() < this.leasedUntil
  }

  private scheduleBeat(): void {
    if (this.left) return
    this.beat = setTimeout(() => {
      this.beating = this.heartbeat()
        .catch(error => this.options.onError('heartbeat', error))
        .finally(() => this.scheduleBeat())
    }, this.options.beatMs)
    this.beat.unref()
  }

  private async turn(): Promise<void> {
    let more = false
    while (!this.stopping) {
      this.woken = false
      this.turnedAt = performance.now()
      try {
        await this.giveBackUnheard()
        // After a full batch there is mostly more: not asked for again.
        const dueInMs: number = more ? 0 : await this.nextDueMs()
        const most = Math.min(this.options.batch, this.places.free)
        const started: number = dueInMs <= 0 && most > 0 ? await this.startSome(most) : 0
        more = started > 0 && started === most
        this.idleRounds = idleAfter(this.idleRounds, started > 0 ? { chosen: started } : { dueInMs })
        if (started > 0 || this.woken) continue
        const rest =
          this.places.free > 0 ? Math.max(restMs(this.idleRounds), dueInMs) : this.options.maxSleepMs
        await this.sleep(Math.min(rest, this.options.maxSleepMs))
      } catch (error) {
        more = false
        if (!isUnavailable(error)) this.options.onError('loop', error)
        await this.sleep(500)
      }
    }
  }

  /** Starts at most `most` of what is due now. Gives back how many. */
  private async startSome(most: number): Promise<number> {
    const { context } = this
    if (!(await this.leased())) return 0
    // As they are now: a lease that is lost meanwhile gives this process others.
    const { ticket } = this
    const startId = newId(context, 0)
    this.unheard = { startId, old: ticket }
    const room = this.places.room(context.carriers)
    const rows = await startDue(context, context.db, { ticket, startId, most, room })
    this.unheard = null
    const batch: Batch = { startId, left: rows.length }
    for (const row of rows) {
      context.watch?.started(row.kind, row.late_ms ?? 0)
      const slots = context.carriers.get(row.kind)?.slots ?? 1
      void this.execute(row, batch, this.places.take(row, slots))
    }
    return rows.length
  }

  /** A start whose answer was lost has touched nothing: what it began goes back to pending, as the same attempt. */
  private async giveBackUnheard(): Promise<void> {
    if (this.unheard === null) return
    const { context, worker } = this
    const { startId, old } = this.unheard
    const next = { id: newId(context, 0), worker }
    const attempts = await context.db.transaction('start-unheard', async tx =>
      (await startedUnheard(tx, { startId, old, next })).map(row => this.attemptOf(row, { is: 'stopped' })),
    )
    this.unheard = null
    if (this.worker === worker) this.ticket = next
    const written = await Promise.all(attempts.map(attempt => this.settle(attempt)))
    if (written.every(Boolean)) this.over.push(startId)
  }

  private attemptOf(row: StartedRow, verdict: Verdict, interrupted?: boolean): Attempt {
    return {
      effect: startedEffect(row),
      maxAttempts: row.max_attempts,
      retry: retryOf(this.context, row),
      keep: row.keep,
      domainKind: domainKindOf(this.context, row),
      verdict,
      interrupted,
    }
  }

  /** Without a place it goes back to pending untouched, as the same attempt. */
  private async execute(row: StartedRow, batch: Batch, hasPlace: boolean): Promise<void> {
    const controller = new AbortController()
    const mine: Running = { row, controller, batch }
    this.running.set(row.id, mine)
    let verdict: Verdict
    try {
      verdict = hasPlace
        ? await this.context.carriers.get(row.kind)!.run(startedEffect(row), controller.signal)
        : { is: 'stopped' }
    } catch (error) {
      verdict = {
        is: 'retry',
        error: error instanceof Error ? error.message : String(error),
        mayHaveHappened: true,
      }
    }
    if (hasPlace) this.context.watch?.attempted(row.kind, verdict)
    const interrupted = (controller.signal.reason as EffectAborted | undefined)?.why === 'shutdown'
    const written = await this.settle(this.attemptOf(row, verdict, interrupted))
    // After a lost lease the same effect may run here again already, under another start.
    if (this.running.get(row.id) === mine) this.running.delete(row.id)
    batch.left -= 1
    if (!written) batch.givenUp = true
    if (batch.left === 0 && !batch.givenUp) this.over.push(batch.startId)
    if (hasPlace) this.places.give(row)
    if (this.running.size === 0) for (const done of this.idle.splice(0)) done()
  }

  /** Until it is written: an end that is known must not be lost to a database that is away, or whose disk is full. False: it was given up. */
  private async settle(wanted: Attempt): Promise<boolean> {
    let attempt = wanted
    let gather = this.settles
    for (let wait = 5; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        if ((await gather.submit(attempt)) !== 'held') return true
        attempt = { ...attempt, wasHeld: true }
      } catch (error) {
        if (!isUnavailable(error)) this.options.onError('settle', error)
        const alone = gather === this.alone
        const next = afterUnwritten(error, { waitedMs: wait, stopping: this.stopping, alone })
        if (next === 'give up') return false
        if (next === 'alone') gather = this.alone
        if (next === 'with less' && attempt.verdict === wanted.verdict) attempt = withLess(wanted, error)
      }
      await new Promise(resolve => setTimeout(resolve, wait))
    }
  }

  private async settleBatch(batch: readonly Attempt[]): Promise<readonly SettleResult[]> {
    const { context } = this
    // Ends that need nothing but settle.sql go without a transaction around it; what one of them did not find, all of them
    // are reported again for, which changes nothing of what is written.
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

  /** What was written. None, when somebody holds one of the effects: then each has to be looked at. */
  private async endPlain(ends: readonly EndOf[]): Promise<readonly EndedRow[]> {
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

  /** Milliseconds until something falls due that has a free slot, 0 when it is; the longest sleep when nothing is near. */
  private async nextDueMs(): Promise<number> {
    const { context } = this
    const room = this.places.room(context.carriers)
    const [next] = await context.db.query<{ ms: string | number }>(sql('next-due'), [
      context.clock(),
      leftText(room.lanes),
      [...context.carriers.keys()],
      leftText(room.tenants),
    ])
    return next === undefined ? this.options.maxSleepMs : Math.max(0, Number(next.ms))
  }

  private async sleep(ms: number): Promise<void> {
    if (this.woken || this.stopping) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(done, Math.ceil(ms))
      const self = this
      function done() {
        clearTimeout(timer)
        self.wakeUp = null
        resolve()
      }
      this.wakeUp = done
    })
  }

  private abortAll(why: 'shutdown' | 'lease_lost'): void {
    for (const { controller } of this.running.values()) controller.abort(new EffectAborted(why))
  }
}
