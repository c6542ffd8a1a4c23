// The receiver of the demo's webhooks. It takes what the demo workspace sends and shows the latest calls on the start page. It does what
// docs/webhooks.md asks of a receiver: of a call that is cancelled, it says how the call went. It does not check signatures. It keeps
// everything in memory, and exists only while the demo is on, which is on loopback only.

import type { FastifyInstance } from 'fastify'
import { PAGE_SCHEMAS } from './pages/page-schemas.ts'

/** The outcomes that delivery/webhook understands. */
const EFFECT_CANCELLED = 'effect.cancelled'

export const DEMO_WEBHOOK_PATH = '/demo/webhook'

const KEPT = 10
const MAX_SHOWN = 100
/** Of so many calls the receiver remembers how they went. */
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

  /** The first message decides: a call that arrives after its cancellation has no effect any more. */
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
