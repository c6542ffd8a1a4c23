// Decides which pages' scripts may call this server. They have to send bearer tokens: cookies are never allowed across origins.

import type { FastifyReply, FastifyRequest } from 'fastify'

const EXPOSED =
  'Standdown-Receipt, Location, Retry-After, ETag, X-Request-Id, X-Wix-Request-Id, request-id, client-request-id'
const PREFLIGHT_SECONDS = 600

/** An onRequest hook that answers preflights itself. `origins`: exact origins, or ['*']. */
export function corsHook(origins: readonly string[]) {
  const allowed = new Set(origins)
  const any = allowed.has('*')
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const origin = request.headers.origin
    if (origin === undefined || allowed.size === 0) return undefined
    reply.header('vary', 'Origin')
    if (!any && !allowed.has(origin)) return undefined
    reply.header('access-control-allow-origin', any ? '*' : origin)
    reply.header('access-control-expose-headers', EXPOSED)
    const method = request.headers['access-control-request-method']
    if (request.method !== 'OPTIONS' || method === undefined) return undefined
    const headers = request.headers['access-control-request-headers']
    reply.header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
    if (headers !== undefined && /^[\w\-, ]{0,1000}$/.test(headers))
      reply.header('access-control-allow-headers', headers)
    reply.header('access-control-max-age', String(PREFLIGHT_SECONDS))
    return reply.code(204).send()
  }
}
