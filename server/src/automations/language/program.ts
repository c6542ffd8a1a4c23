// This folder is the language in which automations are written. It is pure: it must not read a clock or the
// database. This file says what an automation does, as stored: a small graph of steps that only ever leads
// forward. Each step names its successor by index. A program is immutable per revision; an activation in a
// delay goes on with the revision it began with.

import type { Retries } from '../../core/effects/retry-plan.ts'
import type { Json } from '../../core/json.ts'
import type { Duration } from './duration.ts'

/** Index of a step in `Program.steps`; null: the run is over. */
export type StepIndex = number | null

export type MailStep = {
  readonly do: 'mail'
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly next: StepIndex
}
export type WebhookStep = {
  readonly do: 'webhook'
  readonly url: string
  readonly type: string
  /** Names the tenant's secret that signs it; null: the secret of the receiver's origin. */
  readonly secretRef: string | null
  readonly next: StepIndex
}
export type DelayStep = { readonly do: 'delay'; readonly wait: Duration; readonly next: StepIndex }
export type ConditionStep = {
  readonly do: 'if'
  readonly field: string
  readonly test: { readonly equals: Json } | { readonly isEmpty: boolean }
  readonly whenTrue: StepIndex
  readonly whenFalse: StepIndex
}
/** A step that becomes an effect. A condition is decided when the next of these is announced. */
export type ActionStep = MailStep | WebhookStep | DelayStep
export type Step = ActionStep | ConditionStep

export type Program = {
  readonly first: StepIndex
  readonly steps: readonly Step[]
  /** Scheduled triggers only: how long before the payload's time it starts; null: at that time. */
  readonly before: Duration | null
  /** Retry settings for its mails and webhooks. Left out: those of the app hold. */
  readonly retries?: Retries
}

/** Which program: an automation at one revision. */
export type ProgramRef = { readonly tenant: string; readonly automationId: string; readonly revision: number }
