// Decides who may read /metrics with a token or in a browser, on whatever address the server listens. The numbers are of all tenants. So
// only two may read them: the holder of the server's own key, and an operator of the only tenant that there is.

import type { FastifyRequest } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import { isServerOperator } from '../../auth/principals.ts'
import { Fault } from '../../core/fault.ts'
import { isOperator } from '../native/access.ts'

export function metricsReaders(auth: Auth): (request: FastifyRequest) => Promise<boolean> {
  return async request => {
    const { authorization } = request.headers
    try {
      const caller =
        authorization === undefined
          ? await auth.session(request)
          : await auth.authenticate(authorization, { scheme: 'bearer' })
      if (!caller) return false
      if (isServerOperator(caller)) return true
      return isOperator(caller) && (await auth.directory.tenants()).length === 1
    } catch (error) {
      if (error instanceof Fault && error.status < 500) return false
      throw error
    }
  }
}
