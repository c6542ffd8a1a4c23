// Carriers of `native.offer` and `native.meeting`. When such an action is due, it announces an event of another room below its own event.
// The child's id is derived from the action's id, so a repeated start finds the child. The parent is locked during the announcement: a
// cancel of the parent either calls the child off too, or came first, and then no child is announced.

import type { Directory } from '../../../auth/directory/directory.ts'
import type { Calendar } from '../../../calendar/calendar.ts'
import { mailboxOfUser } from '../../../calendar/mailbox/mailboxes.ts'
import { encodeOutlookId } from '../../../calendar/outlook-id.ts'
import type { Carrier } from '../../../core/effects/carrier.ts'
import type { StartedEffect, Verdict } from '../../../core/effects/effect.ts'
import {
  describeCarrier,
  NATIVE_MEETING,
  NATIVE_OFFER,
  type NativeOfferData,
} from '../../../core/effects/effect-kinds.ts'
import { Fault } from '../../../core/fault.ts'
import { derivedId } from '../../../core/ids.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Parent } from '../../../core/parent.ts'
import type { Notifications } from '../../../notifications/notifications.ts'
import { childFault } from '../faults.ts'
import type { NativeEngine } from '../native-engine.ts'
import { labelOf, type MeetingChild, meetingDraft } from './child-effects.ts'

export type ChildCarrierNeeds = {
  readonly engine: Pick<NativeEngine, 'event'>
  readonly directory: Pick<Directory, 'user'>
  readonly notifications: Pick<Notifications, 'channelsOf' | 'notifyAgent'>
  readonly calendar: Pick<Calendar, 'createMeeting' | 'defaultCalendar'>
}

/** Running slots of a tenant: each action is one short transaction. */
const SLOTS = 8

export function childCarriers(needs: ChildCarrierNeeds): readonly Carrier[] {
  return [childCarrier(needs, NATIVE_OFFER, makeOffer), childCarrier(needs, NATIVE_MEETING, makeMeeting)]
}

type Child = { readonly id: string; readonly parent: Parent; readonly effect: StartedEffect }
/** Announces the child and returns the evidence. @throws Fault if no further attempt can succeed */
type MakeChild = (needs: ChildCarrierNeeds, child: Child) => Promise<JsonObject>

function childCarrier(
  needs: ChildCarrierNeeds,
  kind: typeof NATIVE_OFFER | typeof NATIVE_MEETING,
  make: MakeChild,
): Carrier {
  return {
    ...describeCarrier(kind),
    slots: SLOTS,
    async run(effect, signal): Promise<Verdict> {
      if (signal.aborted) return { is: 'stopped' }
      if (effect.eventId === null) return { is: 'failed', error: 'the effect belongs to no event' }
      const id = derivedId(effect.id)
      if (await needs.engine.event(effect.tenant, id)) return { is: 'done', evidence: { eventId: id } }
      try {
        const parent = { id: effect.eventId, link: 'cancel' } as const
        return { is: 'done', evidence: { eventId: id, ...(await make(needs, { id, parent, effect })) } }
      } catch (error) {
        if (!(error instanceof Fault) || error.status >= 500) throw error
        // A cancel of the parent came first. It has asked this action to stop, or is about to.
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
  const { agentId, channel, template, parameters } = effect.data as NativeOfferData
  const agent = await directory.user(tenant, agentId)
  if (!agent?.roles.includes('agent')) throw childFault.AGENT_GONE()
  const channelLabel = await labelOf(notifications, agent, channel)
  if (channelLabel === null) throw childFault.CHANNEL_GONE({ channel })
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
  if (!organizer) throw childFault.ORGANIZER_GONE()
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
  // Graph's id of the event; it changes when the event is moved.
  const graphId = encodeOutlookId({ type: 'item', mailboxId: mailbox.id, id: itemId, generation: 0 })
  return { organizer: organizer.upn, graphId }
}
