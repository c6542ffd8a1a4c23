// The routes that call something off, and those that show what a cancel would do (preview-routes.ts). Every
// answer names its receipts, in the body and in the header Standdown-Receipt. This folder must not decide
// what a cancel reaches: it finds out who asks and what is named, and the engine does the rest.

import type {
  CancellationRequest,
  CancelledListView,
  CancelledView,
  CancelRequestBody,
} from '@standdown/wire/src/cancellation.ts'
import { cancelBodySchema, cancellationRequestSchema } from '@standdown/wire/src/cancellation.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CancelRequest } from '../../../core/cancellation.ts'
import type { Principal } from '../../../core/principal.ts'
import { nativeFault } from '../faults.ts'
import { meansEverybody, type Name } from '../name-finder.ts'
import { nativeCaller } from '../native-caller.ts'
import type { NativeContext } from '../native-context.ts'
import { type ClaimedKey, claimKey, requestKeyHeaders, requestKeyOf } from '../request-key.ts'
import { eventIdParams, response } from '../route-schema.ts'
import { cancelledView, ownerView, receiptLink } from '../views.ts'
import {
  answerAgain,
  type CancelNames,
  cancelledAnswer,
  cancelNames,
  type KeptAnswer,
  keptAnswer,
} from './cancel-names.ts'

/** How long a cancel by key waits for its event, unless it says otherwise: 15 minutes (I6). */
export const DEFAULT_EARLY_MS = 900_000

const one = { ...response('Cancelled', 201), ...response('Cancelled', 200) }
const oneOrMore = { anyOf: [{ $ref: 'Cancelled#' }, { $ref: 'CancelledList#' }] }

export function cancellationRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, db, callers, events, names: finder } = context

  app.post(
    '/events/:id/cancel',
    {
      schema: {
        summary: 'Call an event off, with everything that hangs from it.',
        params: eventIdParams,
        headers: requestKeyHeaders,
        body: { anyOf: [cancelBodySchema, { type: 'null' }] },
        response: one,
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
        summary: 'Call off every live event with a name, or one by its id; a key may come before its event.',
        description:
          'An app cancels by its own keys. An operator reaches every app, site and agent of the tenant: each that has the name gets a cancellation and a receipt of its own, and nothing is kept for later unless `app` says whose key it is.',
        headers: requestKeyHeaders,
        body: cancellationRequestSchema,
        response: { 201: oneOrMore, 200: oneOrMore },
      },
    },
    async (request, reply) => {
      const body = request.body as CancellationRequest
      const caller = callers.of(request)
      if ('eventId' in body) return await cancelById(request, reply, body)
      const about = { reason: body.reason ?? null, correlationId: body.correlationId ?? null }
      if (!('key' in body)) {
        const names =
          'triggerKey' in body ? await finder.byTrigger(caller, body) : await finder.byToken(caller, body)
        return await cancelAll(request, reply, { ...about, names, early: null })
      }
      const everybody = meansEverybody(caller, body)
      if (everybody && body.earlyMs !== undefined && body.earlyMs > 0)
        throw nativeFault.INVALID_REQUEST({
          detail: 'Nothing is kept early unless `app` says whose key it is: an app, or `people`.',
        })
      const earlyMs = body.earlyMs ?? DEFAULT_EARLY_MS
      const early = everybody || earlyMs === 0 ? null : { ttlMs: earlyMs }
      const names = await finder.byKey(caller, body)
      const [name] = names
      if (everybody || names.length > 1 || !name)
        return await cancelAll(request, reply, { ...about, names, early })
      return await cancel(request, reply, { ...about, target: name.target, early }, name)
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

  /** By an id, or by a name that only one owner can have. */
  async function cancel(
    request: FastifyRequest,
    reply: FastifyReply,
    what: Omit<CancelRequest, 'tenant' | 'by'>,
    name?: Name,
  ): Promise<FastifyReply> {
    const caller = callers.of(request)
    const claimed = await claim(request, caller, what.target)
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
    const view = { ...cancelledView(outcome), ...(name ? { of: ownerView(name) } : {}) }
    if (claimed && claimed.answered === null)
      await db.transaction('native.claim', tx => claimed.answer(tx, { receipt: view.receipt }))
    return send(reply, view)
  }

  /** By a name that several owners may have. */
  async function cancelAll(
    request: FastifyRequest,
    reply: FastifyReply,
    what: Omit<CancelNames, 'requestKey'>,
  ): Promise<FastifyReply> {
    const caller = callers.of(request)
    const { key, triggerKey, externalEntityId, cancellationToken, entity, app, agent } =
      request.body as RequestedNames
    const requested = { key, triggerKey, externalEntityId, cancellationToken, entity, app, agent }
    const claimed = await claim(request, caller, requested)
    if (claimed?.answered) return send(reply, answerAgain(claimed.answered as KeptAnswer))
    const cancelled = await cancelNames(engine, caller, { ...what, requestKey: requestKeyOf(request) })
    if (claimed) await db.transaction('native.claim', tx => claimed.answer(tx, keptAnswer(cancelled)))
    return send(reply, cancelledAnswer(cancelled))
  }

  /**
   * Claims the request's key for the whole tenant, since the engine knows a key within one shard only. The claim is committed before the
   * cancel: if this process dies in between, the same request continues from here. Null: the request has no key.
   */
  async function claim(
    request: FastifyRequest,
    caller: Principal,
    requested: unknown,
  ): Promise<ClaimedKey | null> {
    if (requestKeyOf(request) === null) return null
    return await db.transaction('native.claim', tx =>
      claimKey(engine, tx, request, caller, { cancel: requested }),
    )
  }
}

/** The fields that name what is to be called off, of all the ways to name it. */
type RequestedNames = {
  readonly [name in
    | 'key'
    | 'triggerKey'
    | 'externalEntityId'
    | 'cancellationToken'
    | 'entity'
    | 'app'
    | 'agent']?: string
}

function send(reply: FastifyReply, answer: CancelledView | CancelledListView): FastifyReply {
  const views = 'receipts' in answer ? answer.receipts : [answer]
  const isNew = views.some(view => !view.replayed)
  if (views.length > 0) reply.header('standdown-receipt', views.map(view => view.receipt).join(', '))
  if (!('receipts' in answer)) reply.header('location', answer.receipt)
  return reply.code(isNew ? 201 : 200).send(answer)
}
