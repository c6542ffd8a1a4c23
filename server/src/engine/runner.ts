// The loop: wake -> peek -> start -> execute -> settle. One per process; many processes on one database.
//
//   wake     a hint, a slot that came free, or the next due time by the database's clock (at most a minute away)
//   peek     what is due and has a free slot; locks nothing
//   start    gates, then start.sql; committed before any carrier is called
//   execute  the carrier, with an abort signal that says why
//   settle   gathered (settle.ts)
//
// Beside it beats the heart: a lease on this process's row, and what it runs that somebody has called off.

import { EffectAborted, type StartedEffect, type Verdict } from '../core/effect.ts'
import { isUnavailable } from '../store/database.ts'
import { type Context, newId, sql } from './context.ts'
import { Gather } from './gather.ts'
import { idleAfter, restMs } from './idle.ts'
import { Lanes } from './lanes.ts'
import { type Attempt, type SettleResult, settleAttempts } from './settle.ts'
import { type Chosen, type StartedRow, startChosen, startedUnheard } from './start.ts'

/** How long an abort may take to be heeded at a stop, milliseconds. */
const HEED_MS = 2000

export type RunnerOptions = {
  /** Heartbeat, milliseconds. Default 1,000. */
  readonly beatMs?: number
  /** How long this process's running effects are its own without a beat, milliseconds. Default 15,000. */
  readonly leaseMs?: number
  /** Longest sleep without reading the database again, milliseconds. Default 60,000. */
  readonly maxSleepMs?: number
  /** Effects chosen by one peek. Default 1,000. */
  readonly batch?: number
  /** Effects running at once in this process. Default 4,000. */
  readonly maxRunning?: number
  /** Most time that running effects get to end at a stop, milliseconds. Default 10,000. */
  readonly graceMs?: number
  readonly host?: string
  readonly pid?: number
  readonly onError?: (where: string, error: unknown) => void
}

type Running = { readonly row: StartedRow; readonly controller: AbortController }

export class Runner {
  private readonly context: Context
  private readonly options: Required<RunnerOptions>
  private readonly lanes: Lanes
  private readonly running = new Map<string, Running>()
  private readonly settles: Gather<Attempt, SettleResult>
  private worker: string
  /** Starts whose outcome is not known: at most the one under way, until its answer was lost. */
  private readonly unheard: { readonly worker: string; readonly chosen: readonly Chosen[] }[] = []
  /** Until then the lease holds for sure. The process's own clock, which only decides when the database is asked. */
  private leasedUntil = 0
  private stopping = false
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
      leaseMs: 15_000,
      maxSleepMs: 60_000,
      batch: 1000,
      maxRunning: 4000,
      graceMs: 10_000,
      host: '',
      pid: 0,
      onError: () => {},
      ...options,
    }
    this.lanes = new Lanes(context.carriers)
    this.worker = newId(context, 0)
    this.settles = new Gather({
      name: 'settle',
      maxBatch: 1000,
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
    this.loop = this.turn()
    this.scheduleBeat()
  }

  /** Stops taking, lets what runs end for a while, aborts the rest, gives it back. May be called twice. */
  async stop(): Promise<void> {
    this.stopping = true
    this.wake()
    await this.loop
    if (this.running.size > 0) {
      const timers = [setTimeout(() => this.abortAll('shutdown'), this.options.graceMs)]
      await new Promise<void>(done => {
        this.idle.push(done)
        // A carrier that does not heed its signal is left behind: once this worker has left, another rescues.
        timers.push(setTimeout(done, this.options.graceMs + HEED_MS))
      })
      for (const timer of timers) clearTimeout(timer)
    }
    await this.settles.drained()
    this.left = true
    if (this.beat) clearTimeout(this.beat)
    await this.beating
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
    const askedAt = performance.now()
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
      this.leasedUntil = 0
      await this.join()
      return
    }
    this.leasedUntil = askedAt + options.leaseMs
    if (this.running.size === 0) return
    const asked = await context.db.query<{ effect_id: string; cancellation_id: string }>(
      sql('asked-to-stop'),
      [worker],
    )
    this.abortAsked(asked.map(row => ({ effectId: row.effect_id, cancellationId: row.cancellation_id })))
  }

  private async join(): Promise<void> {
    const { context, options, worker } = this
    const askedAt = performance.now()
    await context.db.query(sql('worker-join'), [
      context.clock(),
      worker,
      options.leaseMs,
      options.host,
      options.pid,
    ])
    if (worker === this.worker) this.leasedUntil = askedAt + options.leaseMs
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
    while (!this.stopping) {
      this.woken = false
      this.turnedAt = performance.now()
      try {
        const chosen = await this.takeDue()
        this.idleRounds = idleAfter(this.idleRounds, { chosen })
        if (chosen > 0 || this.woken) continue
        await this.sleep(
          this.running.size < this.options.maxRunning ? await this.untilNextDue() : this.options.maxSleepMs,
        )
      } catch (error) {
        if (!isUnavailable(error)) this.options.onError('loop', error)
        await this.sleep(500)
      }
    }
  }

  private async takeDue(): Promise<number> {
    const { context, options } = this
    await this.giveBackUnheard()
    const room = options.maxRunning - this.running.size
    if (room <= 0) return 0
    const { full, inUse, free } = this.lanes.snapshot()
    const kinds = [...context.carriers.keys()]
    const most = Math.min(options.batch, room)
    const chosen = await context.db.query<{ shard: number; effect_id: string }>(sql('peek'), [
      context.clock(),
      most * 2,
      most,
      full,
      inUse,
      free,
      kinds,
      kinds.map(kind => context.carriers.get(kind)?.slots ?? 1),
    ])
    if (chosen.length === 0 || !(await this.leased())) return 0
    // Its name now: a lease that is lost meanwhile gives this process another one.
    const worker = this.worker
    this.unheard.push({ worker, chosen })
    const rows = await context.db.transaction('start', tx => startChosen(context, tx, worker, chosen))
    this.unheard.pop()
    for (const row of rows) {
      this.lanes.take(row.lane, row.kind)
      void this.execute(row, worker)
    }
    // Chosen but not started: another process has them, or a cancel. Look again at once either way.
    return chosen.length
  }

  /** A start whose answer was lost has touched nothing: what it began goes back to pending, as the same attempt. */
  private async giveBackUnheard(): Promise<void> {
    for (let lost = this.unheard[0]; lost; lost = this.unheard[0]) {
      const { worker, chosen } = lost
      const rows = await this.context.db.transaction('start-unheard', tx =>
        startedUnheard(tx, worker, chosen),
      )
      this.unheard.shift()
      for (const row of rows) {
        if (this.running.has(row.id)) continue
        void this.settle({
          effect: startedEffect(row),
          maxAttempts: row.max_attempts,
          link: row.link,
          domainKind: this.domainOf(row),
          verdict: { is: 'stopped' },
          worker,
        })
      }
    }
  }

  private async execute(row: StartedRow, worker: string): Promise<void> {
    const controller = new AbortController()
    const mine: Running = { row, controller }
    this.running.set(row.id, mine)
    const effect = startedEffect(row)
    let verdict: Verdict
    try {
      verdict = await this.context.carriers.get(row.kind)!.run(effect, controller.signal)
    } catch (error) {
      verdict = {
        is: 'retry',
        error: error instanceof Error ? error.message : String(error),
        mayHaveHappened: true,
      }
    }
    await this.settle({
      effect,
      maxAttempts: row.max_attempts,
      link: row.link,
      domainKind: this.domainOf(row),
      verdict,
      interrupted: (controller.signal.reason as EffectAborted | undefined)?.why === 'shutdown',
      worker,
    })
    // After a lost lease the same effect may run here again already, as its next attempt.
    if (this.running.get(row.id) === mine) this.running.delete(row.id)
    if (this.lanes.give(row.lane) || this.running.size === this.options.maxRunning - 1) this.wake()
    if (this.running.size === 0) for (const done of this.idle.splice(0)) done()
  }

  private domainOf(row: StartedRow): string | null {
    if (row.event_kind === null) return null
    const domain = this.context.domains.get(row.event_kind)
    if (!domain?.settled) return null
    return domain.wantsSettled === undefined || domain.wantsSettled(row.kind) ? row.event_kind : null
  }

  /** Until it is written: a database that is away must not lose an end that is known. */
  private async settle(wanted: Attempt): Promise<void> {
    let attempt = wanted
    for (let wait = 5; ; wait = Math.min(wait * 2, 2000)) {
      try {
        if ((await this.settles.submit(attempt)) !== 'held') return
      } catch (error) {
        if (!isUnavailable(error)) this.options.onError('settle', error)
        // A graceful stop does not wait for a database that is away; the lease runs out and another rescues.
        if (this.stopping && isUnavailable(error)) return
        if (!isUnavailable(error) && wait >= 2000) {
          if (attempt !== wanted) return
          // Its domain will not have it: it must not run for ever in name. Dead is shown, and retried by hand.
          const message = error instanceof Error ? error.message : String(error)
          const verdict = {
            is: 'failed',
            error: `its end could not be written: ${message}`,
            mayHaveHappened: true,
          } as const
          attempt = { ...wanted, domainKind: null, verdict }
        }
      }
      await new Promise(resolve => setTimeout(resolve, wait))
    }
  }

  private async settleBatch(batch: readonly Attempt[]): Promise<readonly SettleResult[]> {
    const { context } = this
    return await context.db.transaction('settle', tx => settleAttempts(context, tx, batch))
  }

  private async untilNextDue(): Promise<number> {
    const { context } = this
    const [next] = await context.db.query<{ ms: string | number }>(sql('next-due'), [
      context.clock(),
      this.lanes.snapshot().full,
      [...context.carriers.keys()],
    ])
    const ms = next === undefined ? this.options.maxSleepMs : Number(next.ms)
    this.idleRounds = idleAfter(this.idleRounds, { dueInMs: ms })
    return Math.min(this.options.maxSleepMs, Math.max(restMs(this.idleRounds), ms))
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

function startedEffect(row: StartedRow): StartedEffect {
  return {
    id: row.id,
    tenant: row.tenant,
    eventId: row.event_id,
    noticeOf: row.notice_of,
    kind: row.kind,
    title: row.title,
    data: row.data,
    dueAt: row.due_at,
    attempt: row.attempt,
  }
}
