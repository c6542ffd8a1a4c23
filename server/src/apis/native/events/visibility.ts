// Which events a caller may look at. To see is not to call off: event-finder.ts says who may do that, and they see it too. Operators and admins see all of
// their tenant; an app what it announced, and what was reported for its own triggers; an agent their offers; who is in a meeting,
// that meeting. The rest is "not found", or is not in the list. What of it they are not shown: hidden-parts.ts.

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

/** As a filter of a list; null: nothing at all. */
export type Sight = {
  readonly kinds?: readonly string[]
  readonly app?: string
  readonly site?: string
  readonly within?: { readonly entities: readonly string[]; readonly ids: readonly string[] }
} | null

export async function sightOf(principal: Principal, meetings: PersonMeetings): Promise<Sight> {
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

export type SightNeeds = { readonly events: Pick<EventFinder, 'mayUse'>; readonly meetings: PersonMeetings }

export async function maySee(needs: SightNeeds, principal: Principal, event: Seen): Promise<boolean> {
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

/** Whose token is not for this API is told so, instead of being shown an empty list. */
export function requireLooker(principal: Principal): void {
  if (!principal.scopes.has(USE)) throw nativeFault.FORBIDDEN({ needs: `scope ${USE}` })
}
