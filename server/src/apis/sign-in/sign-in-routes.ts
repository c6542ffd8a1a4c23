// Signing in with a browser: by a link that works once, or, in the demo, by choosing a person. And signing out: here, or when an app sends the
// browser. A link leads to a page that asks first, so that merely opening it (by a mail scanner, or because another page sends the browser
// there) signs nobody in.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import type { Person } from '../../auth/directory/directory.ts'
import { authFault } from '../../auth/faults.ts'
import { END_SESSION_PATH, type OidcIssuer } from '../../auth/oidc/oidc-issuer.ts'
import type { SignedIn } from '../../auth/sessions/browser-sessions.ts'
import { Fault } from '../../core/fault.ts'
import { isForwarded } from '../../core/forwarded.ts'
import { invalidRequest } from '../../http/faults.ts'
import { auditContextOf } from '../native/audit-context.ts'
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
        // The code must not be sent on in a Referer header.
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
      await signIn(request, reply, signedIn)
      const { tenant, id } = signedIn.person
      const auditContext = { ...auditContextOf(request, null), by: `user:${id}` }
      auth.securityLog.record('sign_in', auditContext, { tenant, via })
      return onward(reply, localPath(returnTo))
    })

    app.post('/signout', { schema: SIGN_IN_SCHEMAS.signOut }, async (request, reply) => {
      const who = await sessions.personAt(request)
      if (who) sessions.requireOwnPage(request)
      await signOut(request, reply, who)
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
     * An app signs a person out. An identity token of that person proves that the app means the person who is signed in. Without such a
     * token the person is asked, because any page can send a browser here.
     */
    async function endSession(
      issuer: OidcIssuer,
      request: FastifyRequest,
      reply: FastifyReply,
      fields: FormFields,
    ): Promise<FastifyReply> {
      const { id_token_hint: hint, post_logout_redirect_uri: returnTo, state } = fields
      const hinted = hint === undefined ? null : await issuer.readHint(hint)
      const appId = hinted?.appId ?? fields.client_id
      if (fields.client_id !== undefined && fields.client_id !== appId)
        throw invalidRequest('client_id is not the app that id_token_hint was made for.')
      if (returnTo !== undefined && !(appId !== undefined && (await issuer.mayReturnTo(appId, returnTo))))
        throw invalidRequest('post_logout_redirect_uri is not an address of the app.')
      const who = await sessions.personAt(request)
      const isConfirmed = request.method === 'POST' && fields.confirm === 'yes'
      if (isConfirmed) sessions.requireOwnPage(request)
      else if (who && who.id !== hinted?.personId)
        return sendPage(reply, signOutPage({ name: who.name, action: END_SESSION_PATH, fields }))
      await signOut(request, reply, who)
      if (returnTo === undefined) return onward(reply, '/signin')
      const next = new URL(returnTo)
      if (state !== undefined) next.searchParams.set('state', state)
      return sendPage(reply, onwardPage(next.href))
    }
  }

  async function signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    { person, cookie }: SignedIn,
  ): Promise<void> {
    reply.header('set-cookie', cookie)
    await oidc?.follow({ request: request.raw, response: reply.raw }, person)
  }

  /** Slows down whoever guesses links, and logs what was refused. A valid link is accepted, even if others are guessing from the same place. */
  async function guarded<T>(
    request: FastifyRequest,
    via: 'link' | 'demo',
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Fault) || error.status >= 500) throw error
      auth.securityLog.record('sign_in_failed', auditContextOf(request, null), { via, code: error.code })
      if (error.code !== 'LINK_USED') throw error
      const attempt = { client: via, address: request.ip }
      const retryAfterSeconds = auth.attempts.waitSeconds(attempt)
      if (retryAfterSeconds !== null) throw authFault.TOO_MANY_ATTEMPTS({ retryAfterSeconds })
      auth.attempts.failed(attempt)
      throw error
    }
  }

  async function signOut(request: FastifyRequest, reply: FastifyReply, who: Person | null): Promise<void> {
    if (who) {
      const auditContext = { ...auditContextOf(request, null), by: `user:${who.id}` }
      auth.securityLog.record('sign_out', auditContext, { tenant: who.tenant })
    }
    reply.header('set-cookie', await sessions.end(request))
    await oidc?.forget({ request: request.raw, response: reply.raw })
  }
}

/**
 * After a form, a browser follows redirects only to our own pages (form-action). The issuer redirects on to an app, so a page leads there
 * instead.
 */
function onward(reply: FastifyReply, next: string): FastifyReply {
  return next.startsWith('/oidc/') ? sendPage(reply, onwardPage(next)) : reply.redirect(next, 303)
}

/** Gives a path of this server, and never another site's address, such as `//host` or `/\host`. Default: the start page. */
export function localPath(text: unknown): string {
  if (typeof text !== 'string' || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return '/'
  const url = new URL(text, 'http://here.invalid')
  // It is checked again as a browser will see it: `/x/..//host` resolves to `//host`.
  const isOurs = url.origin === 'http://here.invalid' && !url.pathname.startsWith('//')
  return isOurs ? url.pathname + url.search : '/'
}
