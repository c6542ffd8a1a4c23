// The error handler of the native API: errors are answered as problem+json (RFC 9457), and as a page to a browser.

import type { Problem } from '@standdown/wire/src/problem.ts'
import type { ErrorObject } from 'ajv'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fault } from '../../core/fault.ts'
import { logFault, setRetryAfter, varyByAccept } from '../../http/answer-fault.ts'
import { faultOf, RETRY_AFTER_SECONDS } from '../../http/fault-of.ts'
import { problemOf } from '../../http/problem-of.ts'
import { nativeFault } from './faults.ts'
import { problemPage } from './pages/problem-page.ts'
import { sendPage, wantsPage } from './pages/send-page.ts'
import { validationMessages } from './validation-messages.ts'

export function nativeFaultOf(error: unknown): Fault {
  const { validation } = error as { validation?: unknown }
  if (!Array.isArray(validation)) return faultOf(error)
  const errors = validationMessages(validation as ErrorObject[])
  const first = errors[0]
  const detail = first
    ? `${first.at === '' ? 'The request' : first.at}: ${first.message}.`
    : 'The request is not valid.'
  return nativeFault.INVALID_REQUEST({ detail, errors })
}

export function nativeProblem(error: unknown): Problem {
  return problemOf(nativeFaultOf(error))
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = nativeFaultOf(error)
  logFault(request, fault, error)
  const problem = problemOf(fault)
  if (fault.status === 401) reply.header('www-authenticate', 'Bearer realm="standdown"')
  setRetryAfter(fault, reply)
  varyByAccept(reply)
  if (fault.status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  if (wantsPage(request)) return sendPage(reply.code(fault.status), problemPage(problem, request.url))
  const requestId = fault.status >= 500 ? { requestId: request.id } : {}
  return reply
    .code(fault.status)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, ...requestId }))
}
