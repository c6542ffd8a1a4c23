// Finds an event by its id, as any of the APIs spells it, for a caller who may use it: call it off, or announce another event below it.
// visibility.ts says who may see it. All APIs share this rule: compose passes `findParent` to those that may not import it. An event
// that the caller may not use is answered as if it did not exist.

import type { Directory } from '../../../auth/directory/directory.ts'
import {
  CALENDAR_WRITE,
  GROUP_CALENDAR_WRITE,
  NOTIFICATIONS_WRITE,
  WIX_REPORT,
} from '../../../auth/scopes.ts'
import { ACTIVATION_KIND } from '../../../automations/activations/activation-key.ts'
import type { Calendar } from '../../../calendar/calendar.ts'
import { MEETING } from '../../../calendar/meeting/create-meeting.ts'
import { decodeOutlookId } from '../../../calendar/outlook-id.ts'
import type { StoredEvent } from '../../../core/event.ts'
import { parentFault } from '../../../core/faults.ts'
import { isGuid } from '../../../core/ids.ts'
import type { FindParent } from '../../../core/parent.ts'
import type { Principal } from '../../../core/principal.ts'
import { OFFER_EVENT } from '../../../notifications/offer.ts'
import { isOperator, isOwnNativeEvent, NATIVE_EVENT } from '../access.ts'
import type { NativeEngine } from '../native-engine.ts'

export type EventFinderNeeds = {
  readonly engine: Pick<NativeEngine, 'event'>
  readonly calendar: Pick<Calendar, 'findItem'>
  readonly directory: Pick<Directory, 'user' | 'groupsOf'>
}

type UsedEvent = Pick<StoredEvent, 'kind' | 'data'>

export type EventFinder = {
  /** The event's own id, from an id in any API's spelling; null: there is none. Checks no rights. */
  idOf(tenant: string, text: string): Promise<string | null>
  /** True for operators, and for a caller who could call it off with this token by the API that announced it. */
  mayUse(principal: Principal, event: UsedEvent): Promise<boolean>
  /** Null: no event has that id, or this caller may not use it. */
  find(principal: Principal, id: string): Promise<StoredEvent | null>
  readonly findParent: FindParent
}

export function createEventFinder(needs: EventFinderNeeds): EventFinder {
  const { engine } = needs
  const find = async (principal: Principal, text: string) => {
    const { tenant } = principal
    const id = await eventIdOf(needs.calendar, tenant, text)
    const event = id === null ? null : await engine.event(tenant, id)
    return event && (await mayUse(needs.directory, principal, event)) ? event : null
  }
  return {
    idOf: (tenant, text) => eventIdOf(needs.calendar, tenant, text),
    mayUse: (principal, event) => mayUse(needs.directory, principal, event),
    find,
    async findParent(principal, { id, link }) {
      const event = await find(principal, id)
      if (!event) throw parentFault.PARENT_NOT_FOUND({ id })
      return { id: event.id, link }
    },
  }
}

/** From a GUID, or from an event's id as Graph spells it; null for any other text. */
async function eventIdOf(
  calendar: Pick<Calendar, 'findItem'>,
  tenant: string,
  text: string,
): Promise<string | null> {
  if (isGuid(text)) return text.toLowerCase()
  const outlook = decodeOutlookId('item', text)
  if (!outlook) return null
  const mailbox = { tenant, id: outlook.mailboxId, kind: 'user', name: '', address: '' } as const
  return (await calendar.findItem(mailbox, outlook.id))?.meetingId ?? null
}

async function mayUse(
  directory: EventFinderNeeds['directory'],
  principal: Principal,
  event: UsedEvent,
): Promise<boolean> {
  if (isOperator(principal)) return true
  const { data } = event
  switch (event.kind) {
    case NATIVE_EVENT:
      return isOwnNativeEvent(principal, event)
    case ACTIVATION_KIND: {
      const { kind, appId, siteInstanceId: site } = principal
      const isOwn = kind === 'app' && data.appId === appId && (site === null || data.site === site)
      return isOwn && hasAny(principal, WIX_REPORT)
    }
    case OFFER_EVENT: {
      const isOwn = principal.kind === 'person' && data.agentId === principal.id
      return isOwn && principal.roles.has('agent') && principal.scopes.has(NOTIFICATIONS_WRITE)
    }
    case MEETING:
      return await mayWriteIn(directory, principal, String(data.mailboxId))
    default:
      return false
  }
}

/** A person may write in the own mailbox and in those of the own groups; an app in every user's mailbox, and in no group's. */
async function mayWriteIn(
  directory: EventFinderNeeds['directory'],
  principal: Principal,
  mailboxId: string,
): Promise<boolean> {
  const { tenant, kind, id } = principal
  const mayWrite = hasAny(principal, CALENDAR_WRITE)
  if (kind === 'app') return mayWrite && (await directory.user(tenant, mailboxId)) !== null
  if (mailboxId === id) return mayWrite
  if (!hasAny(principal, GROUP_CALENDAR_WRITE)) return false
  return (await directory.groupsOf(tenant, id)).some(group => group.id === mailboxId)
}

function hasAny({ scopes }: Principal, wanted: readonly string[]): boolean {
  return wanted.some(scope => scopes.has(scope))
}
