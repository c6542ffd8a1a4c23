// The other side of the demo's webhooks: takes what the demo workspace sends, and shows the last of it on the start page.
// In memory only; registered only while the demo is on, which is on loopback only.

import type { FastifyInstance } from 'fastify'
import { PAGE_SCHEMAS } from './sign-in-schema.ts'

export const DEMO_WEBHOOK_PATH = '/demo/webhook'

const KEPT = 10
const MAX_SHOWN = 100

export type ReceivedWebhook = { readonly at: Date; readonly type: string; readonly id: string }

export class DemoReceiver {
  readonly #received: ReceivedWebhook[] = []

  /** Latest first. */
  get received(): readonly ReceivedWebhook[] {
    return this.#received.toReversed()
  }

  route(app: FastifyInstance): void {
    app.post(DEMO_WEBHOOK_PATH, { schema: PAGE_SCHEMAS.demoWebhook }, async (request, reply) => {
      const { type } = (request.body ?? {}) as { type?: unknown }
      this.#received.push({
        at: new Date(),
        type: textOf(type),
        id: textOf(request.headers['webhook-id']),
      })
      if (this.#received.length > KEPT) this.#received.shift()
      return reply.code(204).send()
    })
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_SHOWN).toWellFormed() : ''
}
