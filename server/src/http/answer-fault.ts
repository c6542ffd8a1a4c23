// What all error handlers do with a fault: write it to the log, say when to try again, and mark the answer for caches.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Problem } from '../../../wire/src/problem.ts'
import type { Fault } from '../core/fault.ts'
import type { Html } from './html.ts'
import { problemOf } from './problem-of.ts'

/** Our own failures are logged with their cause, as errors. A caller's mistakes, and what is not offered (501), are logged at debug only. */
export function logFault(request: FastifyRequest, fault: Fault, error: unknown): void {
  const cause = error === fault ? fault.cause : error
  if (fault.status >= 500 && fault.status !== 501)
    request.log.error({ code: fault.code, err: cause ?? fault }, 'request failed')
  else request.log.debug({ code: fault.code, status: fault.status }, 'request refused')
}

/** One address answers with a page or with data. `Vary: Accept` keeps a cache from giving one for the other. */
export function varyByAccept(reply: FastifyReply): void {
  const names = [reply.getHeader('vary') ?? []].flat().map(String)
  if (!names.some(name => /\baccept\b/i.test(name))) reply.header('vary', [...names, 'Accept'].join(', '))
}

/** Sets Retry-After, if the fault knows it. */
export function setRetryAfter(fault: Fault, reply: FastifyReply): void {
  const { retryAfterSeconds } = fault.data
  if (typeof retryAfterSeconds === 'number') reply.header('retry-after', String(retryAfterSeconds))
}

export type ProblemPage = (request: FastifyRequest, problem: Problem) => Html | null
export type SendProblem = (request: FastifyRequest, reply: FastifyReply, fault: Fault) => FastifyReply

/** Sends problems of addresses that belong to no API. `page`: the page of a problem, for a request that wants a page. */
export function problemSender(page: ProblemPage | undefined): SendProblem {
  return (request, reply, fault) => {
    const problem = problemOf(fault)
    const html = page?.(request, problem) ?? null
    varyByAccept(reply)
    reply.code(fault.status)
    if (html !== null) return reply.type('text/html; charset=utf-8').send(html.toString())
    return reply.type('application/problem+json').send(problem)
  }
}
