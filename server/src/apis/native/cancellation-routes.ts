// Calling something off. Every answer names the receipt, in the body and as header Standdown-Receipt.

import type { CancellationRequest, CancelRequestBody } from '@standdown/wire/src/receipt.ts'
import { cancelBodySchema, cancellationRequestSchema } from '@standdown/wire/src/receipt.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, CancelRequest } from '../../core/cancellation.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import { keyOf, NATIVE_EVENT, requireAnnouncer } from './access.ts'
import type { NativeContext } from './native-api.ts'
import { nativeFault } from './native-faults.ts'
import { once, requestKeyHeaders, requestKeyOf } from './request-key.ts'
import { eventIdParams, response } from './route-schema.ts'
import { cancelledView, receiptLink } from './views.ts'

/** How long a cancel by key waits for its event, unless it says otherwise: 15 minutes (I6). */
export const DEFAULT_EARLY_MS = 900_000

const answers = { ...response('Cancelled', 201), ...response('Cancelled', 200) }

export function nativeCaller(principal: Principal): Caller {
  return { principal: principalKey(principal), api: 'native', name: principal.name }
}

export function cancellationRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, db, callers, events } = context

  app.post(
    '/events/:id/cancel',
    {
      schema: {
        summary: 'Call an event off, with everything that hangs from it.',
        params: eventIdParams,
        headers: requestKeyHeaders,
        body: { anyOf: [cancelBodySchema, { type: 'null' }] },
        response: answers,
      },
    },
    (request, reply) => {
      const body = (request.body ?? {}) as CancelRequestBody
      return cancelById(request, reply, { ...body, eventId: (request.params as { id: string }).id })
    },
  )

  app.post(
    '/cancellations',
    {
      schema: {
        summary: 'Call off every live event with a key, or one by its id; a key may come before its event.',
        headers: requestKeyHeaders,
        body: cancellationRequestSchema,
        response: answers,
      },
    },
    (request, reply) => {
      const body = request.body as CancellationRequest
      if ('eventId' in body) return cancelById(request, reply, body)
      const caller = callers.of(request)
      requireAnnouncer(caller)
      const earlyMs = body.earlyMs ?? DEFAULT_EARLY_MS
      return cancel(request, reply, {
        target: { key: keyOf(caller, body.key), entity: body.entity ?? body.key, kind: NATIVE_EVENT },
        reason: body.reason ?? null,
        correlationId: body.correlationId ?? null,
        early: earlyMs === 0 ? null : { ttlMs: earlyMs },
      })
    },
  )

  async function cancelById(
    request: FastifyRequest,
    reply: FastifyReply,
    body: CancelRequestBody & { readonly eventId: string },
  ): Promise<FastifyReply> {
    const caller = callers.of(request)
    const event = await events.find(caller, body.eventId)
    if (!event) throw nativeFault.NOT_FOUND({ what: 'event', id: body.eventId })
    return cancel(request, reply, {
      target: { eventId: event.id },
      reason: body.reason ?? null,
      correlationId: body.correlationId ?? null,
    })
  }

  async function cancel(
    request: FastifyRequest,
    reply: FastifyReply,
    what: Omit<CancelRequest, 'tenant' | 'by'>,
  ): Promise<FastifyReply> {
    const caller = callers.of(request)
    // The engine knows a key within one shard. Claimed first and for good: should this process die behind it, the same
    // request goes on from here.
    const claimed =
      requestKeyOf(request) === null
        ? null
        : await db.transaction('native.claim', tx =>
            once(engine, tx, request, caller, { cancel: what.target }),
          )
    const outcome = await engine.cancel({
      ...what,
      tenant: caller.tenant,
      by: nativeCaller(caller),
      requestKey: requestKeyOf(request),
    })
    if ('refused' in outcome) {
      if (outcome.refused === 'request_key_reused') {
        throw nativeFault.REQUEST_KEY_REUSED({ receipt: receiptLink(outcome.receiptId) })
      }
      const id = 'eventId' in what.target ? what.target.eventId : what.target.key
      throw nativeFault.NOT_FOUND({ what: 'event', id })
    }
    const view = cancelledView(outcome)
    if (claimed && claimed.answered === null)
      await db.transaction('native.claim', tx => claimed.answer(tx, { receipt: view.receipt }))
    return reply
      .code(outcome.replayed ? 200 : 201)
      .header('location', view.receipt)
      .header('standdown-receipt', view.receipt)
      .send(view)
  }
}
