// Which events a caller may see. event-finder.ts says who may call an event off; those callers see it too. Operators and admins see all
// events of their tenant; an app those that it announced, and those that were reported for its own triggers; an agent the own offers; an
// attendee the meeting. Other events are "not found", or not in the list. hidden-parts.ts says which parts of an event are hidden.

import { ACTIVATION_KIND } from '../../../automations/activations/activation-key.ts'
import { MEETING } from '../../../calendar/meeting/create-meeting.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Principal } from '../../../core/principal.ts'
import { agentEntity, OFFER_EVENT } from '../../../notifications/offer.ts'
import { isOperator } from '../access.ts'
import { nativeFault } from '../faults.ts'
import type { EventFinder } from './event-finder.ts'
import type { PersonMeetings } from './person-meetings.ts'

const USE = 'Events.ReadWrite'

/** As a filter of a list; null: the caller sees no events. */
export type Visibility = {
  readonly kinds?: readonly string[]
  readonly app?: string
  readonly site?: string
  readonly within?: { readonly entities: readonly string[]; readonly ids: readonly string[] }
} | null

export async function visibilityOf(principal: Principal, meetings: PersonMeetings): Promise<Visibility> {
  if (isOperator(principal)) return {}
  if (!principal.scopes.has(USE)) return null
  if (principal.kind === 'app') {
    const { appId, siteInstanceId } = principal
    return appId === null
      ? null
      : { app: appId, ...(siteInstanceId === null ? {} : { site: siteInstanceId }) }
  }
  const entities = principal.roles.has('agent') ? [agentEntity(principal.id)] : []
  const ids = await meetings.idsOf(principal.tenant, principal.id)
  return { kinds: [OFFER_EVENT, MEETING], within: { entities, ids } }
}

type Seen = {
  readonly id: string
  readonly kind: string
  readonly data: JsonObject
  readonly app: string | null
}

export type VisibilityNeeds = {
  readonly events: Pick<EventFinder, 'mayUse'>
  readonly meetings: PersonMeetings
}

export async function maySee(needs: VisibilityNeeds, principal: Principal, event: Seen): Promise<boolean> {
  if (await needs.events.mayUse(principal, event)) return true
  if (!principal.scopes.has(USE)) return false
  const { kind, data, id } = event
  if (principal.kind === 'app') {
    const { appId, siteInstanceId } = principal
    if (appId === null || kind !== ACTIVATION_KIND || data.appId !== appId) return false
    return siteInstanceId === null || data.site === siteInstanceId
  }
  if (kind === OFFER_EVENT) return principal.roles.has('agent') && data.agentId === principal.id
  return kind === MEETING && (await needs.meetings.has(principal.tenant, principal.id, id))
}

/** Refuses a token that is not for this API, instead of answering with an empty list. */
export function requireEventsScope(principal: Principal): void {
  if (!principal.scopes.has(USE)) throw nativeFault.FORBIDDEN({ needs: `scope ${USE}` })
}
