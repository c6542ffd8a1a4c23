// This folder turns the actions of a native announcement into effects. This file does so for the kinds
// `offer` and `meeting`: errors that can be found at the announcement are refused then; others are found when
// the action is due (child-carriers.ts). It must not write to the database by itself: announcing is the work
// of the engine and of the domains.

import type { EffectRequest, MeetingRequest, OfferRequest, WallTime } from '@standdown/wire/src/event.ts'
import type { Directory, Person } from '../../../auth/directory/directory.ts'
import { CALENDAR_WRITE, NOTIFICATIONS_WRITE } from '../../../auth/scopes.ts'
import type { Attendee, MeetingDraft } from '../../../calendar/meeting/meeting.ts'
import { ianaZone, readWallTime, wallTime as toWallTime } from '../../../calendar/time-zone.ts'
import type { NewEffect } from '../../../core/effects/effect.ts'
import { nativeMeeting, nativeOffer } from '../../../core/effects/effect-builders.ts'
import {
  EFFECT_KINDS,
  NATIVE_MEETING,
  NATIVE_OFFER,
  type NativeMeetingData,
} from '../../../core/effects/effect-kinds.ts'
import { shortTitle } from '../../../core/effects/effect-title.ts'
import { Fault } from '../../../core/fault.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Principal } from '../../../core/principal.ts'
import type { Notifications } from '../../../notifications/notifications.ts'
import { isOperator } from '../access.ts'
import { nativeFault } from '../faults.ts'
import { dueOf, newEffects } from './effect-request.ts'

export type EffectNeeds = {
  readonly directory: Pick<Directory, 'user'>
  readonly notifications: Pick<Notifications, 'channelsOf' | 'fillCard'>
}

/** What `native.meeting` carries, as this API reads it again. */
export type MeetingChild = Omit<NativeMeetingData, 'request'> & { readonly request: MeetingRequest }

/** The effects of all requests, in their order. @throws Fault INVALID_REQUEST, with the JSON pointer that `placeOf` gives; FORBIDDEN */
export async function effectsOf(
  needs: EffectNeeds,
  caller: Principal,
  requests: readonly EffectRequest[],
  placeOf: (i: number) => string = i => `/effects/${i}`,
): Promise<readonly NewEffect[]> {
  const effects: NewEffect[] = []
  for (const [i, request] of requests.entries()) {
    const at = placeOf(i)
    if (request.kind === 'offer') effects.push(await offerEffect(needs, caller, request, at))
    else if (request.kind === 'meeting') effects.push(await meetingEffect(needs, caller, request, at))
    else for (const effect of newEffects(request)) effects.push(effect)
  }
  return effects
}

async function offerEffect(
  { directory, notifications }: EffectNeeds,
  caller: Principal,
  request: OfferRequest,
  at: string,
): Promise<NewEffect> {
  if (!isOperator(caller) && !caller.scopes.has(NOTIFICATIONS_WRITE))
    throw nativeFault.FORBIDDEN({ needs: `scope ${NOTIFICATIONS_WRITE}, for an action of kind offer` })
  const { channel, template, parameters = {} } = request
  const agent = await directory.user(caller.tenant, request.agent)
  if (!agent?.roles.includes('agent')) throw invalid(`${at}/agent`, `there is no agent ${request.agent}`)
  const channelLabel = await labelOf(notifications, agent, channel)
  if (channelLabel === null) throw invalid(`${at}/channel`, `the agent has no channel ${channel}`)
  const of = { templateName: template, templateParameters: parameters, channelLabel }
  const { card } = await notifications.fillCard(caller.tenant, of).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error
    throw invalid(`${at}/template`, error.message.replace(/\.$/, ''), error)
  })
  return nativeOffer(
    { agentId: agent.id, channel, template, parameters: parameters as JsonObject },
    {
      title: shortTitle(request.title ?? EFFECT_KINDS[NATIVE_OFFER].title(agent.name, card.title)),
      due: dueOf(request),
    },
  )
}

/** The label of a channel of this agent; null: the agent has no channel of that name. */
export async function labelOf(
  notifications: Pick<Notifications, 'channelsOf'>,
  { tenant, id: agentId, name: agentName, upn }: Person,
  channel: string,
): Promise<string | null> {
  const channels = await notifications.channelsOf({ tenant, agentId, agentName, upn })
  return channels.find(({ uniqueName }) => uniqueName === channel)?.label ?? null
}

async function meetingEffect(
  { directory }: EffectNeeds,
  caller: Principal,
  request: MeetingRequest,
  at: string,
): Promise<NewEffect> {
  // The caller is an app, an operator or an admin: see requireAnnouncer.
  if (!isOperator(caller) && !CALENDAR_WRITE.some(scope => caller.scopes.has(scope)))
    throw nativeFault.FORBIDDEN({ needs: `scope ${CALENDAR_WRITE[0]}, for an action of kind meeting` })
  const organizer = await directory.user(caller.tenant, request.organizer)
  if (!organizer) throw invalid(`${at}/organizer`, `there is no user ${request.organizer}`)
  meetingDraft(request, at)
  const { at: _at, afterMs: _after, title, ...kept } = request
  return nativeMeeting(
    { organizerId: organizer.id, request: kept as JsonObject },
    {
      title: shortTitle(title ?? EFFECT_KINDS[NATIVE_MEETING].title(organizer.name, request.subject)),
      due: dueOf(request),
    },
  )
}

/** @throws Fault INVALID_REQUEST for a time that does not exist */
export function meetingDraft(request: MeetingRequest, at = ''): MeetingDraft {
  const start = wallTimeOf(request.start, `${at}/start`)
  const end = wallTimeOf(request.end, `${at}/end`)
  if (end.at < start.at) throw invalid(`${at}/end`, 'must not be before the start')
  return {
    subject: request.subject,
    body: { contentType: 'text', content: request.text ?? '' },
    start: start.wall,
    end: end.wall,
    startAt: start.at,
    endAt: end.at,
    isAllDay: false,
    locations:
      request.location === undefined ? [] : [{ displayName: request.location, locationType: 'default' }],
    attendees: (request.attendees ?? []).map(
      ({ address, name, type = 'required' }): Attendee => ({
        name: name ?? address,
        address,
        type,
        response: 'none',
      }),
    ),
    categories: [],
    importance: 'normal',
    sensitivity: 'normal',
    showAs: 'busy',
    isReminderOn: true,
    reminderMinutesBeforeStart: 15,
    responseRequested: true,
    allowNewTimeProposals: true,
    hideAttendees: false,
    transactionId: null,
  }
}

function wallTimeOf({ dateTime, timeZone: zone = 'UTC' }: WallTime, at: string) {
  const iana = ianaZone(zone)
  if (iana === null) throw invalid(`${at}/timeZone`, `there is no time zone ${zone}`)
  const read = readWallTime(dateTime, iana)
  // The bounds of Exchange for a calendar item. Graph's callers have the same.
  const year = read?.at.getUTCFullYear() ?? 0
  if (!read || year < 1601 || year > 4500)
    throw invalid(`${at}/dateTime`, `${dateTime} is not a date and time that exists`)
  return { wall: { local: toWallTime(read.at, iana).slice(0, 19), zone }, at: read.at }
}

function invalid(at: string, message: string, cause?: unknown): Fault {
  return nativeFault.INVALID_REQUEST({ detail: `${at}: ${message}.`, errors: [{ at, message }] }, cause)
}
