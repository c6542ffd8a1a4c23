// The header by which a caller says "this is the same request again" (I5).

import type { FastifyRequest } from 'fastify'

export const requestKeyHeaders = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'The same again, from the same caller: the same receipt, and nothing is done twice.',
    },
    'client-request-id': {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'Same as idempotency-key.',
    },
  },
} as const

export function requestKeyOf(request: FastifyRequest): string | null {
  const { 'idempotency-key': key, 'client-request-id': id } = request.headers
  const value = key ?? id
  return typeof value === 'string' ? value : null
}
