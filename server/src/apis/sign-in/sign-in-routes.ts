// Signing in with a browser: by a link that works once, or, in the demo, by choosing a person. And signing out: here, or
// because an app sends the browser to do so. A link leads to a page that asks: to be looked at (by a mail scanner, by a page
// elsewhere that sends the browser there) signs nobody in.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import type { Person } from '../../auth/directory/directory.ts'
import { authFault } from '../../auth/faults.ts'
import { END_SESSION_PATH, type OidcIssuer } from '../../auth/oidc/oidc-issuer.ts'
import type { SignedIn } from '../../auth/sessions/browser-sessions.ts'
import { Fault } from '../../core/fault.ts'
import { isForwarded } from '../../core/forwarded.ts'
import { circumstancesOf } from '../native/audit-context.ts'
import { sendPage } from '../native/pages/send-page.ts'
import { sendProblem } from '../native/problem.ts'
import { acceptForms, type FormFields, textFields } from './form-body.ts'
import { linkPage, onwardPage, signInPage, signOutPage } from './sign-in-page.ts'
import { SIGN_IN_SCHEMAS } from './sign-in-schema.ts'

type Query = { readonly code?: unknown; readonly return_to?: unknown }

export function signInRoutes(auth: Auth): FastifyPluginAsync {
  const { sessions, oidc } = auth
  return async app => {
    acceptForms(app)
    app.setErrorHandler(sendProblem)

    app.get('/signin', { schema: SIGN_IN_SCHEMAS.page }, async (request, reply) => {
      const { code, return_to: returnTo } = request.query as Query
      const next = localPath(returnTo)
      const who = await auth.session(request)
      if (typeof code === 'string') {
        const person = await guarded(request, 'link', async () => {
          const found = await sessions.linkPerson(code)
          if (!found) throw authFault.LINK_USED()
          return found
        })
        // The code must not travel on in a Referer.
        reply.header('referrer-policy', 'no-referrer')
        const { name, upn } = person
        return sendPage(reply, linkPage({ name, upn, code, next, signedInAs: who?.name ?? null }))
      }
      const people = auth.demo && !isForwarded(request.headers) ? await sessions.demoPeople(request) : null
      return sendPage(reply, signInPage({ people, next, signedInAs: who?.name ?? null }))
    })
    app.get('/sign-in', { schema: SIGN_IN_SCHEMAS.otherName }, async (_request, reply) =>
      reply.redirect('/signin', 308),
    )

    app.post('/signin', { schema: SIGN_IN_SCHEMAS.signIn }, async (request, reply) => {
      const { code, person = '', return_to: returnTo } = textFields(request.body)
      const via = code === undefined ? 'demo' : 'link'
      const signedIn = await guarded(request, via, async () => {
        if (code === undefined) return sessions.chooseDemoPerson(request, person)
        sessions.requireSameOrigin(request)
        return sessions.useLink(code, request)
      })
      await enter(request, reply, signedIn)
      const { tenant, id } = signedIn.person
      const circumstances = { ...circumstancesOf(request, null), by: `user:${id}` }
      auth.securityLog.record('sign_in', circumstances, { tenant, via })
      return onward(reply, localPath(returnTo))
    })

    app.post('/signout', { schema: SIGN_IN_SCHEMAS.signOut }, async (request, reply) => {
      const who = await sessions.personAt(request)
      if (who) sessions.requireOwnPage(request)
      await leave(request, reply, who)
      return reply.redirect('/', 303)
    })

    if (oidc) endSessionRoutes(oidc)

    function endSessionRoutes(issuer: OidcIssuer): void {
      app.get(END_SESSION_PATH, { schema: SIGN_IN_SCHEMAS.endSession }, async (request, reply) =>
        endSession(issuer, request, reply, textFields(request.query)),
      )
      app.post(END_SESSION_PATH, { schema: SIGN_IN_SCHEMAS.endSessionForm }, async (request, reply) =>
        endSession(issuer, request, reply, textFields(request.body)),
      )
    }

    /**
     * An app signs somebody out. What proves that it speaks of the one who is signed in is an identity token of that
     * person; without one the person is asked, since any page can send a browser here.
     */
    async function endSession(
      issuer: OidcIssuer,
      request: FastifyRequest,
      reply: FastifyReply,
      fields: FormFields,
    ): Promise<FastifyReply> {
      const { id_token_hint: hint, post_logout_redirect_uri: returnTo, state } = fields
      const said = hint === undefined ? null : await issuer.readHint(hint)
      const appId = said?.appId ?? fields.client_id
      if (fields.client_id !== undefined && fields.client_id !== appId)
        throw new Fault('INVALID_REQUEST', 400, 'client_id is not the app that id_token_hint was made for.')
      if (returnTo !== undefined && !(appId !== undefined && (await issuer.mayReturnTo(appId, returnTo))))
        throw new Fault('INVALID_REQUEST', 400, 'post_logout_redirect_uri is not an address of the app.')
      const who = await sessions.personAt(request)
      const isConfirmed = request.method === 'POST' && fields.confirm === 'yes'
      if (isConfirmed) sessions.requireOwnPage(request)
      else if (who && who.id !== said?.personId)
        return sendPage(reply, signOutPage({ name: who.name, action: END_SESSION_PATH, fields }))
      await leave(request, reply, who)
      if (returnTo === undefined) return onward(reply, '/signin')
      const next = new URL(returnTo)
      if (state !== undefined) next.searchParams.set('state', state)
      return sendPage(reply, onwardPage(next.href))
    }
  }

  async function enter(
    request: FastifyRequest,
    reply: FastifyReply,
    { person, cookie }: SignedIn,
  ): Promise<void> {
    reply.header('set-cookie', cookie)
    await oidc?.follow({ request: request.raw, response: reply.raw }, person)
  }

  /** Slows down whoever tries links, and writes down what was refused. A good link is let in whoever else tries there. */
  async function guarded<T>(
    request: FastifyRequest,
    via: 'link' | 'demo',
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Fault) || error.status >= 500) throw error
      auth.securityLog.record('sign_in_failed', circumstancesOf(request, null), { via, code: error.code })
      if (error.code !== 'LINK_USED') throw error
      const attempt = { client: via, address: request.ip }
      const retryAfterSeconds = auth.attempts.waitSeconds(attempt)
      if (retryAfterSeconds !== null) throw authFault.TOO_MANY_ATTEMPTS({ retryAfterSeconds })
      auth.attempts.failed(attempt)
      throw error
    }
  }

  async function leave(request: FastifyRequest, reply: FastifyReply, who: Person | null): Promise<void> {
    if (who) {
      const circumstances = { ...circumstancesOf(request, null), by: `user:${who.id}` }
      auth.securityLog.record('sign_out', circumstances, { tenant: who.tenant })
    }
    reply.header('set-cookie', await sessions.end(request))
    await oidc?.forget({ request: request.raw, response: reply.raw })
  }
}

/** A form's redirect may lead to our own pages only (form-action); the issuer's lead on to an app: so by a page instead. */
function onward(reply: FastifyReply, next: string): FastifyReply {
  return next.startsWith('/oidc/') ? sendPage(reply, onwardPage(next)) : reply.redirect(next, 303)
}

/** Never another site's address: `//host` and `/\host` are such. Default: the start page. */
export function localPath(text: unknown): string {
  if (typeof text !== 'string' || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return '/'
  const url = new URL(text, 'http://here.invalid')
  // Once more, as a browser will see it: `/x/..//host` becomes `//host` by being resolved.
  const isOurs = url.origin === 'http://here.invalid' && !url.pathname.startsWith('//')
  return isOurs ? url.pathname + url.search : '/'
}
