// Security headers of every answer, unless the route has set its own: strict for APIs, usable for pages.

import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLoopback } from '../config/config.ts'

/** An answer that is not a page may do nothing in a browser. */
const CSP_DATA = "default-src 'none'; frame-ancestors 'none'"

/** A page of ours: only our own scripts and styles, and no other page may frame it. */
export const CSP_PAGE = contentSecurityPolicy({})

type Sources = { readonly [directive: string]: readonly string[] }

/** The policy of a page. A directive of `more` is added or replaces ours, e.g. `{ 'frame-src': [phoneOrigin] }`. */
export function contentSecurityPolicy(more: Sources): string {
  const directives: Sources = {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'"],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
    ...more,
  }
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ')
}

export type StrictTransport = {
  /** PUBLIC_URL. */
  readonly publicUrl: string | null
  readonly seconds: number
}

/**
 * Strict-Transport-Security for answers over HTTPS, or null. It is set only when PUBLIC_URL is HTTPS. A browser applies it to every
 * port of the host name, so it is not set for loopback names and for addresses.
 */
export function strictTransport({ publicUrl, seconds }: StrictTransport): string | null {
  if (publicUrl === null || seconds === 0) return null
  const { protocol, hostname } = new URL(publicUrl)
  const isNamed = !isLoopback(hostname) && isIP(hostname.replace(/^\[|\]$/g, '')) === 0
  return protocol === 'https:' && isNamed ? `max-age=${seconds}` : null
}

/** An onSend hook. A route whose page may be framed sets its own Content-Security-Policy; then no X-Frame-Options is sent. */
export async function secureHeaders(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const type = reply.getHeader('content-type')
  const isPage = typeof type === 'string' && type.startsWith('text/html')
  if (!reply.hasHeader('content-security-policy')) {
    reply.header('content-security-policy', isPage ? CSP_PAGE : CSP_DATA)
    reply.header('x-frame-options', 'DENY')
  }
  reply.header('x-content-type-options', 'nosniff')
  // Not `no-referrer`: a widget in a frame of ours finds its host page by document.referrer.
  if (!reply.hasHeader('referrer-policy')) reply.header('referrer-policy', 'strict-origin-when-cross-origin')
  if (isPage && !reply.hasHeader('cross-origin-opener-policy'))
    reply.header('cross-origin-opener-policy', 'same-origin')
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
}
