// The routes of the built-in issuer of people's tokens, below /oidc.

import type { FastifyPluginAsync } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import { authFault } from '../../auth/faults.ts'
import { INTERACTION_PATH, type OidcIssuer } from '../../auth/oidc/oidc-issuer.ts'
import { OIDC_PATH } from '../../auth/oidc/people-issuer.ts'
import { auditContextOf } from '../native/audit-context.ts'
import { sendProblem } from '../native/problem.ts'
import { SIGN_IN_SCHEMAS } from './sign-in-schema.ts'

/** The issuer adds the hash of its one script, which posts an answer to an app (response_mode=form_post), to script-src. */
const POLICY = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"

export function oidcRoutes(auth: Auth, issuer: OidcIssuer): FastifyPluginAsync {
  return async app => {
    app.setErrorHandler(sendProblem)
    // The issuer reads bodies by itself.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _body, done) => done(null))

    app.get(`${INTERACTION_PATH}:id`, { schema: SIGN_IN_SCHEMAS.interaction }, async (request, reply) => {
      // This is checked first: the id in the address is valid only with the cookie of the browser that began the interaction.
      const exchange = { request: request.raw, response: reply.raw }
      if (!(await issuer.isInteraction(exchange))) throw authFault.LINK_USED()
      const who = await auth.session(request)
      const person = who && (await auth.directory.userById(who.tenant, who.id))
      if (!person) return reply.redirect(`/signin?return_to=${encodeURIComponent(request.url)}`, 303)
      return reply.redirect(await issuer.finish(exchange, person), 303)
    })

    app.all(`${OIDC_PATH}/*`, async (request, reply) => {
      reply.hijack()
      reply.raw.setHeader('x-content-type-options', 'nosniff')
      reply.raw.setHeader('x-frame-options', 'DENY')
      reply.raw.setHeader('content-security-policy', POLICY)
      try {
        const exchange = { request: request.raw, response: reply.raw }
        // This is checked before a token is given: the issuer's own session may belong to a person who is not signed in here any more.
        await issuer.follow(exchange, await auth.sessions.personAt(request))
        await issuer.answer(exchange, auditContextOf(request, null))
      } catch (error) {
        request.log.error({ err: error }, 'issuer failed')
        if (!reply.raw.headersSent) reply.raw.writeHead(503, { 'retry-after': '2' })
        reply.raw.end()
      }
      // If the issuer stopped reading a body, the rest of it must not stand before the next request on this connection.
      request.raw.resume()
    })
  }
}
