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
  const isListed = (origin: string | undefined) =>
    origin !== undefined && (origins.includes('*') || origins.includes(origin))
  void app.register(cors, {
    // What is not for us goes on to its route: a preflight of an origin that is not listed (the issuer of tokens lists its own), and
    // OPTIONS that is no preflight.
    delegator: async ({ headers }: FastifyRequest) => ({
      ...options,
      origin: isListed(headers.origin) ? options.origin : false,
      preflight: headers['access-control-request-method'] !== undefined,
    }),
  })
}
