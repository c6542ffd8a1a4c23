// Routes for operating the server: status, the sandbox clock, kept mail.

import { durationMs } from '@standdown/wire/src/duration.ts'
import type {
  FailingReceiverView,
  MailSummary,
  MailView,
  StatusView,
} from '@standdown/wire/src/operations.ts'
import { clockRequestSchema } from '@standdown/wire/src/operations.ts'
import type { FastifyInstance } from 'fastify'
import { principalKey } from '../../core/principal.ts'
import { whileAuthorized } from '../../http/while-authorized.ts'
import { isOperator, requireOperator } from '../native/access.ts'
import { countsView } from '../native/events/list-views.ts'
import { nativeFault } from '../native/faults.ts'
import type { NativeContext } from '../native/native-context.ts'
import type { FailingReceiver, KeptMailEntry } from '../native/needs.ts'
import { listResponse, mailIdParams, response } from '../native/route-schema.ts'
import { streamClock } from './clock-stream.ts'

const MAX_LISTED = 200

export function operationRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers, mail, facts, longResponses } = context

  app.get(
    '/status',
    {
      schema: {
        summary: 'What runs here, what is pending, running, failing and dead, and who you are.',
        response: response('Status'),
      },
    },
    async request => {
      const caller = callers.ofAnyTenant(request)
      const operator = isOperator(caller)
      const [sandbox, now, hold, actions] = await Promise.all([
        facts.isSandbox(caller.tenant),
        engine.now(caller.tenant),
        engine.hold(caller.tenant),
        operator && caller.tenant !== '' ? engine.lists.countEffects(caller.tenant) : null,
      ])
      return {
        version: facts.version,
        tenant: caller.tenant,
        sandbox,
        now: now.toISOString(),
        onHoldSince: hold === null || hold.tenantReleased ? null : hold.since.toISOString(),
        publicUrl: facts.publicUrl,
        tlsUrl: facts.tlsUrl,
        // Only operators see the database and the mail server.
        ...(operator
          ? {
              database: facts.database,
              mail: facts.mail,
              failing: (await context.failingReceivers(caller.tenant)).map(failingView),
            }
          : {}),
        ...(actions ? { actions: countsView(actions) } : {}),
        demo: facts.demo,
        you: { name: caller.name, principal: principalKey(caller), roles: [...caller.roles] },
      } satisfies StatusView
    },
  )

  app.get(
    '/sandbox/clock',
    { schema: { summary: "The tenant's time.", response: response('Clock') } },
    async request => {
      const { tenant } = callers.of(request)
      return { now: (await engine.now(tenant)).toISOString(), sandbox: await facts.isSandbox(tenant) }
    },
  )

  app.post(
    '/sandbox/clock',
    {
      schema: {
        summary: 'Move the clock of a sandbox; what falls due on the way happens, in due order.',
        description:
          'With Accept: application/x-ndjson the answer is one line per step, the last one a Clock.',
        body: clockRequestSchema,
        response: response('Clock'),
      },
    },
    async (request, reply) => {
      const caller = callers.of(request)
      requireOperator(caller)
      if (!(await facts.isSandbox(caller.tenant))) throw nativeFault.NOT_SANDBOX({ tenant: caller.tenant })
      const byMs = durationMs((request.body as { advance: string }).advance)
      if (byMs === null)
        throw nativeFault.INVALID_REQUEST({ detail: '`advance` is a time such as 3d, at most ten years.' })
      const releaseSlot = longResponses.begin(`${caller.tenant} ${principalKey(caller)}`)
      if (!releaseSlot) throw nativeFault.TOO_MANY_WAITS({ most: longResponses.limits.each })
      const authorized = whileAuthorized(async () => requireOperator(await callers.identify(request)))
      const advance = (step?: (at: Date) => void) =>
        engine.advanceClock(caller.tenant, byMs, step, authorized.signal).finally(() => {
          authorized.stop()
          releaseSlot()
        })
      if (request.headers.accept?.includes('application/x-ndjson')) return streamClock(reply, advance)
      return { now: (await advance()).toISOString(), sandbox: true }
    },
  )

  app.get(
    '/mail',
    {
      schema: {
        summary: 'Mail that was kept instead of sent, latest first.',
        response: listResponse('MailSummary'),
      },
    },
    async request => {
      const caller = callers.of(request)
      requireOperator(caller)
      return { value: (await mail.list(caller.tenant, { limit: MAX_LISTED })).map(mailSummary) }
    },
  )

  app.get(
    '/mail/:id',
    {
      schema: { summary: 'One kept mail, parsed and raw.', params: mailIdParams, response: response('Mail') },
    },
    async request => {
      const caller = callers.of(request)
      requireOperator(caller)
      const { id } = request.params as { id: string }
      const kept = await mail.read(caller.tenant, id)
      if (!kept) throw nativeFault.NOT_FOUND({ what: 'mail', id })
      const { text, html, calendar, raw } = kept
      return { ...mailSummary(kept), text, html, calendar, raw } satisfies MailView
    },
  )
}

function failingView(failing: FailingReceiver): FailingReceiverView {
  const { kind, receiver, since, lastFailureAt, failures, error } = failing
  return {
    kind,
    receiver,
    since: since.toISOString(),
    lastFailureAt: lastFailureAt.toISOString(),
    failures,
    error,
  }
}

function mailSummary({ id, at, from, to, subject }: KeptMailEntry): MailSummary {
  return { id, at: at.toISOString(), from, to, subject }
}
