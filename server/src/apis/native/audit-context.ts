// Who does something and from where, as the security log names it.

import type { FastifyRequest } from 'fastify'
import type { Circumstances } from '../../auth/security-log.ts'
import { type Principal, principalKey } from '../../core/principal.ts'

export function circumstancesOf(request: FastifyRequest, by: Principal | null): Circumstances {
  return { by: by && principalKey(by), from: request.ip, requestId: request.id }
}
