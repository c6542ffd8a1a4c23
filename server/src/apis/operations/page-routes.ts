// The routes of pages that are not part of the API: the start page, kept mail, and the style sheet of both.

import { readFileSync } from 'node:fs'
import type { FastifyPluginAsync } from 'fastify'
import { type OpenApi, schemasDescribeOnly } from '../../http/openapi.ts'
import { isOperator } from '../native/access.ts'
import { nativeFault } from '../native/faults.ts'
import type { NativeNeeds } from '../native/needs.ts'
import { sendPage } from '../native/pages/send-page.ts'
import { sendProblem } from '../native/problem.ts'
import { receiptView } from '../native/views.ts'
import { DemoReceiver } from './demo-receiver.ts'
import { mailPage } from './pages/mail-page.ts'
import { PAGE_SCHEMAS } from './pages/page-schemas.ts'
import { type StartPage, startPage } from './pages/start-page.ts'

const STYLE = readFileSync(new URL('../native/pages/standdown.css', import.meta.url), 'utf8')
const LISTED = 10

export function startPages(needs: NativeNeeds, openApi: OpenApi): FastifyPluginAsync {
  const { auth, engine, facts, mail } = needs
  return async root => {
    await root.register(async app => {
      app.setErrorHandler(sendProblem)
      schemasDescribeOnly(app)
      openApi.watch(app)
      const receiver = facts.demo ? new DemoReceiver() : null
      receiver?.route(app)

      app.get('/standdown.css', { schema: PAGE_SCHEMAS.style }, async (_request, reply) =>
        reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=300').send(STYLE),
      )

      app.get('/', { schema: PAGE_SCHEMAS.start }, async (request, reply) => {
        const who = await auth.session(request)
        if (!who) return sendPage(reply, startPage({ facts, signedIn: null }))
        const operator = isOperator(who)
        const [now, sandbox, receipts, kept, dead] = await Promise.all([
          engine.now(who.tenant),
          facts.isSandbox(who.tenant),
          operator ? engine.findReceipts(who.tenant, { limit: LISTED }) : [],
          operator ? mail.list(who.tenant, { limit: LISTED }) : [],
          operator ? engine.dead(who.tenant, LISTED) : [],
        ])
        const signedIn: StartPage['signedIn'] = {
          name: who.name,
          tenant: who.tenant,
          operator,
          now: now.toISOString(),
          sandbox,
          receipts: receipts.map(receiptView),
          mail: kept,
          dead: dead.length,
          webhooks: operator ? (receiver?.received ?? []) : [],
        }
        return sendPage(reply, startPage({ facts, signedIn }))
      })

      app.get('/mail/:id', { schema: PAGE_SCHEMAS.mail }, async (request, reply) => {
        const who = await auth.session(request)
        const { id } = request.params as { id: string }
        const kept = who && isOperator(who) ? await mail.read(who.tenant, id) : null
        if (!kept) throw nativeFault.NOT_FOUND({ what: 'mail', id })
        return sendPage(reply, mailPage(kept))
      })
    })
  }
}
