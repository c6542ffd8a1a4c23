// The routes that read receipts: as JSON, and at the same address as a page for browsers. This folder must
// not change anything, and must not show a receipt to somebody who may not see its cancellation.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Receipt } from '../../../core/cancellation.ts'
import { type Principal, principalKey } from '../../../core/principal.ts'
import { whileAuthorized } from '../../../http/while-authorized.ts'
import { isOperator, mayReadReceipt } from '../access.ts'
import { nativeFault } from '../faults.ts'
import type { NativeContext } from '../native-context.ts'
import { receiptPage } from '../pages/receipt-page.ts'
import { sendPage, wantsPage } from '../pages/send-page.ts'
import { idParams, listResponse, response } from '../route-schema.ts'
import { receiptView } from '../views.ts'

/** Longest wait for a receipt to become final, seconds. It is final 30 s after the cancel at the latest (I4). */
const MAX_WAIT_S = 60

const receiptQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    wait: {
      type: 'string',
      pattern: '^\\d{1,3}$',
      description: `Seconds to wait until it is final, at most ${MAX_WAIT_S}.`,
    },
    after: { type: 'string', format: 'uuid', description: '`itemsAfter` of the page before.' },
  },
} as const

const searchQuery = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    ['key', 'app', 'entity', 'triggerKey', 'externalEntityId', 'eventId', 'cancellationToken']
      .concat('correlationId')
      .map(name => [name, { type: 'string', minLength: 1, maxLength: 1000 }]),
  ),
} as const

type ReadOptions = Parameters<NativeContext['engine']['receipt']>[2]

type Search = { readonly [name: string]: string | undefined }

export function receiptRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers, receiptFinder, longResponses } = context

  app.get(
    '/receipts/:id',
    {
      schema: {
        summary: 'A receipt: what a cancel did, action by action. A page for browsers (Accept: text/html).',
        params: idParams,
        querystring: receiptQuery,
        response: response('Receipt'),
      },
    },
    async (request, reply) => {
      const caller = callers.of(request)
      const { id } = request.params as { id: string }
      const { wait, after } = request.query as { wait?: string; after?: string }
      const page = after === undefined ? {} : { after }
      const read = (options: ReadOptions) => engine.receipt(caller.tenant, id.toLowerCase(), options)
      const receipt = await read(page)
      const mayRead = (who: Principal): void => {
        if (!receipt || !mayReadReceipt(who, receipt)) throw nativeFault.NOT_FOUND({ what: 'receipt', id })
      }
      mayRead(caller)
      const waitMs = Math.min(Number(wait ?? 0), MAX_WAIT_S) * 1000
      if (waitMs === 0 || receipt?.state === 'final') return answer(request, reply, receipt!)
      const releaseSlot = longResponses.begin(`${caller.tenant} ${principalKey(caller)}`)
      if (!releaseSlot) throw nativeFault.TOO_MANY_WAITS({ most: longResponses.limits.each })
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const ask = async () => mayRead(await callers.identify(request))
      const authorized = whileAuthorized(ask)
      const signal = AbortSignal.any([left.signal, authorized.signal])
      const later = await read({ ...page, waitMs, signal }).finally(() => {
        authorized.stop()
        releaseSlot()
      })
      await ask()
      if (!later) throw nativeFault.NOT_FOUND({ what: 'receipt', id })
      return answer(request, reply, later)
    },
  )

  app.get(
    '/receipts',
    {
      schema: {
        summary: 'Receipts by what was called off, latest first; without a search the latest of the tenant.',
        querystring: searchQuery,
        response: listResponse('Receipt'),
      },
    },
    async request => {
      const caller = callers.of(request)
      const receipts = await search(caller, request.query as Search)
      return { value: receipts.filter(receipt => mayReadReceipt(caller, receipt)).map(receiptView) }
    },
  )

  async function search(caller: Principal, by: Search): Promise<readonly Receipt[]> {
    if (by.triggerKey !== undefined && by.externalEntityId !== undefined) {
      return receiptFinder.byTrigger(caller, by.triggerKey, by.externalEntityId)
    }
    if (by.eventId !== undefined) return receiptFinder.byEvent(caller, by.eventId)
    if (by.cancellationToken !== undefined) return receiptFinder.byToken(caller, by.cancellationToken)
    if (by.correlationId !== undefined) {
      return engine.findReceipts(caller.tenant, { correlationId: by.correlationId, limit: 50 })
    }
    if (by.key !== undefined) {
      return receiptFinder.byKey(caller, { key: by.key, ...(by.app === undefined ? {} : { app: by.app }) })
    }
    const anything = Object.values(by).some(value => value !== undefined)
    if (anything || !isOperator(caller)) throw nativeFault.SEARCH_NEEDED()
    return engine.findReceipts(caller.tenant, { limit: 50 })
  }

  function answer(request: FastifyRequest, reply: FastifyReply, receipt: Receipt): FastifyReply {
    reply.header('vary', 'Accept, Authorization, Cookie')
    if (wantsPage(request)) return sendPage(reply, receiptPage(receiptView(receipt)))
    return reply.send(receiptView(receipt))
  }
}
