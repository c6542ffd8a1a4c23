// This folder runs what is due: it starts, executes and settles effects, and rescues what dead processes
// left. This file is the loop of one engine in one process; many processes share one database. A carrier must
// never be called before the start of its effect is committed (I1).
//
//   wake     a hint, a slot that came free, or the next due time by the database's clock (at most a minute away)
//   start    all gates, then start.sql: what is due and has a free slot; committed before any carrier is called
//   execute  the carrier, with an abort signal that says why
//   settle   in batches (settler.ts)
//
// A heartbeat runs at the same time: it renews the lease on this process's row, and finds effects of this process that were called off.

import { EffectAborted, type Verdict } from '../../core/effects/effect.ts'
import { DEFAULT_LEASE_MS } from '../../core/lease.ts'
import { isUnavailable } from '../../store/database.ts'
import { type Context, newId } from '../context.ts'
import { sql } from '../statements.ts'
import { domainKindOf } from './end.ts'
import { FinishedBatches } from './finished-batches.ts'
import { idleAfter, restMs } from './idle.ts'
import { RunningSlots } from './running-slots.ts'
import type { Attempt } from './settle-plan.ts'
import { Settler } from './settler.ts'
import {
  leftText,
  retryOf,
  type StartedRow,
  startDue,
  startedEffect,
  startedUnheard,
  type Ticket,
} from './start.ts'

/** How long a carrier may take to react to an abort at a stop, milliseconds. */
const HEED_MS = 1500

export type RunnerOptions = {
  /** Heartbeat, milliseconds. Default 1,000. */
  readonly beatMs?: number
  /** How long the lease holds without a heartbeat, milliseconds. Then another process may rescue the effects. Default DEFAULT_LEASE_MS. */
  readonly leaseMs?: number
  /** Longest sleep without reading the database again, milliseconds. Default 60,000. */
  readonly maxSleepMs?: number
  /** Effects started at once. Default 1,000. */
  readonly batch?: number
  /** Effects running at once. Default 4,000. Not with `slots`. */
  readonly maxRunning?: number
  /** Running slots that several engines of one process share. Default: its own. */
  readonly slots?: RunningSlots
  /** How long running effects may take to end at a stop, milliseconds. Default 6,000. */
  readonly graceMs?: number
  readonly host?: string
  readonly pid?: number
  readonly onError?: (where: string, error: unknown) => void
}

type Running = { readonly row: StartedRow; readonly controller: AbortController; readonly batch: Batch }
/** What was started together. */
type Batch = { readonly startId: string; left: number; givenUp?: boolean }

export class Runner {
  private readonly context: Context
  private readonly options: Required<Omit<RunnerOptions, 'slots'>>
  private readonly slots: RunningSlots
  private readonly running = new Map<string, Running>()
  private readonly settler: Settler
  private readonly finished: FinishedBatches
  private worker: string
  private ticket: Ticket
  /** A start whose answer was lost. Nothing else is started until giveBackUnheard() has looked up what it started. */
  private unheard: { readonly startId: string; readonly old: Ticket } | null = null
  /** Until then the lease certainly holds, by the process's own clock. That clock only decides when the database is asked. */
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
  /** When the loop last began a round; /readyz reads it. Milliseconds of the process's own clock. */
  loopedAt = 0

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
    this.slots = options.slots ?? new RunningSlots({ maxRunning: this.options.maxRunning })
    this.worker = newId(context, 0)
    this.ticket = { id: newId(context, 0), worker: this.worker }
    this.settler = new Settler(context, this.options.onError)
    this.finished = new FinishedBatches(context)
  }

  get runningCount(): number {
    return this.running.size
  }

  async start(): Promise<void> {
    await this.join()
    this.joined = true
    this.slots.addWaker(this)
    this.loop = this.runLoop()
    this.scheduleBeat()
  }

  /** Starts nothing any more, waits for running effects to end, then aborts the rest and gives it back. May be called twice. */
  stop(): Promise<void> {
    this.stopped ??= this.end()
    return this.stopped
  }

  private async end(): Promise<void> {
    this.stopping = true
    this.settler.stopping = true
    // The grace time counts from now on, however long the last start takes.
    const abortAt = performance.now() + this.options.graceMs
    const aborting = setTimeout(() => this.abortAll('shutdown'), this.options.graceMs)
    this.wake()
    await this.loop
    // It has touched nothing. If the database is away it is left, and another process rescues it.
    await this.giveBackUnheard().catch(error => {
      if (!isUnavailable(error)) this.options.onError('loop', error)
    })
    if (this.running.size > 0) {
      const leftMs = Math.max(0, abortAt - performance.now())
      // Also what the last start has begun.
      if (leftMs === 0) this.abortAll('shutdown')
      const idle = Promise.withResolvers<void>()
      this.idle.push(idle.resolve)
      // A carrier that ignores its signal is not waited for: when this worker has left, another process rescues the effect.
      const leaving = setTimeout(idle.resolve, leftMs + HEED_MS)
      await idle.promise
      clearTimeout(leaving)
    }
    clearTimeout(aborting)
    await this.settler.drained()
    this.left = true
    this.slots.removeWaker(this)
    if (this.beat) clearTimeout(this.beat)
    await this.beating
    await this.finished.forget().catch(() => {})
    await this.context.db.query(sql('worker-leave'), [this.worker]).catch(() => {})
  }

  /** Look again now. */
  wake(): void {
    this.woken = true
    this.wakeUp?.()
  }

  /** Aborts those of these effects that run here: they were called off. */
  abortStopRequested(
    effects: readonly { readonly effectId: string; readonly cancellationId: string }[],
  ): void {
    for (const { effectId, cancellationId } of effects) {
      this.running.get(effectId)?.controller.abort(new EffectAborted('cancelled', cancellationId))
    }
  }

  /** One heartbeat. It is also sent on a hint that another process has called something off. */
  async heartbeat(): Promise<void> {
    const { context, options, worker } = this
    if (!this.joined || this.left) return
    const sentAt = performance.now()
    const [alive] = await context.db.query<{ id: string }>(sql('worker-beat'), [
      context.clock(),
      worker,
      options.leaseMs,
    ])
    // A second heartbeat, sent on a hint, has already handled a lost lease.
    if (worker !== this.worker) return
    if (!alive) {
      // Another process may have rescued these effects: going on would only do damage.
      this.abortAll('lease_lost')
      this.worker = newId(context, 0)
      this.ticket = { id: newId(context, 0), worker: this.worker }
      this.leasedUntil = 0
      await this.join()
      return
    }
    this.leasedUntil = sentAt + options.leaseMs
    await this.finished.forget()
    if (this.running.size === 0) return
    const toStop = await context.db.query<{ id: string; cancellation_id: string }>(sql('must-stop'), [
      worker,
      [...this.running.keys()],
      [...this.running.values()].map(({ row }) => row.start_id),
    ])
    this.abortStopRequested(toStop.map(row => ({ effectId: row.id, cancellationId: row.cancellation_id })))
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

  /** What is started under an expired lease, as after the database was away, would be rescued by others at once. So the lease is renewed first. */
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

  private async runLoop(): Promise<void> {
    let more = false
    while (!this.stopping) {
      this.woken = false
      this.loopedAt = performance.now()
      try {
        await this.giveBackUnheard()
        // After a full batch there is mostly more to start: the next due time is not read.
        const dueInMs: number = more ? 0 : await this.nextDueMs()
        const limit = Math.min(this.options.batch, this.slots.free)
        const started: number = dueInMs <= 0 && limit > 0 ? await this.startSome(limit) : 0
        more = started > 0 && started === limit
        this.idleRounds = idleAfter(this.idleRounds, started > 0 ? { started: started } : { dueInMs })
        if (started > 0 || this.woken) continue
        const rest =
          this.slots.free > 0 ? Math.max(restMs(this.idleRounds), dueInMs) : this.options.maxSleepMs
        await this.sleep(Math.min(rest, this.options.maxSleepMs))
      } catch (error) {
        more = false
        if (!isUnavailable(error)) this.options.onError('loop', error)
        await this.sleep(500)
      }
    }
  }

  /** Starts at most `limit` of what is due now. Gives back how many. */
  private async startSome(limit: number): Promise<number> {
    const { context } = this
    if (!(await this.leased())) return 0
    // Read once here: if the lease is lost meanwhile, this process gets another ticket.
    const { ticket } = this
    const startId = newId(context, 0)
    this.unheard = { startId, old: ticket }
    const room = this.slots.room(context.carriers)
    const rows = await startDue(context, context.db, { ticket, startId, limit, room })
    this.unheard = null
    const batch: Batch = { startId, left: rows.length }
    for (const row of rows) {
      context.watch?.started(row.kind, row.late_ms ?? 0)
      const ofKind = context.carriers.get(row.kind)?.slots ?? 1
      void this.execute(row, batch, this.slots.take(row, ofKind))
    }
    return rows.length
  }

  /** A start whose answer was lost has touched nothing: its effects go back to pending, as the same attempt. */
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
    const written = await Promise.all(attempts.map(attempt => this.settler.settle(attempt)))
    if (written.every(Boolean)) this.finished.add(startId)
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

  /** Without a slot the effect goes back to pending untouched, as the same attempt. */
  private async execute(row: StartedRow, batch: Batch, hasSlot: boolean): Promise<void> {
    const controller = new AbortController()
    const mine: Running = { row, controller, batch }
    this.running.set(row.id, mine)
    let verdict: Verdict
    try {
      verdict = hasSlot
        ? await this.context.carriers.get(row.kind)!.run(startedEffect(row), controller.signal)
        : { is: 'stopped' }
    } catch (error) {
      verdict = {
        is: 'retry',
        error: error instanceof Error ? error.message : String(error),
        mayHaveHappened: true,
      }
    }
    if (hasSlot) this.context.watch?.attempted(row.kind, verdict)
    const interrupted = (controller.signal.reason as EffectAborted | undefined)?.why === 'shutdown'
    const written = await this.settler.settle(this.attemptOf(row, verdict, interrupted))
    // After a lost lease the same effect may already run here again, under another start.
    if (this.running.get(row.id) === mine) this.running.delete(row.id)
    batch.left -= 1
    if (!written) batch.givenUp = true
    if (batch.left === 0 && !batch.givenUp) this.finished.add(batch.startId)
    if (hasSlot) this.slots.give(row)
    if (this.running.size === 0) for (const done of this.idle.splice(0)) done()
  }

  /** Milliseconds until something falls due that has a free slot, 0 when it is; the longest sleep when nothing is near. */
  private async nextDueMs(): Promise<number> {
    const { context } = this
    const room = this.slots.room(context.carriers)
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
