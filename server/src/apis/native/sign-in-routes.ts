// Signing in with a browser: by a link that works once, or, in the demo, by choosing a person.

import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import { acceptForms, textFields } from './form-body.ts'
import { sendPage } from './pages/send-page.ts'
import { onwardPage, signInPage } from './pages/sign-in-page.ts'
import { sendProblem } from './problem.ts'

type Query = { readonly code?: unknown; readonly return_to?: unknown }

export function signInRoutes(auth: Auth): FastifyPluginAsync {
  const { sessions } = auth
  return async app => {
    acceptForms(app)
    app.setErrorHandler(sendProblem)

    app.get('/signin', async (request, reply) => {
      const { code, return_to: returnTo } = request.query as Query
      const next = localPath(returnTo)
      if (typeof code === 'string') {
        const { cookie } = await sessions.useLink(code)
        // The code is used up, but it need not travel on in a Referer either.
        return reply.header('set-cookie', cookie).header('referrer-policy', 'no-referrer').redirect(next, 303)
      }
      const who = await auth.session(request)
      const people = auth.demo ? await sessions.demoPeople() : null
      return sendPage(reply, signInPage({ people, next, signedInAs: who?.name ?? null }))
    })
    app.get('/sign-in', async (_request, reply) => reply.redirect('/signin', 308))

    app.post('/signin', async (request, reply) => {
      const { person, return_to: returnTo } = textFields(request.body)
      const { cookie } = await sessions.chooseDemoPerson(request, person ?? '')
      reply.header('set-cookie', cookie)
      return onward(reply, localPath(returnTo))
    })

    app.post('/signout', async (request, reply) => {
      reply.header('set-cookie', await sessions.signOut(request))
      return reply.redirect('/', 303)
    })
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
