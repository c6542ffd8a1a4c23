// Every kind of effect, with one description each. The names of kinds are in this file only. Read it when you add a kind: it says
// which data the kind has, which of them a caller may set, how its lane and title are made, and what ARCHITECTURE.md says about it.
// tests/architecture/effect-kinds.test.ts compares this table with ARCHITECTURE.md and with the
// carriers that a running server has registered. effect-builders.ts makes effects from it.

import type { JsonObject } from '../json.ts'
import type { Carrier } from './carrier.ts'
import { DATABASE_ATTEMPTS } from './effect.ts'
import { MAIL_LANE, webhookLane } from './lane.ts'
import { RETRY_PLANS, type RetryKind } from './retry-plan.ts'

export const MAIL_SEND = 'mail.send'
export const WEBHOOK_CALL = 'webhook.call'
export const WEBHOOK_WITHDRAW = 'webhook.withdraw'
export const AUTOMATIONS_DELAY = 'automations.delay'
export const CALENDAR_DELIVER = 'calendar.deliver'
export const CALENDAR_DELIVER_CANCEL = 'calendar.deliver-cancel'
export const NOTIFICATIONS_OFFER = 'notifications.offer'
export const NOTIFICATIONS_TIMEOUT = 'notifications.timeout'
export const NATIVE_DELAY = 'native.delay'
export const NATIVE_OFFER = 'native.offer'
export const NATIVE_MEETING = 'native.meeting'

/** An action of an automation carries what the next action needs; see automations/activations/next-step.ts. */
type WithFlow = { readonly flow?: JsonObject }

/** One mail has one recipient. delivery/mail/mail-order.ts checks it before the mail is sent. */
export type MailSendData = WithFlow & {
  readonly to: string | { readonly name: string; readonly address: string }
  readonly subject: string
  readonly text: string
  readonly html?: string
  /** On whose behalf the mail is sent (an organizer). Left out: the server itself. */
  readonly from?: { readonly name: string; readonly address: string }
  readonly ical?: { readonly method: 'REQUEST' | 'CANCEL' | 'REPLY'; readonly content: string }
}
export type WebhookCallData = WithFlow & {
  readonly url: string
  /** Names the secret that signs the call. Left out or null: the URL's origin names it. */
  readonly secretRef?: string | null
  readonly type: string
  readonly payload: JsonObject
}
export type WebhookWithdrawData = {
  readonly url: string
  readonly secretRef: string
  /** The call that was cancelled. */
  readonly effectId: string
  readonly type: JsonObject[string]
}
export type DelayData = WithFlow
export type CalendarDeliverData = {
  readonly meetingId: string
  readonly itemId: string
  readonly organizerMailboxId: string
  readonly userId: string
}
export type CalendarDeliverCancelData = {
  readonly meetingId: string
  readonly mailboxId: string
  /** A MessageData of the calendar. */
  readonly message: JsonObject
}
export type OfferTimeoutData = {
  readonly offerId: string
  readonly agentId: string
  readonly agentName: string
}
export type OfferData = OfferTimeoutData & { readonly channel: string; readonly tokens: readonly string[] }
export type NativeOfferData = {
  readonly agentId: string
  readonly channel: string
  readonly template: string
  readonly parameters: JsonObject
}
export type NativeMeetingData = {
  readonly organizerId: string
  /** The MeetingRequest of the native API, as the caller wrote it. */
  readonly request: JsonObject
}

/** What an effect of each kind carries. */
export type EffectData = {
  readonly [MAIL_SEND]: MailSendData
  readonly [WEBHOOK_CALL]: WebhookCallData
  readonly [WEBHOOK_WITHDRAW]: WebhookWithdrawData
  readonly [AUTOMATIONS_DELAY]: DelayData
  readonly [CALENDAR_DELIVER]: CalendarDeliverData
  readonly [CALENDAR_DELIVER_CANCEL]: CalendarDeliverCancelData
  readonly [NOTIFICATIONS_OFFER]: OfferData
  readonly [NOTIFICATIONS_TIMEOUT]: OfferTimeoutData
  readonly [NATIVE_DELAY]: { readonly [none: string]: never }
  readonly [NATIVE_OFFER]: NativeOfferData
  readonly [NATIVE_MEETING]: NativeMeetingData
}

/** A kind that this server has. The engine itself takes any text as a kind. */
export type KnownKind = keyof EffectData

export type EffectKindDescription<Data> = {
  /** The folder of its carrier, as ARCHITECTURE.md names it. */
  readonly carrier: string
  /** Whether anybody outside notices it. A receipt lists the others apart and never counts them. */
  readonly touchesWorld: boolean
  /**
   * Its retry plan, or a fixed number of attempts. DATABASE_ATTEMPTS is for kinds that fail only together with their process or
   * the database.
   */
  readonly attempts: RetryKind | number
  /** The fields of its data that a caller of the native API may set. A field that such a caller leaves out stays absent. */
  readonly callerFields?: readonly (keyof Data & string)[]
  /** Its concurrency lane. Left out: all effects of the kind share one lane per tenant. */
  readonly lane?: (data: Data) => string
  /** The title that it has unless the caller gave one. */
  readonly title: (...words: readonly string[]) => string
  /** Its title for people who may not see the receiver. Left out: "An action". */
  readonly titleWithoutReceiver?: string
  /** The kind of notice that tells the receiver when a cancel finds the effect running. */
  readonly withdrawnBy?: KnownKind
  /** The columns of ARCHITECTURE.md's table "Kinds of effect". */
  readonly started: string
  readonly abort: string
  readonly ends: string
}

export const EFFECT_KINDS: { readonly [Kind in KnownKind]: EffectKindDescription<EffectData[Kind]> } = {
  [MAIL_SEND]: {
    carrier: 'delivery/mail',
    touchesWorld: true,
    attempts: 'mail',
    callerFields: ['to', 'subject', 'text', 'html'],
    lane: () => MAIL_LANE,
    title: (to = '') => `Mail to ${to || 'nobody'}`,
    titleWithoutReceiver: 'Mail',
    started: 'the SMTP conversation (or the write into kept mail) may begin',
    abort:
      "before the final dot can leave: the conversation is dropped. After it: the server's answer is waited for",
    ends: "done (the server's reply), dead (5xx, attempts used up), stopped (no dot left), too_late (250 came), in_doubt (dot left, no answer)",
  },
  [WEBHOOK_CALL]: {
    carrier: 'delivery/webhook',
    touchesWorld: true,
    attempts: 'webhook',
    callerFields: ['url', 'type', 'payload'],
    lane: ({ url }) => webhookLane(url),
    title: (host, type) => (type === undefined ? `Webhook to ${host}` : `Webhook ${type} to ${host}`),
    titleWithoutReceiver: 'Webhook',
    withdrawnBy: WEBHOOK_WITHDRAW,
    started: 'the connection may be made',
    abort: 'the socket is destroyed; the withdrawal notice tells the receiver',
    ends: 'done (2xx), dead (410, attempts used up), stopped (no octet left, or the receiver says so), too_late (the receiver says so, or 2xx came first), in_doubt',
  },
  [WEBHOOK_WITHDRAW]: {
    carrier: 'delivery/webhook',
    touchesWorld: true,
    attempts: 'webhook',
    lane: ({ url }) => webhookLane(url),
    title: title => `Withdraw: ${title}`,
    started: "a notice: `effect.cancelled` with the call's own `webhook-id` may be posted",
    abort: 'notices are not cancelled',
    ends: 'done (its answer is evidence about the call), dead',
  },
  [AUTOMATIONS_DELAY]: {
    carrier: 'automations',
    touchesWorld: false,
    attempts: DATABASE_ATTEMPTS,
    title: time => `Wait ${time}`,
    titleWithoutReceiver: 'Wait',
    started: 'the wait is over',
    abort: 'nothing to stop',
    ends: 'done: the next steps are announced',
  },
  [CALENDAR_DELIVER]: {
    carrier: 'calendar',
    touchesWorld: true,
    attempts: DATABASE_ATTEMPTS,
    title: mailbox => `Invitation in the mailbox of ${mailbox}`,
    started: "the copy may be put into the attendee's mailbox",
    abort: 'nothing to stop: one transaction',
    ends: 'done, skipped (the mailbox is gone)',
  },
  [CALENDAR_DELIVER_CANCEL]: {
    carrier: 'calendar',
    touchesWorld: true,
    attempts: DATABASE_ATTEMPTS,
    title: mailbox => `Cancellation in the mailbox of ${mailbox}`,
    started: 'a notice: the copy is marked `isCancelled`',
    abort: 'notices are not cancelled',
    ends: 'done, skipped',
  },
  [NOTIFICATIONS_OFFER]: {
    carrier: 'notifications',
    touchesWorld: true,
    attempts: DATABASE_ATTEMPTS,
    lane: ({ agentId }) => agentId,
    title: (agent, card) => `Offer to ${agent}: ${card}`,
    started: "the agent's screen or queue may have it; it then waits for an answer",
    abort: "the cancel's own transaction takes the offer back",
    ends: 'done (answered), stopped (withdrawn unanswered)',
  },
  [NOTIFICATIONS_TIMEOUT]: {
    carrier: 'notifications',
    touchesWorld: false,
    attempts: DATABASE_ATTEMPTS,
    title: agent => `Time limit of the offer to ${agent}`,
    started: 'the time is up',
    abort: 'nothing to stop',
    ends: 'done, skipped (it was answered)',
  },
  [NATIVE_DELAY]: {
    carrier: 'native API',
    touchesWorld: false,
    attempts: DATABASE_ATTEMPTS,
    title: () => 'Wait',
    started: 'the wait is over',
    abort: 'nothing to stop',
    ends: 'done',
  },
  [NATIVE_OFFER]: {
    carrier: 'native API',
    touchesWorld: true,
    attempts: DATABASE_ATTEMPTS,
    title: (agent, card) => `Raise offer to ${agent}: ${card}`,
    started: "the offer may be raised, as an event below the effect's own",
    abort: 'nothing to stop: one transaction, which a cancel that came first refuses',
    ends: 'done (`eventId` in its evidence), stopped, dead (the agent or the template is gone)',
  },
  [NATIVE_MEETING]: {
    carrier: 'native API',
    touchesWorld: true,
    attempts: DATABASE_ATTEMPTS,
    title: (organizer, subject) => `Book meeting of ${organizer}: ${subject}`,
    started: "the meeting may be booked, as an event below the effect's own",
    abort: 'nothing to stop: one transaction, which a cancel that came first refuses',
    ends: 'done, stopped, dead (the organizer is gone)',
  },
}

/** The description of any kind that an effect may have; undefined for a kind that no room of this server has. */
function descriptionOf(kind: string): EffectKindDescription<never> | undefined {
  return Object.hasOwn(EFFECT_KINDS, kind) ? EFFECT_KINDS[kind as KnownKind] : undefined
}

/** The properties that a carrier of this kind takes from the table. */
export function describeCarrier(
  kind: KnownKind,
): Pick<Carrier, 'kind' | 'touchesWorld' | 'maxAttempts' | 'retryPlan'> {
  const { touchesWorld, attempts } = EFFECT_KINDS[kind]
  if (typeof attempts === 'number') return { kind, touchesWorld, maxAttempts: attempts }
  const retryPlan = RETRY_PLANS[attempts]
  return { kind, touchesWorld, maxAttempts: retryPlan.attempts, retryPlan }
}

/** The fields of an effect's data that a caller of the native API may set. */
export function callerFields(kind: string): readonly string[] {
  return descriptionOf(kind)?.callerFields ?? []
}

/** A title that does not name the receiver. */
export function titleWithoutReceiver(kind: string): string {
  return descriptionOf(kind)?.titleWithoutReceiver ?? 'An action'
}

/** The kinds of effect that have this retry plan. */
export function kindsWithPlan(plan: RetryKind): readonly KnownKind[] {
  return (Object.keys(EFFECT_KINDS) as KnownKind[]).filter(kind => EFFECT_KINDS[kind].attempts === plan)
}
