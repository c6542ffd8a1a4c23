// Sending a page. Its content security policy is http/security-headers' own: no scripts but ours, framed by nobody.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Html } from '../../../http/html.ts'

export function sendPage(reply: FastifyReply, page: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page.toString())
}

/** True for a browser that looks: it accepts text/html, and asks for it before JSON. */
export function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  const page = accept.indexOf('text/html')
  const json = accept.indexOf('application/json')
  return page !== -1 && (json === -1 || page < json)
}
