// What a new revision of an automation changes, step by step, for the person who is about to apply it. Pure.

import { isDeepStrictEqual } from 'node:util'
import { stepLabel } from '../actions/action-kinds.ts'
import type { Program, Step } from './program.ts'

/** `+ mail "Reminder"`, `- delay 3 days`, `~ webhook order.due (url)`; `~ the order of its steps` when nothing else changed. */
export function programChanges(before: Program, after: Program): readonly string[] {
  // Steps are stored from the last to the first.
  const [old, now] = [before, after].map(({ steps }) => steps.toReversed()) as [Step[], Step[]]
  const pairs = samePairs(old, now)
  const changes: string[] = []
  let [i, j] = [0, 0]
  for (const [a, b] of [...pairs, [old.length, now.length] as const]) {
    for (const step of old.slice(i, a)) changes.push(`- ${stepLabel(step)}`)
    for (const step of now.slice(j, b)) changes.push(`+ ${stepLabel(step)}`)
    const [from, to] = [old[a], now[b]]
    if (from !== undefined && to !== undefined) {
      const fields = changedFields(from, to)
      if (fields.length > 0) changes.push(`~ ${stepLabel(to)} (${fields.join(', ')})`)
    }
    ;[i, j] = [a + 1, b + 1]
  }
  if (!isDeepStrictEqual(before.before, after.before)) changes.push('~ how long before it starts')
  return changes.length > 0 ? changes : ['~ the order of its steps']
}

/** The longest list of steps that have the same labels on both sides, in order. */
function samePairs(old: readonly Step[], now: readonly Step[]): readonly (readonly [number, number])[] {
  const names = [old.map(stepLabel), now.map(stepLabel)] as const
  const longest = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0))
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const row = longest[i] as number[]
      row[j] = names[0][i] === names[1][j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const pairs: [number, number][] = []
  for (let [i, j] = [0, 0]; i < old.length && j < now.length; ) {
    if (names[0][i] === names[1][j]) pairs.push([i++, j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return pairs
}

/** Fields that name the next step by its index. People see the order of the steps instead. */
const NEXT_STEP_FIELDS = new Set(['next', 'whenTrue', 'whenFalse'])

function changedFields(from: Step, to: Step): readonly string[] {
  const [a, b] = [from, to] as unknown as [{ [name: string]: unknown }, { [name: string]: unknown }]
  return Object.keys(b).filter(name => !NEXT_STEP_FIELDS.has(name) && !isDeepStrictEqual(a[name], b[name]))
}
