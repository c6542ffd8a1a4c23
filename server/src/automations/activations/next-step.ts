// Which step comes next. The payload is fixed at the report, so the whole way ahead is known at every step: it is what a
// receipt shows as `next` when a cancel prevents the step in front.
//
//   report ──> first action ──ended (done, skipped, dead)──> settled hook ──> next action ──> … ──> end of the run
//                   |                                             |
//                cancel: prevented, `next` names the rest      event cancelled: the engine never asks, nothing is born

import type { NewEffect } from '../../core/effects/effect.ts'
import type { JsonObject } from '../../core/json.ts'
import type { NextSteps, Settled } from '../../engine/domain.ts'
import { actionEffect, type BornAt, DELAY_KIND, type Run, stepTitle } from '../actions/action-effect.ts'
import { holds } from '../language/condition.ts'
import type { ActionStep, Program, StepIndex } from '../language/program.ts'

type Reached = { readonly index: number; readonly step: ActionStep }

/** The actions from `from` on, in order, conditions decided by the payload. */
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

export type Birth = { readonly run: Run; readonly at: BornAt }

/** The effect of the first action at or behind `from`; null when the run is over. */
export function firstEffect(program: Program, from: StepIndex, birth: Birth): NewEffect | null {
  const [first, ...behind] = stepsAhead(program, from, birth.run.payload)
  if (!first) return null
  return actionEffect(first.step, {
    ...birth,
    flow: behind.length > 0 ? flowOf(birth.run, first.step.next) : null,
    next: behind.map(({ step }) => stepTitle(step, birth.run.payload)),
    retries: program.retries,
  })
}

/** The wait until a scheduled event starts: an effect like a delay, with the whole program behind it. */
export function startLater(program: Program, startsAt: Date, birth: Birth): NewEffect {
  const ahead = stepsAhead(program, program.first, birth.run.payload)
  return {
    kind: DELAY_KIND,
    title: `Wait until ${startsAt.toISOString()}`,
    due: { at: startsAt },
    data: ahead.length > 0 ? { flow: flowOf(birth.run, program.first) } : {},
    next: ahead.map(({ step }) => stepTitle(step, birth.run.payload)),
  }
}

/** What an effect with steps behind it carries in its data. */
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

/** The flow of an ended effect; null when nothing is behind it. Only this room writes one. */
export function flowIn(data: JsonObject): Flow | null {
  return (data.flow as unknown as Flow | undefined) ?? null
}

/** What an ended step brings into the world. A dead step does not end the run: Wix's goes on past a failing action. */
export function nextSteps(ended: Settled & { readonly flow: Flow }, program: Program): NextSteps | null {
  const { goOnAt, ...rest } = ended.flow
  const run: Run = { ...rest, activationId: ended.effect.eventId ?? '' }
  const effect = firstEffect(program, goOnAt, { run, at: ended.at })
  return effect ? { effects: [effect] } : null
}
