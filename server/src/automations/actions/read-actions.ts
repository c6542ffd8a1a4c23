// Reads the `actions` of an automation in the workspace file and compiles them to a program. An action is an object with
// one key, the name of its kind (action-kinds.ts). Actions run one after another; after an `if`, the run continues
// with the action that follows the `if`.

import { suggestion } from '../../core/setting-reader.ts'
import type { Program, Step, StepIndex } from '../language/program.ts'
import { type ActionContext, addMistake } from './action-kind.ts'
import { ACTION_KINDS, ACTION_NAMES, isActionName } from './action-kinds.ts'

/** The maximum of actions of one automation, including those in branches (Wix's builder has the same cap). */
export const MAX_ACTIONS = 45
const MAX_NESTING = 10

type ListPosition = ActionContext & {
  /** The step that runs after the whole list. */
  readonly after: StepIndex
  readonly depth: number
}

/** Mistakes are added to the list of the position. If there is one, the program must not be used. */
export function readActions(actions: unknown, position: ActionContext): Omit<Program, 'before'> {
  const steps: Step[] = []
  const first = compile(actions, { ...position, after: null, depth: 0 }, steps)
  if (steps.length > MAX_ACTIONS) addMistake(position, `has more than ${MAX_ACTIONS} actions`)
  return { first, steps }
}

// From the last action to the first, so that the successor of each step already has an index. So a program has no cycle.
function compile(actions: unknown, position: ListPosition, steps: Step[]): StepIndex {
  const { path, after, depth } = position
  if (actions === undefined) return addMistake(position, 'is missing', 'a list of actions')
  if (!Array.isArray(actions)) return addMistake(position, 'must be a list of actions')
  if (depth > MAX_NESTING) return addMistake(position, `is nested deeper than ${MAX_NESTING}`)
  if (actions.length > MAX_ACTIONS) return addMistake(position, `has more than ${MAX_ACTIONS} actions`)
  let next = after
  for (let i = actions.length - 1; i >= 0; i--) {
    const step = readAction(actions[i], { ...position, path: [...path, i], after: next }, steps)
    if (!step) continue
    steps.push(step)
    next = steps.length - 1
  }
  return next
}

function readAction(action: unknown, position: ListPosition, steps: Step[]): Step | null {
  const entries = typeof action === 'object' && action !== null ? Object.entries(action) : []
  if (entries.length !== 1 || Array.isArray(action))
    return addMistake(position, 'must be one action', `one of ${ACTION_NAMES.join(', ')}`)
  const [name, body] = entries[0]!
  if (!isActionName(name)) {
    const problem = suggestion(`has an unknown action "${name.slice(0, 100)}"`, name, ACTION_NAMES)
    return addMistake(position, problem, `one of ${ACTION_NAMES.join(', ')}`)
  }
  const path = [...position.path, name]
  const readBranch = (actions: unknown, branch: string): StepIndex =>
    compile(actions, { ...position, path: [...path, branch], depth: position.depth + 1 }, steps)
  return ACTION_KINDS[name].read(body, { ...position, path, readBranch })
}
