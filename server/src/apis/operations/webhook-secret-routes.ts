// The routes for the secrets that sign webhooks, for admins who set receivers up. Whoever knows such a secret can write calls that a
// receiver takes for ours. So only admins see them, and no cache may keep an answer.

import { durationMs } from '@standdown/wire/src/duration.ts'
import type {
  RotateRequest,
  WebhookSecretSummary,
  WebhookSecretView,
} from '@standdown/wire/src/webhook-secrets.ts'
import { DEFAULT_OVERLAP, rotateRequestSchema } from '@standdown/wire/src/webhook-secrets.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requireAdmin } from '../native/access.ts'
import { auditContextOf } from '../native/audit-context.ts'
import { nativeFault } from '../native/faults.ts'
import type { NativeContext } from '../native/native-context.ts'
import type { SigningSecrets } from '../native/needs.ts'
import { listResponse, response } from '../native/route-schema.ts'

const refParams = {
  type: 'object',
  required: ['ref'],
  properties: {
    ref: {
      type: 'string',
      minLength: 1,
      maxLength: 500,
      description: "The receiver's origin or any URL of it, percent-encoded, or the secret's name.",
    },
  },
} as const

export function webhookSecretRoutes(app: FastifyInstance, context: NativeContext): void {
  const { callers, webhookSecrets: secrets } = context

  app.get(
    '/webhook-secrets',
    {
      schema: {
        summary: 'The receivers that have a secret; not the secrets.',
        response: listResponse('WebhookSecretSummary'),
      },
    },
    async request => {
      const { tenant } = admin(request)
      const value = (await secrets.list(tenant)).map(
        ({ createdAt, ...rest }): WebhookSecretSummary => ({ ...rest, createdAt: createdAt.toISOString() }),
      )
      return { value }
    },
  )

  app.get(
    '/webhook-secrets/:ref',
    {
      schema: {
        summary: 'What signs for a receiver now, the newest first.',
        params: refParams,
        response: response('WebhookSecret'),
      },
    },
    async (request, reply) => {
      const { tenant } = admin(request)
      const ref = refOf(request)
      const found = await secrets.show(tenant, ref, { make: false })
      if (found.length === 0) throw nativeFault.NOT_FOUND({ what: 'secret for', id: ref })
      record(request, 'secret_shown', ref)
      return send(reply, ref, found)
    },
  )

  app.put(
    '/webhook-secrets/:ref',
    {
      schema: {
        summary: 'The same, and made when there is none: a receiver is set up before its first call.',
        params: refParams,
        response: response('WebhookSecret'),
      },
    },
    async (request, reply) => {
      const { tenant } = admin(request)
      const ref = refOf(request)
      const found = await secrets.show(tenant, ref, { make: true })
      record(request, 'secret_shown', ref)
      return send(reply, ref, found)
    },
  )

  app.post(
    '/webhook-secrets/:ref/rotate',
    {
      schema: {
        summary: 'A new secret for a receiver; the old one signs beside it for a while.',
        params: refParams,
        body: { anyOf: [rotateRequestSchema, { type: 'null' }] },
        response: response('WebhookSecret'),
      },
    },
    async (request, reply) => {
      const { tenant } = admin(request)
      const ref = refOf(request)
      const { overlap = DEFAULT_OVERLAP } = (request.body ?? {}) as RotateRequest
      const overlapMs = /^(0+[smhdw])+$/.test(overlap) ? 0 : durationMs(overlap)
      if (overlapMs === null)
        throw nativeFault.INVALID_REQUEST({ detail: '`overlap` is a time such as 24h, at most ten years.' })
      await secrets.rotate(tenant, ref, overlapMs)
      record(request, 'secret_renewed', ref)
      return send(reply, ref, await secrets.show(tenant, ref, { make: false }))
    },
  )

  function record(request: FastifyRequest, event: 'secret_shown' | 'secret_renewed', receiver: string): void {
    const caller = callers.of(request)
    const auditContext = auditContextOf(request, caller)
    context.auth.securityLog.record(event, auditContext, { tenant: caller.tenant, receiver })
  }

  function admin(request: FastifyRequest) {
    const caller = callers.of(request)
    requireAdmin(caller)
    return caller
  }
}

/** A URL names its origin's secret, anything else a secret of that name (delivery/webhook/endpoint.ts). */
function refOf(request: FastifyRequest): string {
  const { ref } = request.params as { ref: string }
  const url = URL.canParse(ref) ? new URL(ref) : null
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin
  if (/^[\w.-]+$/.test(ref)) return ref
  throw nativeFault.INVALID_REQUEST({
    detail: 'A secret is named by the address of a receiver, or by a name.',
  })
}

function send(
  reply: FastifyReply,
  ref: string,
  found: Awaited<ReturnType<SigningSecrets['show']>>,
): FastifyReply {
  const view: WebhookSecretView = {
    ref,
    secrets: found.map(({ secret, createdAt, expiresAt }) => ({
      secret,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
    })),
  }
  return reply.header('cache-control', 'no-store').send(view)
}
