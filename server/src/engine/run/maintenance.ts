// The background work of one process: marking what huge cancels cover, rescue, closing receipts whose time is up. Each chore has
// a timer of its own: one that fails, or takes a minute, costs the others nothing.

import { isUnavailable } from '../../store/database.ts'
import type { Context } from '../context.ts'
import { OpenMarker } from '../open-cancel/cancel-open.ts'
import { closeReceipts, rescueOnce } from './rescue.ts'

type OnError = (where: string, error: unknown) => void

export class Caretaker {
  private readonly marking: Chore
  private readonly chores: readonly Chore[]

  constructor(context: Context, options: { everyMs?: number; onError?: OnError } = {}) {
    const { everyMs = 2000, onError = () => {} } = options
    const chore = (name: string, run: (stopped: () => boolean) => Promise<void>) =>
      new Chore(run, everyMs, error => {
        if (!isUnavailable(error)) onError(name, error)
      })
    this.marking = chore('mark-open', async stopped => {
      const marker = new OpenMarker(context, error => onError('mark-open', error))
      while (!stopped() && (await marker.markSome())) {}
    })
    this.chores = [
      this.marking,
      chore('rescue', async stopped => {
        while (!stopped() && (await rescueOnce(context)) > 0) {}
      }),
      chore('close-receipts', () => closeReceipts(context)),
    ]
  }

  start(): void {
    for (const chore of this.chores) chore.start()
  }

  /** There is an open cancellation. */
  nudge(): void {
    this.marking.nudge()
  }

  /** All but the marking, which cancels that are still answered may need: this process takes up nothing that it left itself. */
  async stopRescue(): Promise<void> {
    await Promise.all(this.chores.filter(chore => chore !== this.marking).map(chore => chore.stop()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.chores.map(chore => chore.stop()))
  }
}

/** Runs now and then: `everyMs` after it last ended, or at once when it is nudged. Never twice at the same time. */
class Chore {
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
