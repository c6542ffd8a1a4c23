// Rows of the bench table: five runs each, ours and the reference taking turns, medians with the spread.

import { quantile } from './load.ts'

export type Row = {
  readonly what: string
  readonly ours: Spread
  readonly reference: { readonly name: string; readonly spread: Spread } | null
  /** What the goal is about: a ratio to the reference, or our own figure. */
  readonly figure: { readonly text: string; readonly value: number }
  readonly goal: { readonly text: string; readonly met: boolean }
  /** Why it is missed, where it is; and what the figures are of. */
  readonly note?: string
}

export type Spread = {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly unit: string
}

export function spread(values: readonly number[], unit: string): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, unit }
}

export function atLeast(text: string, value: number, goal: number): Pick<Row, 'figure' | 'goal'> {
  return { figure: { text, value }, goal: { text: `≥ ${goal}`, met: value >= goal } }
}

export function atMost(text: string, value: number, goal: number): Pick<Row, 'figure' | 'goal'> {
  return { figure: { text, value }, goal: { text: `≤ ${goal}`, met: value <= goal } }
}

export function markdown(rows: readonly Row[]): string {
  const lines = ['| what | ours | reference | figure | goal | |', '|---|---|---|---|---|---|']
  for (const row of rows) {
    const reference = row.reference ? `${row.reference.name}: ${show(row.reference.spread)}` : '–'
    lines.push(
      `| ${row.what} | ${show(row.ours)} | ${reference} | ${row.figure.text} ${number(row.figure.value)} | ${row.goal.text} | ${row.goal.met ? 'met' : '**missed**'} |`,
    )
  }
  const notes = rows.filter(row => row.note).map(row => `- *${row.what}*: ${row.note}`)
  return notes.length > 0 ? `${lines.join('\n')}\n\n${notes.join('\n')}` : lines.join('\n')
}

function show(s: Spread): string {
  return `${number(s.median)} ${s.unit} (${number(s.min)}–${number(s.max)})`
}

export function number(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
