// Connections to the mail server. They are kept open for the next mail. Their number is limited; mails wait for one in order.

import { type Handover, type PhaseLimits, type SmtpMessage, SmtpSession } from './smtp-session.ts'
import type { SmtpServer } from './smtp-url.ts'

export type SmtpPoolOptions = {
  readonly server: SmtpServer
  readonly limits: PhaseLimits
  readonly ca?: string | undefined
  /** Most connections at once. */
  readonly maxConnections: number
  /** How long an unused connection is kept, ms. */
  readonly idleMs: number
}

/** Mails over one connection; servers begin to refuse at about a hundred. */
const MAILS_PER_CONNECTION = 100

export class SmtpPool {
  private readonly options: SmtpPoolOptions
  private readonly idle: SmtpSession[] = []
  private readonly open = new Set<SmtpSession>()
  private readonly waiting: (() => void)[] = []
  private readonly idleTimers = new Map<SmtpSession, NodeJS.Timeout>()
  private busy = 0
  private closed = false

  constructor(options: SmtpPoolOptions) {
    this.options = options
  }

  /** Hands one message over; see SmtpSession.send. Never throws. */
  async send(
    message: SmtpMessage,
    abort: { readonly signal: AbortSignal; readonly graceMs: () => number },
  ): Promise<Handover> {
    if (!(await this.slot(abort.signal)))
      return { is: 'unsent', phase: 'connect', error: 'aborted', aborted: true }
    try {
      const used = this.idle.pop()
      if (used) {
        this.stopIdleTimer(used)
        const handover = await used.send(message, abort)
        // A server may close an idle connection at the very moment at which it is used again. Nothing was sent then, so a new
        // connection is tried at once.
        if (handover.is !== 'unsent' || handover.aborted) return this.done(used, handover)
      }
      if (this.closed)
        return { is: 'unsent', phase: 'connect', error: 'the mail carrier was closed', aborted: false }
      const { server, limits, ca } = this.options
      const fresh: SmtpSession = new SmtpSession({ server, limits, ca, onDead: () => this.forget(fresh) })
      this.open.add(fresh)
      return this.done(fresh, await fresh.send(message, abort))
    } finally {
      this.releaseSlot()
    }
  }

  /** Ends every connection. A mail that is being sent ends as its phase says. */
  close(): void {
    this.closed = true
    for (const session of this.open) session.close()
  }

  /** Waits for one of the slots, in order; false when the abort came first. */
  private async slot(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false
    if (this.busy < this.options.maxConnections) {
      this.busy += 1
      return true
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const takeSlot = () => resolve(true)
    const giveUp = () => {
      const at = this.waiting.indexOf(takeSlot)
      // It waits no longer: it got its slot at the same moment, and the session will see the abort.
      if (at >= 0) this.waiting.splice(at, 1)
      resolve(at < 0)
    }
    this.waiting.push(takeSlot)
    signal.addEventListener('abort', giveUp, { once: true })
    const mine = await promise
    signal.removeEventListener('abort', giveUp)
    return mine
  }

  /** Gives the slot to the mail that has waited longest. */
  private releaseSlot(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.busy -= 1
  }

  private done(session: SmtpSession, handover: Handover): Handover {
    if (!session.usable) return handover
    if (handover.is !== 'accepted' || session.sent >= MAILS_PER_CONNECTION || this.closed) session.close()
    else {
      this.idle.push(session)
      const timer = setTimeout(() => session.close(), this.options.idleMs)
      timer.unref()
      this.idleTimers.set(session, timer)
    }
    return handover
  }

  private forget(session: SmtpSession): void {
    this.open.delete(session)
    this.stopIdleTimer(session)
    const at = this.idle.indexOf(session)
    if (at >= 0) this.idle.splice(at, 1)
  }

  private stopIdleTimer(session: SmtpSession): void {
    clearTimeout(this.idleTimers.get(session))
    this.idleTimers.delete(session)
  }
}
