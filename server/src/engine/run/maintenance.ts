// The maintenance jobs of one process: marking what huge cancels cover, rescue of dead processes, and closing receipts whose time is up.
// Each job has a timer of its own, so a job that fails or takes a minute does not delay the others.

import { isUnavailable } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { OpenMarker } from '../open-cancel/open-marker.ts'
import { closeReceipts, rescueOnce } from './rescue.ts'

type OnError = (where: string, error: unknown) => void

export class Maintenance {
  private readonly marking: MaintenanceJob
  private readonly jobs: readonly MaintenanceJob[]

  constructor(context: Context, options: { everyMs?: number; onError?: OnError } = {}) {
    const { everyMs = 2000, onError = () => {} } = options
    const job = (name: string, run: (stopped: () => boolean) => Promise<void>) =>
      new MaintenanceJob(run, everyMs, error => {
        if (!isUnavailable(error)) onError(name, error)
      })
    this.marking = job('mark-open', async stopped => {
      const marker = new OpenMarker(context, error => onError('mark-open', error))
      while (!stopped() && (await marker.markSome())) {}
    })
    this.jobs = [
      this.marking,
      job('rescue', async stopped => {
        while (!stopped() && (await rescueOnce(context)) > 0) {}
      }),
      job('close-receipts', () => closeReceipts(context)),
    ]
  }

  start(): void {
    for (const job of this.jobs) job.start()
  }

  /** There is an open cancellation. */
  nudge(): void {
    this.marking.nudge()
  }

  /** Stops all jobs but the marking, which cancels may need that are still answered. A process that stops must not rescue its own effects. */
  async stopRescue(): Promise<void> {
    await Promise.all(this.jobs.filter(job => job !== this.marking).map(job => job.stop()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.jobs.map(job => job.stop()))
  }
}

/** Runs `everyMs` after it last ended, or at once when it is nudged; never twice at the same time. */
class MaintenanceJob {
  private readonly run: (stopped: () => boolean) => Promise<void>
  private readonly everyMs: number
  private readonly failed: (error: unknown) => void
  private timer: NodeJS.Timeout | null = null
  private started = false
  private stopped = false
  private nudged = false
  private round: Promise<void> | null = null

  constructor(
    run: (stopped: () => boolean) => Promise<void>,
    everyMs: number,
    failed: (error: unknown) => void,
  ) {
    this.run = run
    this.everyMs = everyMs
    this.failed = failed
  }

  start(): void {
    this.started = true
    this.schedule(0)
  }

  nudge(): void {
    this.nudged = true
    if (this.started && this.round === null) this.schedule(0)
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
      this.nudged = false
      this.round = this.run(() => this.stopped)
        .catch(this.failed)
        .finally(() => {
          this.round = null
          this.schedule(this.nudged ? 0 : this.everyMs)
        })
    }, ms)
    this.timer.unref()
  }
}
