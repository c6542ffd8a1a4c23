// npm run bench: one table, medians of five with the spread, beside references measured in the same run.

import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { cancelRows } from './cancel-row.ts'
import { httpRow } from './http-row.ts'
import { hugeCancelRow } from './huge-cancel-row.ts'
import { processRows } from './process-rows.ts'
import { redisInstalled } from './redis.ts'
import { reportRow } from './report-row.ts'
import { runRow } from './run-row.ts'
import { markdown, type Row } from './table.ts'
import { timersRow } from './timers-row.ts'

const HELP = `Usage: npm run bench [-- [--quick] [--write] [NAME …]]
  NAME     report, cancel, run, http, timers, huge, process (all when none is given)
  --quick  small numbers, one run: does it work at all
  --write  put the rows into the table of docs/bench.md, above what is explained there
BullMQ rows want a redis-server; without one they have no reference.`

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
  allowPositionals: true,
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const size = values.quick
  ? { runs: 1, calls: 2000, pending: 20_000, effects: 5000, seconds: 2 }
  : { runs: 5, calls: 20_000, pending: 1_000_000, effects: 50_000, seconds: 10 }
const bull = redisInstalled()
const { runs, calls, pending, effects, seconds } = size

const measures: Record<string, () => Promise<Row[]>> = {
  report: async () => [await reportRow({ runs, calls, bull })],
  cancel: () => cancelRows({ runs, calls: Math.min(calls, 10_000), pending, few: 10_000, bull }),
  run: async () => [await runRow({ runs, effects })],
  http: async () => [await httpRow({ runs, calls })],
  timers: async () => [await timersRow({ runs, seconds })],
  huge: async () => [await hugeCancelRow({ runs: Math.min(runs, 3), effects: pending })],
  process: () => processRows({ runs, pending, calls: 5000 }),
}

const rows: Row[] = []
for (const [name, measure] of Object.entries(measures)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.error(`measuring: ${name} …`)
  const found = await measure()
  rows.push(...found)
  console.error(markdown(found))
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.versions.node}, fsync on`
const table = markdown(rows)
console.log(`${table}\n\n${machine}`)
if (values.write) {
  const file = new URL('../docs/bench.md', import.meta.url)
  const [old = '', ...explained] = readFileSync(file, 'utf8').split(/^(?=## )/m)
  const page = `# Bench

\`npm run bench -- --write\` wrote this. ${runs} runs after a warm-up, medians (least–most); ratios within one run of the program.
Machine: ${machine}.

${positionals.length === 0 ? table : withRows(old, table)}
`
  // What explains the figures is written by hand, below the table.
  writeFileSync(file, [page, ...explained].join('\n'))
}
process.exit(0)

/** The table and the notes of `page`, each line that is about the same as one of `table` replaced by that; others stay. */
function withRows(page: string, table: string): string {
  const about = (line: string) => /^(?:\| |- \*)([^|*]+?)(?: \||\*:)/.exec(line)?.[1]
  const fresh = new Map(table.split('\n').map(line => [`${line[0]} ${about(line)}`, line]))
  const lines = page.split('\n').filter(line => about(line) !== undefined || line.startsWith('|---'))
  const merged = lines.map(line => fresh.get(`${line[0]} ${about(line)}`) ?? line)
  const added = [...fresh.values()].filter(line => about(line) !== undefined && !merged.includes(line))
  const all = [...merged, ...added]
  const notes = all.filter(line => line.startsWith('- '))
  return [...all.filter(line => line.startsWith('|')), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n')
}
