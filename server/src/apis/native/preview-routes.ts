// What a cancel would do, without doing it: the cancel itself, in a transaction that is rolled back. So a preview can
// never disagree with what the cancel then does, and nobody is told of either.

import type { PreviewView } from '@standdown/wire/src/receipt.ts'
import { previewRequestSchema } from '@standdown/wire/src/receipt.ts'
import type { FastifyInstance } from 'fastify'
import type { CancelOutcome, CancelTarget } from '../../core/cancellation.ts'
import type { Principal } from '../../core/principal.ts'
import { keyOf, mayUseEvent, NATIVE_EVENT, requireAnnouncer } from './access.ts'
import { nativeCaller } from './cancellation-routes.ts'
import type { NativeContext } from './native-api.ts'
import { nativeFault } from './native-faults.ts'
import { response } from './route-schema.ts'
import { outcomeIfCancelled } from './views.ts'

/** Events whose actions are listed one by one; the counts are of all. */
const MAX_EVENTS_LISTED = 50

class RolledBack extends Error {
  override readonly name = 'RolledBack'
}

export function previewRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, db, callers } = context

  app.post(
    '/previews',
    {
      schema: {
        summary: 'What a cancel would do if it came now. Nothing is changed.',
        body: previewRequestSchema,
        response: response('Preview'),
      },
    },
    async request => {
      const caller = callers.of(request)
      const body = request.body as { eventId?: string; key?: string; entity?: string }
      const target = await targetOf(caller, body)
      const outcome = await rehearse(caller, target)
      if ('refused' in outcome)
        throw nativeFault.NOT_FOUND({ what: 'event', id: body.eventId ?? body.key ?? '' })
      const items = []
      for (const eventId of outcome.eventIds.slice(0, MAX_EVENTS_LISTED)) {
        for (const effect of await engine.effectsOf(caller.tenant, eventId)) {
          if (effect.ending === 'superseded') continue
          items.push({
            effectId: effect.id,
            eventId,
            kind: effect.kind,
            title: effect.title,
            outcome: outcomeIfCancelled(effect),
            dueAt: effect.dueAt.toISOString(),
          })
        }
      }
      return { eventIds: outcome.eventIds, counts: outcome.counts, items } satisfies PreviewView
    },
  )

  async function targetOf(
    caller: Principal,
    body: { eventId?: string; key?: string; entity?: string },
  ): Promise<CancelTarget> {
    if (body.eventId === undefined) {
      requireAnnouncer(caller)
      return { key: keyOf(caller, body.key!), entity: body.entity ?? body.key!, kind: NATIVE_EVENT }
    }
    const eventId = body.eventId.toLowerCase()
    const event = await engine.event(caller.tenant, eventId)
    if (!event || !mayUseEvent(caller, event))
      throw nativeFault.NOT_FOUND({ what: 'event', id: body.eventId })
    return { eventId }
  }

  async function rehearse(caller: Principal, target: CancelTarget): Promise<CancelOutcome> {
    let outcome: CancelOutcome | undefined
    try {
      await db.transaction('native.preview', async tx => {
        const outcomes = await engine.cancelIn(tx, [
          { tenant: caller.tenant, target, by: nativeCaller(caller) },
        ])
        outcome = outcomes[0]
        throw new RolledBack()
      })
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error
    }
    return outcome!
  }
}
