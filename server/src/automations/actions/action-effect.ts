// From a step to the effect that does it. An effect with steps behind it carries its flow: all that the settled hook
// needs to bring the next one into the world, without reading anything but the immutable program.

import type { NewEffect } from '../../core/effects/effect.ts'
import { MAIL_LANE, webhookLane } from '../../core/effects/lane.ts'
import type { Retries, RetryKind } from '../../core/effects/retry-plan.ts'
import type { JsonObject } from '../../core/json.ts'
import { durationMs, durationText, moveBy } from '../language/duration.ts'
import type { ActionStep, DelayStep, MailStep, WebhookStep } from '../language/program.ts'
import { fill, fillLine } from '../language/template.ts'

export const DELAY_KIND = 'automations.delay'
export const MAIL_KIND = 'mail.send'
export const WEBHOOK_KIND = 'webhook.call'

/** What the steps of one activation share. */
export type Run = {
  readonly activationId: string
  readonly automationId: string
  readonly revision: number
  readonly triggerKey: string
  readonly externalEntityId: string | null
  readonly payload: JsonObject
}

/** When a step is born: null at the report itself, which only `afterMs` can count from without asking for the time. */
export type BornAt = Date | null

export type StepBirth = {
  readonly run: Run
  readonly at: BornAt
  /** In `data` when steps are behind it. */
  readonly flow: JsonObject | null
  readonly next: readonly string[]
  /** What the automation says of retries. */
  readonly retries?: Retries | undefined
}

/** The effect of an action step. */
export function actionEffect(step: ActionStep, birth: StepBirth): NewEffect {
  switch (step.do) {
    case 'mail':
      return mailEffect(step, birth)
    case 'webhook':
      return webhookEffect(step, birth)
    case 'delay':
      return delayEffect(step, birth)
    default:
      return step satisfies never
  }
}

/** What people read: at most 200 characters, on one line. */
export function stepTitle(step: ActionStep, payload: JsonObject): string {
  switch (step.do) {
    case 'mail':
      return short(`Mail to ${fillLine(step.to, payload) || 'nobody'}`)
    case 'webhook':
      return short(`Webhook ${step.type} to ${new URL(step.url).host}`)
    case 'delay':
      return `Wait ${durationText(step.wait)}`
    default:
      return step satisfies never
  }
}

/**
 * The carrier takes one plain address: whatever a payload brings in, it chooses one recipient at most. A text that is no
 * address ends dead there, seen by the operator, and the run goes on, as Wix's does past a failing action.
 */
function mailEffect(step: MailStep, { run, at, flow, next, retries }: StepBirth): NewEffect {
  const to = fillLine(step.to, run.payload)
  const subject = fillLine(step.subject, run.payload)
  const text = fill(step.text, run.payload)
  const data = { to, subject, text, ...withFlow(flow) }
  return {
    kind: MAIL_KIND,
    title: stepTitle(step, run.payload),
    due: immediately(at),
    lane: MAIL_LANE,
    data,
    next,
    ...retriesOf(retries, 'mail'),
  }
}

function webhookEffect(step: WebhookStep, { run, at, flow, next, retries }: StepBirth): NewEffect {
  const { activationId, automationId, triggerKey, externalEntityId, payload } = run
  const body = { activationId, automationId, triggerKey, externalEntityId, payload }
  return {
    kind: WEBHOOK_KIND,
    title: stepTitle(step, run.payload),
    due: immediately(at),
    lane: webhookLane(step.url),
    data: {
      url: step.url,
      secretRef: step.secretRef,
      type: step.type,
      payload: body,
      ...withFlow(flow),
    },
    next,
    ...retriesOf(retries, 'webhook'),
  }
}

function delayEffect(step: DelayStep, { run, at, flow, next }: StepBirth): NewEffect {
  const ms = durationMs(step.wait)
  if (at === null && ms === null) throw new Error('a delay of months needs to know the time')
  const due = at === null ? { afterMs: ms! } : { at: moveBy(at, step.wait, 1) }
  return { kind: DELAY_KIND, title: stepTitle(step, run.payload), due, data: { ...withFlow(flow) }, next }
}

function immediately(at: BornAt): NewEffect['due'] {
  return at === null ? { afterMs: 0 } : { at }
}

function retriesOf(retries: Retries | undefined, kind: RetryKind): Pick<NewEffect, 'retry'> {
  const retry = retries?.[kind]
  return retry ? { retry } : {}
}

function withFlow(flow: JsonObject | null): JsonObject {
  return flow ? { flow } : {}
}

/** At most 200 characters, cut between code points: a lone surrogate could not be stored. */
export function short(text: string): string {
  if (text.length <= 200) return text
  const cut = text.slice(0, 199)
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`
}
