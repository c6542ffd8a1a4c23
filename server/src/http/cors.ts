// Which pages' scripts may call this server. They have to send bearer tokens: cookies are never allowed across origins.

import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
/** Headers of an answer that such a script may read. */
const EXPOSED = [
  'Standdown-Receipt',
  'Location',
  'Retry-After',
  'ETag',
  'X-Request-Id',
  'X-Wix-Request-Id',
  'request-id',
  'client-request-id',
]
const PREFLIGHT_SECONDS = 600

/** `origins`: exact origins, or ['*']; none: no page of another origin may. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return
  const options = {
    origin: [...origins],
    methods: METHODS,
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false,
  }
  void app.register(cors, {
    // OPTIONS that is no preflight is a request like others, which no route here answers.
    delegator: async (request: FastifyRequest) => ({
      ...options,
      preflight: request.headers['access-control-request-method'] !== undefined,
    }),
  })
}
