// Carriers of `native.offer` and `native.meeting`: when one falls due it makes an event of another room below its own. The
// child's id comes from the action's, so a start that comes again finds it there; and its parent is locked when it is
// announced, so a cancel either takes the child along, or came first, and then there is none.

import type { Directory } from '../../../auth/directory/directory.ts'
import type { Calendar } from '../../../calendar/calendar.ts'
import { mailboxOfUser } from '../../../calendar/mailbox/mailboxes.ts'
import { encodeOutlookId } from '../../../calendar/outlook-id.ts'
import type { Carrier } from '../../../core/effects/carrier.ts'
import { DATABASE_ATTEMPTS, type StartedEffect, type Verdict } from '../../../core/effects/effect.ts'
import { Fault, faults } from '../../../core/fault.ts'
import { madeFrom } from '../../../core/ids.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Parent } from '../../../core/parent.ts'
import type { Notifications } from '../../../notifications/notifications.ts'
import type { NativeEngine } from '../needs.ts'
import {
  labelOf,
  MEETING_CHILD,
  type MeetingChild,
  meetingDraft,
  OFFER_CHILD,
  type OfferChild,
} from './child-effects.ts'

export type ChildCarrierNeeds = {
  readonly engine: Pick<NativeEngine, 'event'>
  readonly directory: Pick<Directory, 'user'>
  readonly notifications: Pick<Notifications, 'channelsOf' | 'notifyAgent'>
  readonly calendar: Pick<Calendar, 'createMeeting' | 'defaultCalendar'>
}

/** Why nothing can be made of it any more, however often it is tried. */
const gone = faults({
  AGENT_GONE: { status: 404, message: 'the agent is gone, or is no agent any more' },
  CHANNEL_GONE: { status: 404, message: 'the agent has no channel {channel} any more' },
  ORGANIZER_GONE: { status: 404, message: 'the organizer is gone' },
})

/** At most so many at once, per tenant: each is one short transaction. */
const SLOTS = 8

export function childCarriers(needs: ChildCarrierNeeds): readonly Carrier[] {
  return [childCarrier(needs, OFFER_CHILD, makeOffer), childCarrier(needs, MEETING_CHILD, makeMeeting)]
}

type Child = { readonly id: string; readonly parent: Parent; readonly effect: StartedEffect }
/** Evidence of what was made. @throws Fault for what will never work */
type MakeChild = (needs: ChildCarrierNeeds, child: Child) => Promise<JsonObject>

function childCarrier(needs: ChildCarrierNeeds, kind: string, make: MakeChild): Carrier {
  return {
    kind,
    slots: SLOTS,
    maxAttempts: DATABASE_ATTEMPTS,
    async run(effect, signal): Promise<Verdict> {
      if (signal.aborted) return { is: 'stopped' }
      if (effect.eventId === null) return { is: 'failed', error: 'the effect belongs to no event' }
      const id = madeFrom(effect.id)
      if (await needs.engine.event(effect.tenant, id)) return { is: 'done', evidence: { eventId: id } }
      try {
        const parent = { id: effect.eventId, link: 'cancel' } as const
        return { is: 'done', evidence: { eventId: id, ...(await make(needs, { id, parent, effect })) } }
      } catch (error) {
        if (!(error instanceof Fault) || error.status >= 500) throw error
        // The cancel that came first has asked this to stop, or is about to.
        if (error.code === 'PARENT_CANCELLED') return { is: 'stopped', evidence: { made: 'nothing' } }
        return { is: 'failed', error: error.message }
      }
    },
  }
}

async function makeOffer(
  { directory, notifications }: ChildCarrierNeeds,
  { id, parent, effect }: Child,
): Promise<JsonObject> {
  const { tenant } = effect
  const { agentId, channel, template, parameters } = effect.data as OfferChild
  const agent = await directory.user(tenant, agentId)
  if (!agent?.roles.includes('agent')) throw gone.AGENT_GONE()
  const channelLabel = await labelOf(notifications, agent, channel)
  if (channelLabel === null) throw gone.CHANNEL_GONE({ channel })
  await notifications.notifyAgent({
    agent: { tenant, agentId: agent.id, agentName: agent.name },
    channel,
    channelLabel,
    templateName: template,
    templateParameters: parameters,
    tokens: [],
    correlationId: null,
    page: null,
    parent,
    id,
  })
  return { agent: agent.name }
}

async function makeMeeting(
  { directory, calendar }: ChildCarrierNeeds,
  { id, parent, effect }: Child,
): Promise<JsonObject> {
  const { organizerId, request } = effect.data as unknown as MeetingChild
  const organizer = await directory.user(effect.tenant, organizerId)
  if (!organizer) throw gone.ORGANIZER_GONE()
  const mailbox = mailboxOfUser(effect.tenant, organizer)
  const { id: calendarId } = await calendar.defaultCalendar(mailbox)
  const draft = meetingDraft(request)
  const itemId = await calendar.createMeeting({
    mailbox,
    calendarId,
    draft,
    correlationId: null,
    parent,
    meetingId: id,
  })
  // As Graph spells it, until the event is moved.
  const graphId = encodeOutlookId({ type: 'item', mailboxId: mailbox.id, id: itemId, generation: 0 })
  return { organizer: organizer.upn, graphId }
}
