// What a cancel would do, without doing it: nothing is locked and nothing is written, so asking disturbs nobody, and one
// page of a huge tree is no more work than one of a small one.

import type { PreviewRequestBody, PreviewView } from '@standdown/wire/src/receipt.ts'
import { previewRequestSchema } from '@standdown/wire/src/receipt.ts'
import type { FastifyInstance } from 'fastify'
import type { CancelTarget } from '../../core/cancellation.ts'
import type { Principal } from '../../core/principal.ts'
import { keyOf, NATIVE_EVENT, requireAnnouncer } from './access.ts'
import type { NativeContext } from './native-api.ts'
import { nativeFault } from './native-faults.ts'
import { response } from './route-schema.ts'
import { previewView } from './views.ts'

/** Most items of a page, and how many it has unless the caller wants fewer. */
const PAGE = 1000

export function previewRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers, events } = context

  app.post(
    '/previews',
    {
      schema: {
        summary: 'What a cancel would do if it came now. Nothing is changed.',
        description: `A page has at most ${PAGE} items, and its counts are of its own items. \`itemsAfter\` is the \`after\` of the next page.`,
        body: previewRequestSchema,
        response: response('Preview'),
      },
    },
    async request => {
      const caller = callers.of(request)
      const body = request.body as PreviewRequestBody
      const target = await targetOf(caller, body)
      const { after = null, limit = PAGE } = body
      const preview = await engine.preview({ tenant: caller.tenant, target, after, most: limit })
      if (preview === null)
        throw nativeFault.INVALID_REQUEST({
          detail:
            '`after` is no `itemsAfter` of this preview, or what it names is gone: begin again without it.',
        })
      return previewView(preview) satisfies PreviewView
    },
  )

  async function targetOf(caller: Principal, body: PreviewRequestBody): Promise<CancelTarget> {
    if ('key' in body) {
      requireAnnouncer(caller)
      return { key: keyOf(caller, body.key), entity: body.entity ?? body.key, kind: NATIVE_EVENT }
    }
    const event = await events.find(caller, body.eventId)
    if (!event) throw nativeFault.NOT_FOUND({ what: 'event', id: body.eventId })
    return { eventId: event.id }
  }
}
