// Wix Automations "Triggered Events": the four calls, at every path that Wix's clients use. This room
// translates between those calls and the automations room. It must not decide what a report or a cancel does,
// and it must not know another API.
//
// Which path a client uses depends on the host that it is configured with (reference: the path table inside
// @wix/automations):
//   www.wixapis.com  /automations/v1/events/…       manage.wix.com   /_api/esb-config-resolver/v1/events/…
//   any other host   /v1/events/…                   platform.rise.ai /workflows/v1/events/report

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { CancelResult } from '../../automations/activations/cancel-events.ts'
import type { Automations } from '../../automations/automations.ts'
import { Fault } from '../../core/fault.ts'
import type { FindParent } from '../../core/parent.ts'
import { logFault } from '../../http/answer-fault.ts'
import { faultOf } from '../../http/fault-of.ts'
import { httpFault } from '../../http/faults.ts'
import { schemasDescribeOnly } from '../../http/openapi.ts'
import { readParentHeader } from '../../http/parent-header.ts'
import { bulkAnswer } from './bulk-answer.ts'
import { type Authenticator, CANCEL_SCOPES, type Calling, callingApp, REPORT_SCOPES } from './calling-app.ts'
import { AUTOMATIONS_OPENAPI, automationsOpenApi, SCHEMAS } from './openapi.ts'
import { RateLimit, type RateLimitNeeds } from './rate-limit.ts'
import {
  readBulkCancel,
  readBulkReport,
  readCancel,
  readIdempotencyKey,
  readReport,
} from './read-requests.ts'
import { wixError } from './wix-error.ts'

export type AutomationsApiNeeds = {
  readonly automations: Pick<Automations, 'report' | 'cancel'>
  readonly auth: Authenticator
  readonly findParent: FindParent
  /** Wix's limit of 200 requests a minute; left out, nobody is limited. */
  readonly rateLimit?: RateLimitNeeds
}

type Call = (calling: Calling, request: FastifyRequest, reply: FastifyReply) => Promise<object>

const PREFIXES = ['/automations/v1/events', '/v1/events', '/_api/esb-config-resolver/v1/events'] as const
const REPORT_ONLY_PREFIX = '/workflows/v1/events'

export function automationsApi(needs: AutomationsApiNeeds): FastifyPluginAsync {
  const { automations, auth, findParent } = needs
  const rateLimit = needs.rateLimit ? new RateLimit(needs.rateLimit) : null

  /** The header names the parent of all events of a call. */
  const parentOf = async ({ principal }: Calling, { headers }: FastifyRequest) => {
    const named = readParentHeader(headers['standdown-parent'])
    return named && (await findParent(principal, named))
  }

  const report: Call = async (calling, request) => {
    const { app } = calling
    const { triggerKey, event } = readReport(request.body)
    const parent = await parentOf(calling, request)
    const [result] = await automations.report({ app, triggerKey, events: [event], parent })
    if (result!.is === 'refused') throw result!.fault
    return { activationIds: result!.is === 'reported' ? result!.activationIds : [] }
  }

  const bulkReport: Call = async (calling, request) => {
    const { app } = calling
    const { triggerKey, items } = readBulkReport(request.body)
    const parent = await parentOf(calling, request)
    const events = items.map(({ event }) => event)
    const results = await automations.report({ app, triggerKey, events, parent })
    return bulkAnswer(
      triggerKey,
      results.map((result, i) => ({
        error: result.is === 'refused' ? result.fault : null,
        item: {
          eventInfo: items[i]!.sent,
          activationIds: result.is === 'reported' ? result.activationIds : [],
        },
      })),
    )
  }

  const cancel: Call = async ({ app }, request, reply) => {
    const { triggerKey, externalEntityId } = readCancel(request.body)
    const requestKey = readIdempotencyKey(request.headers['idempotency-key'])
    const results = await automations.cancel({
      app,
      triggerKey,
      externalEntityIds: [externalEntityId],
      requestKey,
    })
    throwWhenAllFailed(results)
    nameReceipts(reply, results)
    return {}
  }

  const bulkCancel: Call = async ({ app }, request, reply) => {
    const { triggerKey, externalEntityIds } = readBulkCancel(request.body)
    const requestKey = readIdempotencyKey(request.headers['idempotency-key'])
    const results = await automations.cancel({ app, triggerKey, externalEntityIds, requestKey })
    if (!results.some(result => result instanceof Fault)) throwWhenAllFailed(results)
    nameReceipts(reply, results)
    return bulkAnswer(
      triggerKey,
      results.map((result, i) => ({
        id: externalEntityIds[i]!,
        error: result instanceof Error ? result : null,
        item: { externalEntityId: externalEntityIds[i]! },
      })),
    )
  }

  const calls = {
    report: { run: report, scopes: REPORT_SCOPES, schema: SCHEMAS.report },
    'bulk-report': { run: bulkReport, scopes: REPORT_SCOPES, schema: SCHEMAS.bulkReport },
    cancel: { run: cancel, scopes: CANCEL_SCOPES, schema: SCHEMAS.cancel },
    'bulk-cancel': { run: bulkCancel, scopes: CANCEL_SCOPES, schema: SCHEMAS.bulkCancel },
  } as const

  function route(api: FastifyInstance, name: keyof typeof calls): void {
    const call = calls[name]
    const callers = new WeakMap<FastifyRequest, Calling>()
    api.post(`/${name}`, {
      schema: call.schema,
      // Before the body is read, so that nothing is parsed for a caller without the right.
      onRequest: async request => {
        const calling = await callingApp(auth, request, call.scopes)
        await rateLimit?.take(calling.app)
        callers.set(request, calling)
      },
      // Wix's client accepts only 200 as success, and expects a JSON body.
      handler: async (request, reply) =>
        reply.code(200).send(await call.run(callers.get(request)!, request, reply)),
    })
  }

  function shape(api: FastifyInstance): void {
    api.addHook('onRequest', async (request, reply) => {
      reply.header('x-wix-request-id', request.id)
    })
    api.setErrorHandler((error, request, reply) => {
      const fault = faultOf(error)
      logFault(request, fault, error)
      if (typeof fault.data.receipt === 'string') reply.header('standdown-receipt', fault.data.receipt)
      return reply.code(fault.status).send(wixError(fault))
    })
    api.setNotFoundHandler((request, reply) => {
      const fault = httpFault.NOT_FOUND({ path: request.url.split('?')[0]!.slice(0, 200) })
      return reply.code(404).send(wixError(fault))
    })
  }

  return async app => {
    schemasDescribeOnly(app)
    const openApi = automationsOpenApi()
    openApi.watch(app)
    for (const prefix of PREFIXES) {
      await app.register(
        async api => {
          shape(api)
          for (const name of Object.keys(calls)) route(api, name as keyof typeof calls)
        },
        { prefix },
      )
    }
    await app.register(
      async api => {
        shape(api)
        route(api, 'report')
      },
      { prefix: REPORT_ONLY_PREFIX },
    )
    app.get(AUTOMATIONS_OPENAPI, { schema: { summary: 'This description.', isPublic: true } }, async () =>
      openApi.document(),
    )
  }
}

function throwWhenAllFailed(results: readonly CancelResult[]): void {
  const [first] = results
  if (first instanceof Error && results.every(result => result instanceof Error)) throw first
}

/** One receipt per distinct entity, comma separated: the body is Wix's and has no place for them. */
function nameReceipts(reply: FastifyReply, results: readonly CancelResult[]): void {
  const ids = new Set(results.flatMap(result => (result instanceof Error ? [] : [result.receiptId])))
  if (ids.size > 0) reply.header('standdown-receipt', [...ids].map(id => `/api/v1/receipts/${id}`).join(', '))
}
