// The native API, /api/v1: announce, revise, cancel, receipts and previews. It joins the domains in one tree.
// It must not have a way to cancel of its own: it calls the engine. It must not know the other routes under
// /api/v1: apis/operations has them, and app/ passes them in.

import type { FastifyPluginAsync } from 'fastify'
import { schemasAreChecked } from '../../http/openapi.ts'
import { Callers } from './callers.ts'
import { cancellationRoutes } from './cancellations/cancellation-routes.ts'
import { previewRoutes } from './cancellations/preview-routes.ts'
import { eventRoutes } from './events/event-routes.ts'
import { queryRoutes } from './events/query-routes.ts'
import { nativeFault } from './faults.ts'
import type { NativeContext, NativeRoutes } from './native-context.ts'
import type { NativeNeeds } from './needs.ts'
import { nativeOpenApi, schemasOfTheWire } from './openapi.ts'
import { sendProblem } from './problem.ts'
import { receiptRoutes } from './receipts/receipt-routes.ts'

export const NATIVE_PREFIX = '/api/v1'
export const NATIVE_OPENAPI = `${NATIVE_PREFIX}/openapi.json`

const NATIVE_ROUTES: readonly NativeRoutes[] = [
  eventRoutes,
  queryRoutes,
  cancellationRoutes,
  receiptRoutes,
  previewRoutes,
]

export type FurtherRoutes = {
  /** The native API identifies their callers, as it does for its own routes. */
  readonly guarded: readonly NativeRoutes[]
  /** They identify their callers by themselves. */
  readonly open: readonly FastifyPluginAsync[]
}

/** `further`: other routes under /api/v1, which are described in the same document. */
export function nativeApi(needs: NativeNeeds, further: FurtherRoutes): FastifyPluginAsync {
  return async root => {
    await root.register(
      async app => {
        const openApi = nativeOpenApi(needs.facts)
        openApi.watch(app)
        app.setErrorHandler(sendProblem)
        app.setNotFoundHandler((request, reply) =>
          sendProblem(
            nativeFault.NOT_FOUND({ what: 'call', id: `${request.method} ${request.url}` }),
            request,
            reply,
          ),
        )
        app.get('/openapi.json', { schema: { summary: 'This description.', isPublic: true } }, async () =>
          openApi.document(),
        )
        for (const routes of further.open) await app.register(routes)
        await app.register(async guarded => {
          const callers = new Callers(needs.auth)
          schemasAreChecked(guarded)
          for (const schema of schemasOfTheWire) guarded.addSchema(schema)
          guarded.addHook('onRequest', async request => {
            await callers.identify(request)
          })
          const context: NativeContext = { ...needs, callers }
          for (const add of [...NATIVE_ROUTES, ...further.guarded]) add(guarded, context)
        })
      },
      { prefix: NATIVE_PREFIX },
    )
  }
}
