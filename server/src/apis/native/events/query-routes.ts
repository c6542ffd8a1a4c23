// The routes that read: lists of events and of actions, and one event with its actions and relatives.

import type { EffectListView, EventListView, EventsQuery, ListedState } from '@standdown/wire/src/lists.ts'
import { effectsQuerySchema, eventQuerySchema, eventsQuerySchema } from '@standdown/wire/src/lists.ts'
import type { FastifyInstance } from 'fastify'
import { type CursorPosition, cursorOf, FIRST_ID, readCursor } from '../../../core/cursor.ts'
import type { Principal } from '../../../core/principal.ts'
import type { EventFilter, ListedEvent } from '../../../engine/lists/list-events.ts'
import type { Relative } from '../../../engine/lists/read-event-tree.ts'
import { NATIVE_EVENT, requireOperator } from '../access.ts'
import { nativeFault } from '../faults.ts'
import { instantOf } from '../instant.ts'
import type { NativeContext } from '../native-context.ts'
import { eventIdParams, response } from '../route-schema.ts'
import { type Hidden, hiddenOf, shownEffects, shownEvent } from './hidden-parts.ts'
import { eventSummary, eventView, KIND_OF_API, listedEffectView, ofEvent } from './list-views.ts'
import { maySee, requireEventsScope, type Visibility, visibilityOf } from './visibility.ts'

const DEFAULT_LIMIT = 50
const EFFECTS_OF_EVENT = 1000
const CHILDREN = 50

type EffectsQuery = {
  readonly state?: ListedState
  readonly kind?: string
  readonly receiver?: string
  readonly eventId?: string
  readonly dueAfter?: string
  readonly dueBefore?: string
  readonly after?: string
  readonly limit?: string
}

type Visible = { readonly event: ListedEvent; readonly hidden: Hidden }

export function queryRoutes(app: FastifyInstance, context: NativeContext): void {
  const { engine, callers, events, meetings, appIdOf } = context
  const { lists } = engine

  app.get(
    '/events',
    {
      schema: {
        summary: 'Events, newest first: all of the tenant for who runs things, one’s own for everybody else.',
        description:
          'With dueAfter or dueBefore what falls due first stands first, unless it is about one entity or one’s own.',
        querystring: eventsQuerySchema,
        response: response('EventList'),
      },
    },
    async request => {
      const caller = callers.of(request)
      requireEventsScope(caller)
      const query = request.query as EventsQuery
      const after = positionIn(query.after)
      const visibility = await visibilityOf(caller, meetings)
      const search = visibility && narrowed(await filterOf(caller.tenant, query), visibility)
      if (!search) return { value: [], nextPage: null, stoppedAfter: null, ...nothingCounted(query) }
      const of = { tenant: caller.tenant, ...search }
      const [list, count] = await Promise.all([
        lists.events({ ...of, ...(after ? { after } : {}), limit: Number(query.limit ?? DEFAULT_LIMIT) }),
        query.count === 'true' ? lists.countEvents(of) : null,
      ])
      const hidden = await hiddenOf(events, caller, list.events)
      return {
        value: list.events.map((event, i) => eventSummary(shownEvent(event, hidden[i]!))),
        nextPage: list.next,
        stoppedAfter: list.stoppedAfter,
        ...(count ? { count } : {}),
      } satisfies EventListView
    },
  )

  app.get(
    '/events/:id',
    {
      schema: {
        summary: 'An event with its data, its actions and their states, and where it stands in its tree.',
        params: eventIdParams,
        querystring: eventQuerySchema,
        response: response('Event'),
      },
    },
    async request => {
      const caller = callers.of(request)
      const { effectsAfter, childrenAfter } = request.query as {
        effectsAfter?: string
        childrenAfter?: string
      }
      const { event, hidden } = await visible(caller, (request.params as { id: string }).id)
      const { tenant, id } = event
      const [effects, path, children] = await Promise.all([
        effectsShown(event, hidden, effectsAfter?.toLowerCase() ?? FIRST_ID),
        lists.pathOf(tenant, id),
        lists.childrenOf(tenant, id, {
          after: childrenAfter?.toLowerCase() ?? FIRST_ID,
          limit: CHILDREN + 1,
        }),
      ])
      return eventView(shownEvent(event, hidden), {
        effects: effects.slice(0, EFFECTS_OF_EVENT),
        effectsAfter: effects.length > EFFECTS_OF_EVENT ? effects[EFFECTS_OF_EVENT - 1]!.id : null,
        path: await seenOf(caller, path),
        children: await seenOf(caller, children.slice(0, CHILDREN)),
        childrenAfter: children.length > CHILDREN ? children[CHILDREN - 1]!.id : null,
      })
    },
  )

  app.get(
    '/effects',
    {
      schema: {
        summary:
          'Actions by how they stand: for who runs things all of the tenant, and for who sees an event its own.',
        description:
          'Pending and waiting ones soonest due first, dead ones latest first, others that ended by when they were declared, ' +
          'the last ones first. Those of an event in the order in which they were declared.',
        querystring: effectsQuerySchema,
        response: response('EffectList'),
      },
    },
    async request => {
      const caller = callers.of(request)
      const query = request.query as EffectsQuery
      const after = positionIn(query.after)
      const limit = Number(query.limit ?? DEFAULT_LIMIT)
      if (query.eventId !== undefined) return effectsOfEvent(caller, query.eventId, query, { after, limit })
      requireOperator(caller)
      const { state, kind, receiver, dueAfter, dueBefore } = query
      if (state === undefined)
        throw nativeFault.INVALID_REQUEST({
          detail: 'Say which actions: by `state`, or of an event by `eventId`.',
        })
      const list = await lists.effects({
        tenant: caller.tenant,
        state,
        limit,
        ...(kind === undefined ? {} : { kind }),
        ...(receiver === undefined ? {} : { receiver: receiver.toLowerCase() }),
        ...(dueAfter === undefined ? {} : { dueAfter: instantOf(dueAfter) }),
        ...(dueBefore === undefined ? {} : { dueBefore: instantOf(dueBefore) }),
        ...(after ? { after } : {}),
      })
      return {
        value: list.effects.map(listedEffectView),
        nextPage: list.next,
        stoppedAfter: list.stoppedAfter,
      } satisfies EffectListView
    },
  )

  async function effectsOfEvent(
    caller: Principal,
    eventId: string,
    query: EffectsQuery,
    { after, limit }: { readonly after: CursorPosition | null; readonly limit: number },
  ): Promise<EffectListView> {
    const { event, hidden } = await visible(caller, eventId)
    const looked = await effectsShown(event, hidden, after?.id ?? FIRST_ID)
    const fitting = looked
      .slice(0, EFFECTS_OF_EVENT)
      .map(effect => ofEvent(event.id, effect))
      .filter(
        ({ state, kind, receiver, dueAt }) =>
          (query.state === undefined || state === query.state) &&
          (query.kind === undefined || kind === query.kind) &&
          (query.receiver === undefined || receiver === query.receiver.toLowerCase()) &&
          (query.dueAfter === undefined || dueAt >= instantOf(query.dueAfter)) &&
          (query.dueBefore === undefined || dueAt <= instantOf(query.dueBefore)),
      )
    const value = fitting.slice(0, limit)
    const isFull = fitting.length > limit
    const last = isFull
      ? value.at(-1)
      : looked.length > EFFECTS_OF_EVENT
        ? looked[EFFECTS_OF_EVENT - 1]
        : undefined
    return {
      value: value.map(listedEffectView),
      nextPage: last === undefined ? null : cursorOf({ id: last.id, time: null }),
      stoppedAfter: last === undefined || isFull ? null : EFFECTS_OF_EVENT,
    }
  }

  /** @throws Fault NOT_FOUND also for an event that this caller may not see, so that ids cannot be probed */
  async function visible(caller: Principal, id: string): Promise<Visible> {
    const eventId = await events.idOf(caller.tenant, id)
    const event = eventId === null ? null : await lists.event(caller.tenant, eventId)
    if (!event || !(await maySee(context, caller, event))) throw nativeFault.NOT_FOUND({ what: 'event', id })
    const [hidden] = await hiddenOf(events, caller, [event])
    return { event, hidden: hidden! }
  }

  /** The visible parts of a page of effects, and of one more effect if there are more. */
  async function effectsShown({ tenant, id }: ListedEvent, hidden: Hidden, after: string) {
    return shownEffects(await lists.effectsOf(tenant, id, { after, limit: EFFECTS_OF_EVENT + 1 }), hidden)
  }

  async function seenOf(caller: Principal, relatives: readonly Relative[]): Promise<readonly Relative[]> {
    const seen = await Promise.all(relatives.map(relative => maySee(context, caller, relative)))
    return relatives.filter((_, i) => seen[i])
  }

  async function filterOf(tenant: string, query: EventsQuery): Promise<EventFilter | null> {
    const { state, key, q, api, kind, app, dueAfter, dueBefore } = query
    const kinds = new Set([
      ...(api === undefined ? [] : [KIND_OF_API[api]]),
      ...(kind === undefined ? [] : [kind]),
    ])
    // An event has one kind, so two different kinds match nothing.
    if (kinds.size > 1) return null
    // As in a cancel: a key alone means a native event whose entity is the key.
    const native = key !== undefined && (kinds.size === 0 || kinds.has(NATIVE_EVENT))
    if (native) kinds.add(NATIVE_EVENT)
    const entity = query.entity ?? (native ? key : undefined)
    return {
      ...(kinds.size > 0 ? { kinds: [...kinds] } : {}),
      ...(state === undefined ? {} : { state }),
      ...(key === undefined ? {} : { key }),
      ...(entity === undefined ? {} : { entity }),
      ...(app === undefined ? {} : { app: (await appIdOf(tenant, app)) ?? app }),
      ...(q === undefined ? {} : { text: q }),
      ...(dueAfter === undefined ? {} : { dueAfter: instantOf(dueAfter) }),
      ...(dueBefore === undefined ? {} : { dueBefore: instantOf(dueBefore) }),
    }
  }
}

/** The filter, narrowed to what the caller may see; null: no event matches both. */
function narrowed(
  filter: EventFilter | null,
  { within, kinds, app, site }: NonNullable<Visibility>,
): { readonly filter: EventFilter; readonly within?: NonNullable<NonNullable<Visibility>['within']> } | null {
  if (!filter) return null
  const both =
    kinds && filter.kinds ? kinds.filter(kind => filter.kinds?.includes(kind)) : (kinds ?? filter.kinds)
  if (both?.length === 0) return null
  if (app !== undefined && filter.app !== undefined && app !== filter.app) return null
  return {
    filter: {
      ...filter,
      ...(both ? { kinds: both } : {}),
      ...(app === undefined ? {} : { app }),
      ...(site === undefined ? {} : { site }),
    },
    ...(within ? { within } : {}),
  }
}

function nothingCounted({ count }: EventsQuery): { count?: { count: number; isExact: boolean } } {
  return count === 'true' ? { count: { count: 0, isExact: true } } : {}
}

function positionIn(cursor: string | undefined): CursorPosition | null {
  if (cursor === undefined) return null
  const position = readCursor(cursor)
  if (!position) throw nativeFault.INVALID_REQUEST({ detail: '`after` is not the `nextPage` of a list.' })
  return position
}
