// What was measured last, and what was before: bench/results.json. docs/bench.md is written from it.

import { readFileSync, writeFileSync } from 'node:fs'
import { MEASURES } from './measures.ts'
import { markdown, type Row } from './table.ts'

export type Results = {
  /** The figures of an earlier commit, by row id: they stay. */
  readonly before: { readonly commit: string; readonly figures: { readonly [id: string]: string } }
  /** By the name of the measure. */
  readonly measured: { readonly [name: string]: Measured }
}

export type Measured = {
  /** What it was measured on: processors, system, Node. */
  readonly machine: string
  readonly runs: number
  readonly rows: readonly Row[]
}

const FILE = new URL('results.json', import.meta.url)
const PAGE = new URL('../docs/bench.md', import.meta.url)

/** What was measured now takes the place of what was under the same name; the rest stays. */
export function keep(fresh: Results['measured']): void {
  const old = JSON.parse(readFileSync(FILE, 'utf8')) as Results
  const results = { ...old, measured: { ...old.measured, ...fresh } }
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(PAGE, page(results, readFileSync(PAGE, 'utf8')))
}

/** `old`: the page as it is. What is written by hand there, from its first `## ` on, stays. */
export function page({ before, measured }: Results, old: string): string {
  const [, explained = ''] = /^(## .*)$/ms.exec(old) ?? []
  const all = MEASURES.flatMap(({ name }) => measured[name] ?? [])
  const conditions = [...new Set(all.map(({ machine, runs }) => `${runs} runs on ${machine}`))]
  const rows = all.flatMap(measure => measure.rows)
  const top = `# Bench

\`npm run bench -- --write\` wrote this table. Medians (least–most) of the runs after a warm-up round; ours and the peer take turns, and a
ratio is the median of the rounds' own ratios. CPU: what the database's processes and Node used for each operation, clients in the same
process included. *before*: the figure of commit ${before.commit}.

${conditions.map(line => `- ${line}`).join('\n')}

${markdown(rows, before.figures)}
`
  return explained === '' ? top : `${top}\n${explained}`
}
