// The caller and the origin of a request, for the security log.

import type { FastifyRequest } from 'fastify'
import type { AuditContext } from '../../auth/security-log.ts'
import { type Principal, principalKey } from '../../core/principal.ts'

export function auditContextOf(request: FastifyRequest, by: Principal | null): AuditContext {
  return { by: by && principalKey(by), from: request.ip, requestId: request.id }
}
