// The action `delay`: the actions after it wait for this time.

import { automationsDelay } from '../../core/effects/effect-builders.ts'
import { AUTOMATIONS_DELAY, EFFECT_KINDS } from '../../core/effects/effect-kinds.ts'
import { durationMs, durationText, moveBy, readDuration } from '../language/duration.ts'
import type { DelayStep } from '../language/program.ts'
import { type ActionKind, addMistake, flowData } from './action-kind.ts'

export const delayAction: ActionKind<DelayStep> = {
  read(body, position) {
    const wait = readDuration(body)
    if (wait) return { do: 'delay', wait, next: position.after }
    return addMistake(
      position,
      'is no time to wait',
      '"30 minutes", "3 days", "1 month", within Wix\'s bounds',
    )
  },
  label: ({ wait }) => `delay ${wait.amount} ${wait.unit}`,
  schema: { type: 'string', description: '30 minutes, 3 days, 1 month …' },
  effect: {
    kind: AUTOMATIONS_DELAY,
    title: titleOf,
    make(step, { at, flow, next }) {
      const ms = durationMs(step.wait)
      if (at === null && ms === null) throw new Error('a delay of months needs to know the time')
      const due = at === null ? { afterMs: ms! } : { at: moveBy(at, step.wait, 1) }
      return automationsDelay(flowData(flow), { title: titleOf(step), due, next })
    },
  },
}

function titleOf({ wait }: DelayStep): string {
  return EFFECT_KINDS[AUTOMATIONS_DELAY].title(durationText(wait))
}
