// The routes for dead actions: retry one or many, or replace one by a changed action.

import type { ReplaceRequest, RetrySomeRequest, RetrySomeView } from '@standdown/wire/src/dead-effects.ts'
import { replaceRequestSchema, retrySomeRequestSchema } from '@standdown/wire/src/dead-effects.ts'
import type { AnnouncedView } from '@standdown/wire/src/event.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { NewEffect } from '../../core/effects/effect.ts'
import { callerFields, kindsWithPlan } from '../../core/effects/effect-kinds.ts'
import { RETRY_PLANS, type RetryKind } from '../../core/effects/retry-plan.ts'
import { isGuid } from '../../core/ids.ts'
import { readWrittenTime } from '../../core/instant.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Principal } from '../../core/principal.ts'
import {
  type DeadCursor,
  type DeadFilter,
  type Replaced,
  ReplacedMeanwhile,
} from '../../engine/dead/dead-effects.ts'
import { requireOperator } from '../native/access.ts'
import { effectsOf } from '../native/effects/child-effects.ts'
import { nativeFault } from '../native/faults.ts'
import { instantOf } from '../native/instant.ts'
import type { NativeContext } from '../native/native-context.ts'
import { claimKey, requestKeyHeaders } from '../native/request-key.ts'
import { idParams, response } from '../native/route-schema.ts'
import { receiptLink } from '../native/views.ts'

const MAX_AT_ONCE = 100

export function deadEffectRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, db, callers } = context

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

  app.post(
    '/effects/retry',
    {
      schema: {
        summary: 'Try dead actions again: a batch of all that fit.',
        description:
          'Oldest first, at most 100 at once. While `remaining` is not 0, the same with `after` goes on with the rest.',
        body: retrySomeRequestSchema,
        response: response('RetriedSome'),
      },
    },
    async request => {
      const caller = callers.of(request)
      requireOperator(caller)
      const body = (request.body ?? {}) as RetrySomeRequest
      const page = { limit: body.most ?? MAX_AT_ONCE, after: body.after ? cursorOf(body.after) : null }
      const { next, ...counts } = await engine.retrySome(caller.tenant, filterOf(body), page)
      return { ...counts, after: next === null ? null : cursorText(next) } satisfies RetrySomeView
    },
  )

  app.post(
    '/effects/:id/replace',
    {
      schema: {
        summary: 'Announce a changed action in the place of a dead one, which stays as it is.',
        description: 'Under the same event. What an action of its API has beyond this one it keeps.',
        params: idParams,
        headers: requestKeyHeaders,
        body: replaceRequestSchema,
        response: { ...response('Announced', 201), ...response('Announced', 200) },
      },
    },
    async (request, reply) => {
      const caller = callers.of(request)
      requireOperator(caller)
      const id = (request.params as { id: string }).id.toLowerCase()
      const { view, again } = await replace(request, caller, id).catch(error => {
        // The other replacement is committed by now, so this time it is seen.
        if (error instanceof ReplacedMeanwhile) return replace(request, caller, id)
        throw error
      })
      return reply
        .code(again ? 200 : 201)
        .header('location', `/api/v1/events/${view.id}`)
        .send(view)
    },
  )

  async function replace(request: FastifyRequest, caller: Principal, id: string) {
    const body = request.body as ReplaceRequest
    // The same request may have come before, when it was valid. So its earlier answer is looked for before the request is checked.
    const [made] = await Promise.allSettled([oneEffect(caller, body)])
    return await db.transaction('native.replace', async tx => {
      const first = await claimKey(engine, tx, request, caller, { replace: id, body })
      if (first?.answered) return { view: first.answered as AnnouncedView, again: true }
      if (made.status === 'rejected') throw made.reason
      const effect = made.value
      const view = replacedView(
        await engine.replace(tx, {
          tenant: caller.tenant,
          effectId: id,
          effect: was => (was.kind === effect.kind ? changed(was.data, effect) : null),
        }),
        id,
      )
      await first?.answer(tx, view)
      return { view, again: false }
    })
  }

  async function oneEffect(caller: Principal, { effect }: ReplaceRequest): Promise<NewEffect> {
    const [first, ...more] = await effectsOf(context.effects, caller, [effect], () => '/effect')
    if (first === undefined || more.length > 0)
      throw nativeFault.INVALID_REQUEST({
        detail: '`effect.to`: one action is replaced by one, so one address.',
      })
    return first
  }
}

/**
 * A field that this API does not have (an invitation's calendar part, a secret's name) stays as it was. A field that it has, and that the
 * request leaves out, is gone, such as the HTML of the old text. Next steps are dropped: the automation has gone on long ago.
 */
function changed({ flow: _, ...was }: JsonObject, effect: NewEffect): NewEffect {
  const settable = new Set(callerFields(effect.kind))
  const kept = Object.entries(was).filter(([name]) => !settable.has(name))
  return { ...effect, data: { ...Object.fromEntries(kept), ...effect.data } }
}

function replacedView(replaced: Replaced, id: string): AnnouncedView {
  switch (replaced.is) {
    case 'replaced':
      return { id: replaced.eventId, is: 'announced', effectIds: [replaced.effectId], receipt: null }
    case 'replaced_before':
      throw nativeFault.REPLACED({ id, by: replaced.effectId })
    case 'cancelled':
      throw nativeFault.EVENT_CANCELLED({
        id: replaced.eventId,
        receipt: receiptLink(replaced.cancellationId),
      })
    case 'unknown':
      throw nativeFault.NOT_FOUND({ what: 'action', id })
    case 'not_dead':
      throw nativeFault.NOT_DEAD({ id })
    case 'notice':
      throw nativeFault.NOT_REPLACEABLE({ id, why: 'it is a notice of a cancellation' })
    case 'other_kind':
      throw nativeFault.NOT_REPLACEABLE({ id, why: 'the new one is of another kind' })
    default:
      return replaced satisfies never
  }
}

function filterOf({ kind, receiver, eventId, diedAfter, diedBefore, error }: RetrySomeRequest): DeadFilter {
  return {
    ...(kind === undefined ? {} : { kinds: kindsOf(kind) }),
    ...(receiver === undefined ? {} : { receiver: receiver.toLowerCase() }),
    ...(eventId === undefined ? {} : { eventId: eventId.toLowerCase() }),
    ...(diedAfter === undefined ? {} : { diedAfter: instantOf(diedAfter) }),
    ...(diedBefore === undefined ? {} : { diedBefore: instantOf(diedBefore) }),
    ...(error === undefined ? {} : { error }),
  }
}

function kindsOf(kind: string): readonly string[] {
  return Object.hasOwn(RETRY_PLANS, kind) ? kindsWithPlan(kind as RetryKind) : [kind]
}

function cursorText({ at, id, until }: DeadCursor): string {
  return Buffer.from(JSON.stringify([at, id, until])).toString('base64url')
}

/** Reads an instant as PostgreSQL writes it: to the microsecond, and with an offset of whole hours without minutes. */
function isWritten(at: unknown): at is string {
  if (typeof at !== 'string' || !/^.{10} .{8}/.test(at)) return false
  return readWrittenTime(at.replace(/[+-]\d\d$/, '$&:00'), 6)?.offset != null
}

function cursorOf(text: string): DeadCursor {
  try {
    const [at, id, until] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]
    if (isWritten(at) && typeof id === 'string' && isGuid(id))
      return { at, id, until: instantOf(String(until)).toISOString() }
  } catch {
    // The error is thrown below.
  }
  throw nativeFault.INVALID_REQUEST({ detail: '`after` is not what a batch before this one gave.' })
}
