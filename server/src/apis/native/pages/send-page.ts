// Sends a page. http/security-headers.ts sets its content security policy: only our own scripts, and no framing.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Html } from '../../../http/html.ts'

export function sendPage(reply: FastifyReply, page: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page.toString())
}

/** True for a request of a browser: its Accept header names text/html, and before JSON. */
export function wantsPage(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  const page = accept.indexOf('text/html')
  const json = accept.indexOf('application/json')
  return page !== -1 && (json === -1 || page < json)
}
