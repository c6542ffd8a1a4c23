// The hooks that every request passes, whichever API it is for.

import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { allowOrigins } from './cors.ts'
import { RETRY_AFTER_SECONDS } from './fault-of.ts'
import { httpFault } from './faults.ts'
import { type HostGuard, hostGuard } from './host-guard.ts'
import { drainBody } from './listen/drain-body.ts'
import type { Metrics } from './metrics.ts'
import { holdsNul, isUndecodable } from './request-path.ts'
import { secureHeaders, strictTransport } from './security-headers.ts'

export type HookNeeds = {
  readonly config: Pick<Config, 'publicUrl' | 'hstsSeconds' | 'corsOrigins'>
  readonly metrics: Metrics
  readonly hostGuard: HostGuard
  /** Whether the server is stopping. */
  readonly isClosing: () => boolean
}

export function addRequestHooks(app: FastifyInstance, needs: HookNeeds): void {
  const { config } = needs
  const hsts = strictTransport({ publicUrl: config.publicUrl, seconds: config.hstsSeconds })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // Set on the raw response, since some routes write their answer themselves.
    if (hsts !== null && request.protocol === 'https') reply.raw.setHeader('strict-transport-security', hsts)
  })
  app.addHook('onRequest', hostGuard(needs.hostGuard))
  allowOrigins(app, config.corsOrigins)
  addRequestChecks(app)
  app.addHook('onSend', secureHeaders)
  app.addHook('onSend', async (request, reply) => {
    if (!request.raw.complete && reply.getHeader('connection') === 'close') {
      reply.removeHeader('connection')
      drainBody(request.raw)
    }
    // Set as late as possible: a request that was under way when the stop began must not leave an idle connection behind.
    if (needs.isClosing()) reply.header('connection', 'close')
    if ((reply.statusCode === 503 || reply.statusCode === 429) && !reply.hasHeader('retry-after'))
      reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  })
  addRequestMetrics(app, needs.metrics)
}

/**
 * Refuses what no API reads. The router could refuse it earlier, but not in the shape of the API's errors; and after every
 * onRequest hook the API has identified its caller.
 */
function addRequestChecks(app: FastifyInstance): void {
  app.addHook('preParsing', async request => {
    if (isUndecodable(request.originalUrl)) throw httpFault.BAD_REQUEST()
    // PostgreSQL stores no NUL, so no id or name can hold one.
    if (holdsNul(request.originalUrl)) throw httpFault.UNSTORABLE_TEXT({ at: 'the address', fault: 'nul' })
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding.toLowerCase() !== 'identity')
      throw httpFault.ENCODED_BODY({ encoding: encoding.slice(0, 50) })
  })
}

function addRequestMetrics(app: FastifyInstance, metrics: Metrics): void {
  const requests = metrics.histogram({
    name: 'standdown_http_request_seconds',
    help: 'Time to answer a request, by route and status.',
    labels: ['method', 'route', 'status'],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    const { method } = request
    requests.observe({ method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })
}
