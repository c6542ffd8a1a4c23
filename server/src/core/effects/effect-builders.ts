// Makes effects of the kinds of effect-kinds.ts, so that every room that announces a mail, a webhook or a wait gives it the
// same data, and the same lane for the same receiver.

import type { JsonObject } from '../json.ts'
import type { NewEffect } from './effect.ts'
import {
  AUTOMATIONS_DELAY,
  CALENDAR_DELIVER,
  CALENDAR_DELIVER_CANCEL,
  type CalendarDeliverCancelData,
  type CalendarDeliverData,
  type DelayData,
  EFFECT_KINDS,
  type EffectData,
  type EffectKindDescription,
  type KnownKind,
  MAIL_SEND,
  type MailSendData,
  NATIVE_DELAY,
  NATIVE_MEETING,
  NATIVE_OFFER,
  type NativeMeetingData,
  type NativeOfferData,
  NOTIFICATIONS_OFFER,
  NOTIFICATIONS_TIMEOUT,
  type OfferData,
  type OfferTimeoutData,
  WEBHOOK_CALL,
  WEBHOOK_WITHDRAW,
  type WebhookCallData,
  type WebhookWithdrawData,
} from './effect-kinds.ts'

/** What an effect needs beside its data: its title, when it falls due, and so on. */
export type EffectFrame = Omit<NewEffect, 'kind' | 'data' | 'lane'>

function build<Kind extends KnownKind>(kind: Kind, data: EffectData[Kind], frame: EffectFrame): NewEffect {
  const { lane }: EffectKindDescription<EffectData[Kind]> = EFFECT_KINDS[kind]
  return { ...frame, kind, ...(lane ? { lane: lane(data) } : {}), data: data as unknown as JsonObject }
}

export function mailSend(data: MailSendData, frame: EffectFrame): NewEffect {
  return build(MAIL_SEND, data, frame)
}

export function webhookCall(data: WebhookCallData, frame: EffectFrame): NewEffect {
  return build(WEBHOOK_CALL, data, frame)
}

export function webhookWithdraw(data: WebhookWithdrawData, frame: EffectFrame): NewEffect {
  return build(WEBHOOK_WITHDRAW, data, frame)
}

export function automationsDelay(data: DelayData, frame: EffectFrame): NewEffect {
  return build(AUTOMATIONS_DELAY, data, frame)
}

export function calendarDeliver(data: CalendarDeliverData, frame: EffectFrame): NewEffect {
  return build(CALENDAR_DELIVER, data, frame)
}

export function calendarDeliverCancel(data: CalendarDeliverCancelData, frame: EffectFrame): NewEffect {
  return build(CALENDAR_DELIVER_CANCEL, data, frame)
}

export function notificationsOffer(data: OfferData, frame: EffectFrame): NewEffect {
  return build(NOTIFICATIONS_OFFER, data, frame)
}

export function notificationsTimeout(data: OfferTimeoutData, frame: EffectFrame): NewEffect {
  return build(NOTIFICATIONS_TIMEOUT, data, frame)
}

export function nativeDelay(frame: EffectFrame): NewEffect {
  return build(NATIVE_DELAY, {}, frame)
}

export function nativeOffer(data: NativeOfferData, frame: EffectFrame): NewEffect {
  return build(NATIVE_OFFER, data, frame)
}

export function nativeMeeting(data: NativeMeetingData, frame: EffectFrame): NewEffect {
  return build(NATIVE_MEETING, data, frame)
}
