// The background work of one process: marking what huge cancels cover, rescue, closing receipts whose time is up. Each is a
// chore of its own: one that fails costs the others nothing.

import { isUnavailable } from '../store/database.ts'
import { markSomeOpen } from './cancel-open.ts'
import type { Context } from './context.ts'
import { closeReceipts, rescueOnce } from './rescue.ts'

type OnError = (where: string, error: unknown) => void

export class Caretaker {
  private readonly context: Context
  private readonly everyMs: number
  private readonly onError: OnError
  private readonly chores: readonly { readonly name: string; readonly run: () => Promise<void> }[]
  private timer: NodeJS.Timeout | null = null
  private stopped = false
  private round: Promise<unknown> = Promise.resolve()
  private again = false

  constructor(context: Context, options: { everyMs?: number; onError?: OnError } = {}) {
    this.context = context
    this.everyMs = options.everyMs ?? 2000
    this.onError = options.onError ?? (() => {})
    this.chores = [
      { name: 'mark-open', run: () => this.whileMore(() => markSomeOpen(this.context)) },
      { name: 'rescue', run: () => this.whileMore(async () => (await rescueOnce(this.context)) > 0) },
      { name: 'close-receipts', run: () => closeReceipts(this.context) },
    ]
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
      // Beside each other: marking a huge tree takes seconds, in which other receipts are closed in their time.
      this.round = Promise.all(this.chores.map(chore => this.care(chore))).finally(() =>
        this.schedule(this.again ? 0 : this.everyMs),
      )
    }, ms)
    this.timer.unref()
  }

  private async care({ name, run }: Caretaker['chores'][number]): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (!isUnavailable(error)) this.onError(name, error)
    }
  }

  private async whileMore(step: () => Promise<boolean>): Promise<void> {
    while (!this.stopped && (await step())) {}
  }
}
