// Looking after the server: status, dead actions, the sandbox clock, mail that was kept.

import { durationMs } from '@standdown/wire/src/duration.ts'
import type { DeadEffectView, MailSummary, MailView, StatusView } from '@standdown/wire/src/operations.ts'
import { clockRequestSchema } from '@standdown/wire/src/operations.ts'
import type { FastifyInstance } from 'fastify'
import { principalKey } from '../../core/principal.ts'
import type { DeadEffect } from '../../engine/engine.ts'
import { whileAllowed } from '../../http/while-allowed.ts'
import { isOperator, requireOperator } from './access.ts'
import { streamClock } from './clock-stream.ts'
import type { NativeContext } from './native-api.ts'
import { nativeFault } from './native-faults.ts'
import type { KeptMailEntry } from './needs.ts'
import { idParams, listResponse, mailIdParams, response } from './route-schema.ts'

const MAX_LISTED = 200

export function operationRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers, mail, facts } = context

  app.get(
    '/status',
    { schema: { summary: 'What runs here, and who you are.', response: response('Status') } },
    async request => {
      const caller = callers.ofAnyTenant(request)
      const [sandbox, now, hold] = await Promise.all([
        facts.isSandbox(caller.tenant),
        engine.now(caller.tenant),
        engine.hold(caller.tenant),
      ])
      return {
        version: facts.version,
        tenant: caller.tenant,
        sandbox,
        now: now.toISOString(),
        onHoldSince: hold === null || hold.tenantReleased ? null : hold.since.toISOString(),
        publicUrl: facts.publicUrl,
        tlsUrl: facts.tlsUrl,
        // What stands behind the server is for those who run it.
        ...(isOperator(caller) ? { database: facts.database, mail: facts.mail } : {}),
        demo: facts.demo,
        you: { name: caller.name, principal: principalKey(caller), roles: [...caller.roles] },
      } satisfies StatusView
    },
  )

  app.get(
    '/effects',
    {
      schema: {
        summary: 'Actions that ended dead: every attempt failed.',
        querystring: {
          type: 'object',
          additionalProperties: false,
          required: ['state'],
          properties: { state: { const: 'dead' } },
        },
        response: listResponse('DeadEffect'),
      },
    },
    async request => {
      const caller = callers.of(request)
      requireOperator(caller)
      const dead = await engine.dead(caller.tenant, MAX_LISTED)
      return {
        value: dead.map(deadView),
      }
    },
  )

  app.post(
    '/effects/:id/retry',
    {
      schema: {
        summary: 'Try a dead action again.',
        params: idParams,
        response: {
          202: {
            type: 'object',
            required: ['id', 'state'],
            properties: { id: { type: 'string' }, state: { const: 'pending' } },
          },
        },
      },
    },
    async (request, reply) => {
      const caller = callers.of(request)
      requireOperator(caller)
      const { id } = request.params as { id: string }
      const result = await engine.retry(caller.tenant, id.toLowerCase())
      if (result === 'unknown') throw nativeFault.NOT_FOUND({ what: 'action', id })
      if (result === 'not_dead') throw nativeFault.NOT_DEAD({ id })
      if (result === 'cancelled') throw nativeFault.RETRY_CANCELLED({ id })
      return reply.code(202).send({ id, state: 'pending' })
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
      const allowed = whileAllowed(async () => requireOperator(await callers.identify(request)))
      const advance = (step?: (at: Date) => void) =>
        engine.advanceClock(caller.tenant, byMs, step, allowed.signal).finally(() => allowed.stop())
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

function deadView({ event_id: eventId, at, ...effect }: DeadEffect): DeadEffectView {
  return { ...effect, eventId, at: at.toISOString() }
}

function mailSummary({ id, at, from, to, subject }: KeptMailEntry): MailSummary {
  return { id, at: at.toISOString(), from, to, subject }
}
