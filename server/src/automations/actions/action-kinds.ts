// Every kind of action that an automation may have, by its name in the workspace file. A new kind is a file
// beside mail.ts, a line here, and its part of docs/workspace.schema.json, which a test compares with this
// table. An action must not touch the world: it makes an effect, and a carrier carries that out.

import type { NewEffect } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ActionStep, Step } from '../language/program.ts'
import type { ActionEffect, ActionKind, StepContext } from './action-kind.ts'
import { delayAction } from './delay.ts'
import { ifAction } from './if.ts'
import { mailAction } from './mail.ts'
import { webhookAction } from './webhook.ts'

type StepOf<Name extends Step['do']> = Extract<Step, { readonly do: Name }>

export const ACTION_KINDS: { readonly [Name in Step['do']]: ActionKind<StepOf<Name>> } = {
  mail: mailAction,
  webhook: webhookAction,
  delay: delayAction,
  if: ifAction,
}

export const ACTION_NAMES = Object.keys(ACTION_KINDS) as readonly Step['do'][]

/** The kinds of effect that actions become. */
export const ACTION_EFFECTS: ReadonlySet<string> = new Set(
  Object.values(ACTION_KINDS).flatMap(({ effect }) => (effect ? [effect.kind] : [])),
)

export function isActionName(name: string): name is Step['do'] {
  return Object.hasOwn(ACTION_KINDS, name)
}

/** The effect of an action step. */
export function actionEffect(step: ActionStep, context: StepContext): NewEffect {
  return effectOf(step).make(step, context)
}

/** The title that people read: at most 200 characters, on one line. */
export function stepTitle(step: ActionStep, payload: JsonObject): string {
  return effectOf(step).title(step, payload)
}

/** Names the step in a list of the changes of a new revision. */
export function stepLabel(step: Step): string {
  return (ACTION_KINDS[step.do] as unknown as ActionKind<Step>).label(step)
}

function effectOf(step: ActionStep): ActionEffect<ActionStep> {
  return ACTION_KINDS[step.do].effect as unknown as ActionEffect<ActionStep>
}
