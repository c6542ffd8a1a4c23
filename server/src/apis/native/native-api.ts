// The native API, /api/v1: announce, revise, cancel, receipts, previews, and looking after the server.

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { schemasAreChecked } from '../../http/openapi.ts'
import { Callers } from './callers.ts'
import { cancellationRoutes } from './cancellation-routes.ts'
import { deadEffectRoutes } from './dead-effect-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { holdRoutes } from './hold-routes.ts'
import { lookRoutes } from './look-routes.ts'
import { nativeFault } from './native-faults.ts'
import type { NativeNeeds } from './needs.ts'
import { nativeOpenApi, schemasOfTheWire } from './openapi.ts'
import { operationRoutes } from './operation-routes.ts'
import { previewRoutes } from './preview-routes.ts'
import { sendProblem } from './problem.ts'
import { receiptRoutes } from './receipt-routes.ts'
import { webhookSecretRoutes } from './webhook-secret-routes.ts'
import { workspaceRoutes } from './workspace-routes.ts'

export const NATIVE_PREFIX = '/api/v1'
export const NATIVE_OPENAPI = `${NATIVE_PREFIX}/openapi.json`

/** What each file of routes is handed. */
export type NativeContext = NativeNeeds & { readonly callers: Callers }

/** `also`: routes that ask in their own way who calls; described with the rest. */
export function nativeApi(needs: NativeNeeds, also: readonly FastifyPluginAsync[]): FastifyPluginAsync {
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
        for (const routes of also) await app.register(routes)
        await app.register(async guarded => {
          const callers = new Callers(needs.auth)
          schemasAreChecked(guarded)
          for (const schema of schemasOfTheWire) guarded.addSchema(schema)
          guarded.addHook('onRequest', async request => {
            await callers.identify(request)
          })
          const context: NativeContext = { ...needs, callers }
          const routes = [
            eventRoutes,
            lookRoutes,
            cancellationRoutes,
            receiptRoutes,
            previewRoutes,
            operationRoutes,
            deadEffectRoutes,
            holdRoutes,
            workspaceRoutes,
            webhookSecretRoutes,
          ] satisfies readonly ((app: FastifyInstance, context: NativeContext) => void)[]
          for (const add of routes) add(guarded, context)
        })
      },
      { prefix: NATIVE_PREFIX },
    )
  }
}
