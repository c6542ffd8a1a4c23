// Pushes an agent's screen to a page as server-sent events. Each event has the whole screen, so it does not depend on earlier ones. The id of
// an event is a digest of the screen: a page that reconnects with the id of the current screen gets no event until it changes.

import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ScreenView } from '../../../../wire/src/agent-screen.ts'
import { ownInstant } from '../../core/instant.ts'
import { faultOf } from '../../http/fault-of.ts'
import type { LongResponses } from '../../http/long-responses.ts'
import { problemOf } from '../../http/problem-of.ts'
import { whileAuthorized } from '../../http/while-authorized.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { AgentRef } from '../../notifications/offer.ts'
import { desktopFaults } from './faults.ts'
import { screenView } from './offer-view.ts'

/** After so long a stream reads the screen again, because a hint may be lost. What it sends then also keeps the connection alive. The first
 * time is sooner: see `shareOf`. */
const LOOK_AGAIN_MS = 15_000
/** Browsers are told to wait so long before they connect again. */
const RECONNECT_MS = 1000
/** Pages are told if the tenant's clock has leapt by more than this against ours. */
const LEAP_MS = 5000
/** A page that does not read is disconnected when so much data waits for it. */
const MAX_UNSENT_BYTES = 1_000_000

export class ScreenStreams {
  private readonly notifications: Notifications
  private readonly now: () => Date
  private closed = false
  private begun = 0
  private readonly open = new Set<() => void>()
  private readonly longResponses: LongResponses

  /** `now`: the wall clock, against which a leap of a sandbox clock is noticed. */
  constructor(notifications: Notifications, now: () => Date, longResponses: LongResponses) {
    this.notifications = notifications
    this.now = now
    this.longResponses = longResponses
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
    const releaseSlot = this.longResponses.begin(`${agent.tenant} ${agent.agentId}`)
    if (!releaseSlot) throw desktopFaults.TOO_MANY_STREAMS({ most: this.longResponses.limits.each })
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
        // whileAuthorized checks the right once a second. It is checked here too, so that nothing is shown after the right was lost.
        await ask()
        const view = await this.view(agent)
        const id = digest(view, this.now())
        if (raw.writableEnded) return
        if (id !== known) raw.write(`id: ${id}\nevent: screen\ndata: ${JSON.stringify(view)}\n\n`)
        known = id
        if (raw.writableLength > MAX_UNSENT_BYTES) {
          end()
          // `end` alone would wait until the page reads, and keep the unread data and the connection.
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
    // Any other error means that the database is not available: the page connects again, and is then told to wait.
    const refuse = (error: unknown) => {
      const fault = faultOf(error)
      if (fault.status < 500 && !raw.writableEnded)
        raw.write(`event: refused\ndata: ${JSON.stringify(problemOf(fault))}\n\n`)
      end()
    }
    const authorized = whileAuthorized(ask)
    authorized.signal.addEventListener('abort', () => refuse(authorized.signal.reason))
    const end = () => {
      if (!this.open.has(end)) return
      clearTimeout(timer)
      releaseSlot()
      authorized.stop()
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
 * The part, from 0 to 1, of the first interval after which the nth stream reads the screen again. Streams that began together, as after a
 * restart, would otherwise always read together. Multiples of the golden ratio are spread evenly.
 */
function shareOf(n: number): number {
  return (n * 0.618) % 1
}

function digest({ now, ...rest }: ScreenView, wall: Date): string {
  // The page counts passing time by itself. Only a leap of the tenant's clock changes the digest.
  const ahead = Math.round((ownInstant(now).getTime() - wall.getTime()) / LEAP_MS)
  return createHash('sha256')
    .update(JSON.stringify([ahead, rest]))
    .digest('base64url')
    .slice(0, 22)
}
