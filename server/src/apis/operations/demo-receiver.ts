// The other side of the demo's webhooks: takes what the demo workspace sends, and shows the last of it on the start page. It does as
// docs/webhooks.md asks of a receiver, without a check of signatures: it says of a call that is called off how it went.
// In memory only; registered only while the demo is on, which is on loopback only.

import type { FastifyInstance } from 'fastify'
import { PAGE_SCHEMAS } from './pages/page-schemas.ts'

/** As delivery/webhook says it. */
const EFFECT_CANCELLED = 'effect.cancelled'

export const DEMO_WEBHOOK_PATH = '/demo/webhook'

const KEPT = 10
const MAX_SHOWN = 100
/** Calls of which it is remembered how they went. */
const REMEMBERED = 1000

type Outcome = 'took_effect' | 'stopped'

export type ReceivedWebhook = { readonly at: Date; readonly type: string; readonly id: string }

export class DemoReceiver {
  readonly #received: ReceivedWebhook[] = []
  /** By webhook-id. */
  readonly #outcomes = new Map<string, Outcome>()

  /** Latest first. */
  get received(): readonly ReceivedWebhook[] {
    return this.#received.toReversed()
  }

  route(app: FastifyInstance): void {
    app.post(DEMO_WEBHOOK_PATH, { schema: PAGE_SCHEMAS.demoWebhook }, async (request, reply) => {
      const { type } = (request.body ?? {}) as { type?: unknown }
      const webhook = { at: new Date(), type: textOf(type), id: textOf(request.headers['webhook-id']) }
      this.#received.push(webhook)
      if (this.#received.length > KEPT) this.#received.shift()
      return reply.send({ outcome: this.#outcomeOf(webhook) })
    })
  }

  /** Whichever came first: a call that comes after it was called off has no effect any more. */
  #outcomeOf({ id, type }: ReceivedWebhook): Outcome {
    const outcome = this.#outcomes.get(id) ?? (type === EFFECT_CANCELLED ? 'stopped' : 'took_effect')
    this.#outcomes.set(id, outcome)
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= REMEMBERED) break
      this.#outcomes.delete(oldest)
    }
    return outcome
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_SHOWN).toWellFormed() : ''
}
