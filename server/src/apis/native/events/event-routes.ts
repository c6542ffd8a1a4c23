// The routes that announce and revise native events. Beside them are those that look events up
// (query-routes.ts) and the rules about who may see and use an event (visibility.ts, event-finder.ts). A
// route must not answer for an event that the caller may not see: an event of another tenant looks as if it
// did not exist.

import type { AnnouncedView, AnnounceRequest, ReviseRequest } from '@standdown/wire/src/event.ts'
import { announceRequestSchema, reviseRequestSchema } from '@standdown/wire/src/event.ts'
import type { FastifyInstance } from 'fastify'
import type { Announced, Announcement, StoredEvent } from '../../../core/event.ts'
import { parentFault } from '../../../core/faults.ts'
import type { JsonObject } from '../../../core/json.ts'
import { type Principal, principalKey } from '../../../core/principal.ts'
import { keyOf, NATIVE_EVENT, requireAnnouncer } from '../access.ts'
import { effectsOf } from '../effects/child-effects.ts'
import { nativeFault } from '../faults.ts'
import type { NativeContext } from '../native-context.ts'
import { claimKey, requestKeyHeaders } from '../request-key.ts'
import { eventIdParams, response } from '../route-schema.ts'
import { receiptLink } from '../views.ts'
import { withinKept } from './kept-bytes.ts'

/** How many announcements and revisions may be at the database at the same time. */
const ANNOUNCES_AT_ONCE = 5

export function eventRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, db, callers, events } = context
  const turns = engine.tenantQueue('announce', { atOnce: ANNOUNCES_AT_ONCE })

  app.post(
    '/events',
    {
      schema: {
        summary: 'Announce an event with what shall happen because of it.',
        headers: requestKeyHeaders,
        body: announceRequestSchema,
        response: { ...response('Announced', 201), ...response('Announced', 200) },
      },
    },
    async (request, reply) => {
      const caller = callers.of(request)
      requireAnnouncer(caller)
      const body = request.body as AnnounceRequest
      // An error is thrown below only, after the request key: if the same request succeeded before, its answer is repeated, even if the
      // request is not valid any more.
      const [made] = await Promise.allSettled([announcementOf(caller, body, request.id)])
      const { view, again } = await turns.take(caller.tenant, () =>
        db.transaction('native.announce', async tx => {
          // The claim is in the same transaction as the event, so a refusal below undoes it.
          const first = await claimKey(engine, tx, request, caller, { announce: body })
          if (first?.answered) return { view: first.answered as AnnouncedView, again: true }
          if (made.status === 'rejected') throw made.reason
          const [announced] = await engine.announce(tx, [made.value])
          const view = announcedView(announced!)
          await first?.answer(tx, view)
          return { view, again: false }
        }),
      )
      return reply
        .code(view.is === 'announced' && !again ? 201 : 200)
        .header('location', `/api/v1/events/${view.id}`)
        .send(view)
    },
  )

  app.post(
    '/events/:id/revise',
    {
      schema: {
        summary: 'Replace what is still pending of an event, in one commit.',
        params: eventIdParams,
        body: reviseRequestSchema,
        response: response('Announced'),
      },
    },
    async request => {
      const caller = callers.of(request)
      const event = await usable(caller, (request.params as { id: string }).id)
      if (event.kind !== NATIVE_EVENT) throw nativeFault.NOT_REVISABLE({ id: event.id })
      const body = request.body as ReviseRequest
      const effects = withinKept(await effectsOf(context.effects, caller, body.effects))
      const revised = await turns.take(caller.tenant, () =>
        db.transaction('native.revise', tx =>
          engine.revise(tx, {
            tenant: caller.tenant,
            eventId: event.id,
            effects,
            ...(body.title === undefined ? {} : { title: body.title }),
            ...(body.data === undefined ? {} : { data: { ...event.data, data: body.data as JsonObject } }),
          }),
        ),
      )
      if (revised.is === 'unknown') throw nativeFault.NOT_FOUND({ what: 'event', id: event.id })
      if (revised.is === 'cancelled') {
        const receipt = revised.cancellationId === null ? null : receiptLink(revised.cancellationId)
        throw nativeFault.EVENT_CANCELLED({ id: event.id, receipt })
      }
      return {
        id: event.id,
        is: 'revised',
        effectIds: revised.effectIds,
        receipt: null,
      } satisfies AnnouncedView
    },
  )

  /** @throws Fault NOT_FOUND also for an event that this caller may not use, so that ids cannot be probed */
  async function usable(caller: Principal, id: string): Promise<StoredEvent> {
    const event = await events.find(caller, id)
    if (!event) throw nativeFault.NOT_FOUND({ what: 'event', id })
    return event
  }

  async function announcementOf(caller: Principal, body: AnnounceRequest, id: string): Promise<Announcement> {
    const parent = body.parent ? await usable(caller, body.parent.id) : null
    return {
      tenant: caller.tenant,
      kind: NATIVE_EVENT,
      key: body.key === undefined ? null : keyOf(caller, body.key),
      entity: body.entity ?? body.key ?? id,
      ...(parent ? { parent: { id: parent.id, link: body.parent?.link ?? 'cancel' } } : {}),
      title: body.title,
      data: { announcedBy: principalKey(caller), data: (body.data ?? {}) as JsonObject },
      correlationId: body.correlationId ?? null,
      app: caller.kind === 'app' ? caller.appId : null,
      bareKey: body.key ?? null,
      effects: withinKept(await effectsOf(context.effects, caller, body.effects ?? [])),
      early: body.early ?? 'absorb',
    }
  }
}

function announcedView(announced: Announced): AnnouncedView {
  switch (announced.is) {
    case 'announced':
      return { id: announced.eventId, is: 'announced', effectIds: announced.effectIds, receipt: null }
    case 'absorbed':
      return {
        id: announced.eventId,
        is: 'absorbed',
        effectIds: [],
        receipt: receiptLink(announced.cancellationId),
      }
    case 'rejected':
      throw nativeFault.CANCELLED_BEFORE({ receipt: receiptLink(announced.cancellationId) })
    case 'parent_cancelled':
      throw nativeFault.PARENT_CANCELLED({
        id: announced.parentId,
        receipt: announced.cancellationId === null ? null : receiptLink(announced.cancellationId),
      })
    case 'parent_unknown':
      throw nativeFault.NOT_FOUND({ what: 'parent event', id: announced.parentId })
    case 'too_deep':
      throw parentFault.TREE_TOO_DEEP({ id: announced.parentId })
    default:
      return announced satisfies never
  }
}
