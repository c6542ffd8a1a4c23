// Every call, of whatever API, whose token or key is not good (any more), for the security log. The endpoints where apps show
// their secrets write lines of their own.

import type { FastifyInstance } from 'fastify'
import type { SecurityLog } from '../../auth/security-log.ts'
import { circumstancesOf } from '../native/audit-context.ts'
import { TOKEN_ENDPOINTS } from './oauth-routes.ts'

/** To be called before routes are added. */
export function recordRefusedCredentials(app: FastifyInstance, securityLog: SecurityLog): void {
  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode !== 401 || request.headers.authorization === undefined) return
    const route = request.routeOptions.url ?? 'none'
    if (TOKEN_ENDPOINTS.includes(route)) return
    // The route as it is declared: what stands in the address itself may be anything.
    securityLog.record('credential_refused', circumstancesOf(request, null), {
      route,
      method: request.method,
    })
  })
}
