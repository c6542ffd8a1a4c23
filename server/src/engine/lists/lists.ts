// Lists of what the engine knows, page by page: events and effects, one event with what hangs from it, and
// counts. Every list has a bounded cost. A list must not lock or change a row.

import type { Context } from '../context.ts'
import {
  countEffects,
  type EffectCounts,
  type EffectList,
  type EffectQuery,
  listEffects,
} from './list-effects.ts'
import {
  type Count,
  countEvents,
  type EventList,
  type EventQuery,
  eventDetails,
  type ListedEvent,
  listEvents,
} from './list-events.ts'
import {
  childrenOf,
  effectsOf,
  type IdPage,
  type PagedEffect,
  pathOf,
  type Relative,
} from './read-event-tree.ts'

export type Lists = {
  events(query: EventQuery): Promise<EventList>
  countEvents(query: Omit<EventQuery, 'after' | 'limit'>): Promise<Count>
  event(tenant: string, id: string): Promise<ListedEvent | null>
  pathOf(tenant: string, eventId: string): Promise<readonly Relative[]>
  childrenOf(tenant: string, eventId: string, page: IdPage): Promise<readonly Relative[]>
  effectsOf(tenant: string, eventId: string, page: IdPage): Promise<readonly PagedEffect[]>
  effects(query: EffectQuery): Promise<EffectList>
  countEffects(tenant: string): Promise<EffectCounts>
}

export function createLists(context: Context): Lists {
  return {
    events: query => listEvents(context, query),
    countEvents: query => countEvents(context, query),
    event: (tenant, id) => eventDetails(context, tenant, id),
    pathOf: (tenant, id) => pathOf(context, tenant, id),
    childrenOf: (tenant, id, page) => childrenOf(context, tenant, id, page),
    effectsOf: (tenant, id, page) => effectsOf(context, tenant, id, page),
    effects: query => listEffects(context, query),
    countEffects: tenant => countEffects(context, tenant),
  }
}
