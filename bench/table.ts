// Rows of the bench table: medians with the spread, CPU time beside them, and what they are to reach.

import { ascending, quantile, type Rate } from './load.ts'
import type { Cpu } from './processes.ts'
import type { Turns } from './turns.ts'

export type Row = {
  /** Stays when `what` is worded anew: docs/bench.md finds the figure of before by it. */
  readonly id: string
  readonly what: string
  readonly ours: Measured
  readonly peer: (Measured & { readonly name: string }) | null
  readonly figures: readonly Figure[]
  /** What the figures are of, where that needs a sentence. */
  readonly note?: string
}

export type Measured = Spread & { readonly cpu?: Cpu }

export type Spread = {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly unit: string
}

/** What a goal is about: a ratio to the peer, or a figure of our own. */
export type Figure = {
  readonly text: string
  readonly value: number
  readonly goal?: { readonly text: string; readonly met: boolean }
}

export function spread(values: readonly number[], unit: string): Spread {
  const sorted = values.toSorted(ascending)
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, unit }
}

/** Calls a second. */
export function rates(loads: readonly Rate[]): Measured {
  const cpu = (of: keyof Cpu) => {
    const values = loads.flatMap(load => load.cpu[of] ?? [])
    return values.length === 0 ? null : spread(values, '').median
  }
  const values = loads.map(load => load.rate)
  return { ...spread(values, '/s'), cpu: { node: cpu('node'), database: cpu('database') } }
}

/** Ours to the peer's: the median of the rounds' own ratios, since both sides of a round met the same machine. */
export function ratio({ ours, peer }: Turns<Rate>): Spread {
  return spread(
    ours.map((load, i) => load.rate / peer[i]!.rate),
    '',
  )
}

export function atLeast(text: string, value: number, goal: number): Figure {
  return { text, value, goal: { text: `≥ ${goal}`, met: value >= goal } }
}

export function atMost(text: string, value: number, goal: number): Figure {
  return { text, value, goal: { text: `≤ ${goal}`, met: value <= goal } }
}

/** Of rates that took turns with a peer's, or did without where the peer is not installed. */
export function beside(
  measured: Turns<Rate>,
  peer: { readonly name: string; readonly missing: string; readonly goal?: number },
): Pick<Row, 'ours' | 'peer' | 'figures' | 'note'> {
  const ours = rates(measured.ours)
  if (measured.peer.length === 0)
    return { ours, peer: null, figures: [], note: `${peer.missing}: without its peer` }
  const of = ratio(measured)
  const text = `ratio (${number(of.min)}–${number(of.max)})`
  const figure = peer.goal === undefined ? { text, value: of.median } : atLeast(text, of.median, peer.goal)
  return { ours, peer: { name: peer.name, ...rates(measured.peer) }, figures: [figure] }
}

/** `before`: what the figure was, by row id; a column of its own where given. */
export function markdown(rows: readonly Row[], before?: { readonly [id: string]: string }): string {
  const heads = ['what', 'ours', 'CPU each, µs', 'peer', 'CPU each, µs', 'figure', 'goal']
  if (before) heads.push('before')
  const lines = [cells(heads), cells(heads.map(() => '---'))]
  for (const row of rows) {
    lines.push(
      cells([
        row.what,
        show(row.ours),
        showCpu(row.ours.cpu),
        row.peer ? `${row.peer.name}: ${show(row.peer)}` : '–',
        showCpu(row.peer?.cpu),
        row.figures.map(figure => `${number(figure.value)} ${figure.text}`.trim()).join('<br>') || '–',
        row.figures.map(showGoal).join('<br>') || '–',
        ...(before ? [before[row.id] ?? '–'] : []),
      ]),
    )
  }
  const notes = rows.flatMap(row => (row.note ? [`- *${row.what}*: ${row.note}.`] : []))
  return notes.length > 0 ? `${lines.join('\n')}\n\n${notes.join('\n')}` : lines.join('\n')
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`
}

function show(s: Spread): string {
  return `${number(s.median)} ${s.unit} (${number(s.min)}–${number(s.max)})`
}

function showCpu(cpu: Cpu | undefined): string {
  if (!cpu || cpu.node === null || cpu.database === null) return '–'
  return `${Math.round(cpu.database)} + ${Math.round(cpu.node)}`
}

function showGoal({ goal }: Figure): string {
  if (!goal) return '–'
  return `${goal.text} ${goal.met ? 'met' : '**missed**'}`
}

export function number(value: number): string {
  if (value >= 1000 || Number.isInteger(value)) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
