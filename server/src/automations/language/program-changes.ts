// What a new revision of an automation changes, step by step, for whoever is about to apply it. Pure.

import { isDeepStrictEqual } from 'node:util'
import type { Program, Step } from './program.ts'

/** Of one revision: a program has at most 45 steps. */
const LONGEST_NAME = 80

/** `+ mail "Reminder"`, `- delay 3 days`, `~ webhook order.due (url)`; empty when nothing but the order of steps is another. */
export function programChanges(before: Program, after: Program): readonly string[] {
  // Steps are stored from the last to the first.
  const [old, now] = [before, after].map(({ steps }) => steps.toReversed()) as [Step[], Step[]]
  const pairs = samePairs(old, now)
  const changes: string[] = []
  let [i, j] = [0, 0]
  for (const [a, b] of [...pairs, [old.length, now.length] as const]) {
    for (const step of old.slice(i, a)) changes.push(`- ${nameOf(step)}`)
    for (const step of now.slice(j, b)) changes.push(`+ ${nameOf(step)}`)
    const [from, to] = [old[a], now[b]]
    if (from !== undefined && to !== undefined) {
      const fields = changedFields(from, to)
      if (fields.length > 0) changes.push(`~ ${nameOf(to)} (${fields.join(', ')})`)
    }
    ;[i, j] = [a + 1, b + 1]
  }
  if (!isDeepStrictEqual(before.before, after.before)) changes.push('~ how long before it starts')
  return changes.length > 0 ? changes : ['~ the order of its steps']
}

/** The longest list of steps that bear the same names on both sides, in order. */
function samePairs(old: readonly Step[], now: readonly Step[]): readonly (readonly [number, number])[] {
  const names = [old.map(nameOf), now.map(nameOf)] as const
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

function nameOf(step: Step): string {
  switch (step.do) {
    case 'mail':
      return `mail ${JSON.stringify(shortened(step.subject))}`
    case 'webhook':
      return `webhook ${step.type}`
    case 'delay':
      return `delay ${step.wait.amount} ${step.wait.unit}`
    case 'if':
      return `if ${step.field}`
    default:
      return step satisfies never
  }
}

function shortened(text: string): string {
  const points = [...text]
  return points.length <= LONGEST_NAME ? text : `${points.slice(0, LONGEST_NAME - 1).join('')}…`
}

/** Where a step goes next says nothing to people: what stands between tells it. */
const PLACES = new Set(['next', 'whenTrue', 'whenFalse'])

function changedFields(from: Step, to: Step): readonly string[] {
  const [a, b] = [from, to] as unknown as [{ [name: string]: unknown }, { [name: string]: unknown }]
  return Object.keys(b).filter(name => !PLACES.has(name) && !isDeepStrictEqual(a[name], b[name]))
}
