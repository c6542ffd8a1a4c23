// Records every call, of any API, whose token or key is not valid, in the security log. The token endpoints of apps write entries of their own.

import type { FastifyInstance } from 'fastify'
import type { SecurityLog } from '../../auth/security-log.ts'
import { auditContextOf } from '../native/audit-context.ts'
import { TOKEN_ENDPOINTS } from './oauth-routes.ts'

/** Call it before routes are added. */
export function recordRefusedCredentials(app: FastifyInstance, securityLog: SecurityLog): void {
  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode !== 401 || request.headers.authorization === undefined) return
    const route = request.routeOptions.url ?? 'none'
    if (TOKEN_ENDPOINTS.includes(route)) return
    // The log gets the route as it is declared, because the address itself may contain anything.
    securityLog.record('credential_refused', auditContextOf(request, null), {
      route,
      method: request.method,
    })
  })
}
