// Which step comes next. The payload does not change after the report, so at every step all later steps are known. A receipt
// shows them as `next` when a cancel prevents the step before them.
//
//   report ──> first action ──ended (done, skipped, dead)──> settled hook ──> next action ──> … ──> end of the run
//                   |                                             |
//                cancel: prevented, `next` names the rest      event cancelled: the hook is not called, nothing is announced

import type { NewEffect } from '../../core/effects/effect.ts'
import { automationsDelay } from '../../core/effects/effect-builders.ts'
import { AUTOMATIONS_DELAY, EFFECT_KINDS } from '../../core/effects/effect-kinds.ts'
import type { JsonObject } from '../../core/json.ts'
import type { NextSteps, Settled } from '../../engine/domain.ts'
import { type AnnouncedAt, flowData, type Run } from '../actions/action-kind.ts'
import { actionEffect, stepTitle } from '../actions/action-kinds.ts'
import { holds } from '../language/condition.ts'
import type { ActionStep, Program, StepIndex } from '../language/program.ts'

type Reached = { readonly index: number; readonly step: ActionStep }

/** The actions from `from` on, in order. The payload decides the conditions. */
export function stepsAhead(program: Program, from: StepIndex, payload: JsonObject): readonly Reached[] {
  const ahead: Reached[] = []
  let index = from
  while (index !== null) {
    const step = program.steps[index]
    if (step === undefined) throw new Error(`the program has no step ${index}`)
    if (step.do === 'if') {
      index = holds(step, payload) ? step.whenTrue : step.whenFalse
    } else {
      ahead.push({ index, step })
      index = step.next
    }
  }
  return ahead
}

/** The run of an effect, and when the effect is announced. */
export type RunAt = { readonly run: Run; readonly at: AnnouncedAt }

/** The effect of the first action at or after `from`; null when the run is over. */
export function firstEffect(program: Program, from: StepIndex, { run, at }: RunAt): NewEffect | null {
  const [first, ...behind] = stepsAhead(program, from, run.payload)
  if (!first) return null
  return actionEffect(first.step, {
    run,
    at,
    flow: behind.length > 0 ? flowOf(run, first.step.next) : null,
    next: behind.map(({ step }) => stepTitle(step, run.payload)),
    retries: program.retries,
  })
}

/** The wait until a scheduled event starts: an effect like a delay, after which the whole program runs. */
export function startLater(program: Program, startsAt: Date, run: Run): NewEffect {
  const ahead = stepsAhead(program, program.first, run.payload)
  return automationsDelay(flowData(ahead.length > 0 ? flowOf(run, program.first) : null), {
    title: EFFECT_KINDS[AUTOMATIONS_DELAY].title(`until ${startsAt.toISOString()}`),
    due: { at: startsAt },
    next: ahead.map(({ step }) => stepTitle(step, run.payload)),
  })
}

/** What an effect has in its data when further steps follow it. */
export type Flow = {
  readonly automationId: string
  readonly revision: number
  readonly triggerKey: string
  readonly externalEntityId: string | null
  readonly payload: JsonObject
  readonly goOnAt: number
}

function flowOf(run: Run, goOnAt: StepIndex): JsonObject {
  const { automationId, revision, triggerKey, externalEntityId, payload } = run
  return { automationId, revision, triggerKey, externalEntityId, payload, goOnAt }
}

/** The flow of an ended effect; null when no step follows it. Only this room writes one. */
export function flowIn(data: JsonObject): Flow | null {
  return (data.flow as unknown as Flow | undefined) ?? null
}

/** The effects that follow an ended step. A dead step does not end the run, because a run at Wix continues after a failing action. */
export function nextSteps(ended: Settled & { readonly flow: Flow }, program: Program): NextSteps | null {
  const { goOnAt, ...rest } = ended.flow
  const run: Run = { ...rest, activationId: ended.effect.eventId ?? '' }
  const effect = firstEffect(program, goOnAt, { run, at: ended.at })
  return effect ? { effects: [effect] } : null
}
