// Previews: what a cancel would do. A preview locks nothing and writes nothing, and a page of a huge tree costs no more than a page of a
// small one.

import type { PreviewListView, PreviewRequestBody, PreviewView } from '@standdown/wire/src/preview.ts'
import { previewRequestSchema } from '@standdown/wire/src/preview.ts'
import type { FastifyInstance } from 'fastify'
import type { CancelTarget } from '../../../core/cancellation.ts'
import type { Principal } from '../../../core/principal.ts'
import { nativeFault } from '../faults.ts'
import { meansEverybody, type Name } from '../name-finder.ts'
import type { NativeContext } from '../native-context.ts'
import { ownerView, previewView } from '../views.ts'
import { namesToCancel } from './cancel-names.ts'

/** The greatest and the default number of items of a page. */
const PAGE = 1000

/** `name`: null for one event by its id. */
type Previewed = { readonly target: CancelTarget; readonly name: Name | null }

export function previewRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers, events, names: finder } = context

  app.post(
    '/previews',
    {
      schema: {
        summary: 'What a cancel would do if it came now. Nothing is changed.',
        description: `A page has at most ${PAGE} items, and its counts are of its own items. \`itemsAfter\` is the \`after\` of the next page. Where several have the name, each has a page, and \`after\` goes on with the one that it came from.`,
        body: previewRequestSchema,
        response: { 200: { anyOf: [{ $ref: 'Preview#' }, { $ref: 'PreviewList#' }] } },
      },
    },
    async (request): Promise<PreviewView | PreviewListView> => {
      const caller = callers.of(request)
      const body = request.body as PreviewRequestBody
      const targets = await targetsOf(caller, body)
      const { after = null, limit = PAGE } = body
      // The targets share the limit of the page.
      const pageLimit = after === null ? Math.max(1, Math.floor(limit / Math.max(1, targets.length))) : limit
      const pages = await Promise.all(
        targets.map(async ({ target, name }) => {
          const preview = await engine.preview({ tenant: caller.tenant, target, after, limit: pageLimit })
          return preview && { ...previewView(preview), ...(name ? { of: ownerView(name) } : {}) }
        }),
      )
      const shown = pages.filter(page => page !== null)
      const [one] = shown
      if (one && shown.length === 1) return one
      if (after !== null)
        throw nativeFault.INVALID_REQUEST({
          detail:
            '`after` is no `itemsAfter` of this preview, or what it names is gone: begin again without it.',
        })
      return { previews: shown }
    },
  )

  async function targetsOf(caller: Principal, body: PreviewRequestBody): Promise<readonly Previewed[]> {
    if ('eventId' in body) {
      const event = await events.find(caller, body.eventId)
      if (!event) throw nativeFault.NOT_FOUND({ what: 'event', id: body.eventId })
      return [{ target: { eventId: event.id }, name: null }]
    }
    const names = await namesOf(caller, body)
    const isOne = 'key' in body && !meansEverybody(caller, body) && names.length === 1
    const selected = isOne
      ? names
      : (await namesToCancel(engine, caller, { names, requestKey: null })).selected
    return selected.map(name => ({ target: name.target, name }))
  }

  async function namesOf(caller: Principal, body: Exclude<PreviewRequestBody, { readonly eventId: string }>) {
    if ('key' in body) return await finder.byKey(caller, body)
    return 'triggerKey' in body ? await finder.byTrigger(caller, body) : await finder.byToken(caller, body)
  }
}
