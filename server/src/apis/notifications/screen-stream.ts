// Pushes an agent's screen to a page as server-sent events: whole each time, so that nothing depends on what came before.
// The id of an event is the digest of what it says; a page that comes back with it is told only what it does not know.

import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ScreenView } from '../../../../wire/src/agent-screen.ts'
import { ownInstant } from '../../core/instant.ts'
import { faultOf } from '../../http/fault-of.ts'
import type { LongAnswers } from '../../http/long-responses.ts'
import { problemOf } from '../../http/problem-of.ts'
import { whileAllowed } from '../../http/while-authorized.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { AgentRef } from '../../notifications/offer.ts'
import { desktopFaults } from './faults.ts'
import { screenView } from './offer-view.ts'

/** Looks again by itself, since a hint may be lost; what it sends then also keeps the connection alive. Sooner the first time: see `shareOf`. */
const LOOK_AGAIN_MS = 15_000
/** Asked of browsers before they connect again. */
const RECONNECT_MS = 1000
/** A difference between the tenant's clock and ours that pages are told of. */
const LEAP_MS = 5000
/** A page that does not read is cut off when this much waits for it. */
const MOST_UNSENT_BYTES = 1_000_000

export class ScreenStreams {
  private readonly notifications: Notifications
  private readonly now: () => Date
  private closed = false
  private begun = 0
  private readonly open = new Set<() => void>()
  private readonly longAnswers: LongAnswers

  /** `now`: the wall clock, against which a leap of a sandbox clock is noticed. */
  constructor(notifications: Notifications, now: () => Date, longAnswers: LongAnswers) {
    this.notifications = notifications
    this.now = now
    this.longAnswers = longAnswers
    notifications.onStop(() => this.close())
  }

  /** Ends all streams, as the server stops; pages connect again elsewhere or later. */
  close(): void {
    this.closed = true
    for (const end of [...this.open]) end()
  }

  /**
   * `ask`: throws when the caller may not see this any more; then an event `refused` says why, and the stream ends.
   * @throws Fault STOPPING while the server stops: the page connects again elsewhere or later; TOO_MANY_STREAMS
   */
  start(
    request: FastifyRequest,
    reply: FastifyReply,
    { agent, ask }: { readonly agent: AgentRef; readonly ask: () => Promise<unknown> },
  ): void {
    if (this.closed) throw desktopFaults.STOPPING()
    const leave = this.longAnswers.begin(`${agent.tenant} ${agent.agentId}`)
    if (!leave) throw desktopFaults.TOO_MANY_STREAMS({ most: this.longAnswers.limits.each })
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    }
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, headers)
    raw.write(`retry: ${RECONNECT_MS}\n\n`)

    let known = request.headers['last-event-id'] ?? ''
    let looking = false
    let lookAgain = false
    const look = async () => {
      if (looking) {
        lookAgain = true
        return
      }
      looking = true
      do {
        lookAgain = false
        // Not only every second: nothing of what comes after the right was lost is shown.
        await ask()
        const view = await this.view(agent)
        const id = digest(view, this.now())
        if (raw.writableEnded) return
        if (id !== known) raw.write(`id: ${id}\nevent: screen\ndata: ${JSON.stringify(view)}\n\n`)
        known = id
        if (raw.writableLength > MOST_UNSENT_BYTES) {
          end()
          // An end would wait behind what is not read, and keep all of it and the connection.
          raw.destroy()
        }
      } while (lookAgain && !raw.writableEnded)
      looking = false
    }
    const lookOrEnd = () => void look().catch(refuse)

    const unhear = this.notifications.onScreenChange(agent, lookOrEnd)
    const share = shareOf(++this.begun)
    const lookLater = (ms: number) =>
      setTimeout(() => {
        timer = lookLater(LOOK_AGAIN_MS)
        raw.write(': still here\n\n')
        lookOrEnd()
      }, ms)
    let timer = lookLater(LOOK_AGAIN_MS * share)
    // Where it is no refusal, the database is away: the page connects again, and is told to wait by then.
    const refuse = (error: unknown) => {
      const fault = faultOf(error)
      if (fault.status < 500 && !raw.writableEnded)
        raw.write(`event: refused\ndata: ${JSON.stringify(problemOf(fault))}\n\n`)
      end()
    }
    const allowed = whileAllowed(ask)
    allowed.signal.addEventListener('abort', () => refuse(allowed.signal.reason))
    const end = () => {
      if (!this.open.has(end)) return
      clearTimeout(timer)
      leave()
      allowed.stop()
      unhear()
      this.open.delete(end)
      raw.end()
    }
    this.open.add(end)
    raw.on('close', end)
    lookOrEnd()
  }

  private async view(agent: AgentRef): Promise<ScreenView> {
    return screenView(await this.notifications.agentScreen(agent))
  }
}

/**
 * Of the nth stream, from 0 to 1: after so much of its first turn it looks again. All that began together, after a restart say, would
 * go on to look together; multiples of the golden ratio are spread.
 */
function shareOf(n: number): number {
  return (n * 0.618) % 1
}

function digest({ now, ...rest }: ScreenView, wall: Date): string {
  // Time that merely passes is drawn by the page; a clock that leapt has to be told.
  const ahead = Math.round((ownInstant(now).getTime() - wall.getTime()) / LEAP_MS)
  return createHash('sha256')
    .update(JSON.stringify([ahead, rest]))
    .digest('base64url')
    .slice(0, 22)
}
