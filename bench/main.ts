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
  --write  put the table into docs/bench.md, above what is explained there
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
const page = `# Bench

\`npm run bench -- --write\` wrote this. ${runs} runs after a warm-up, medians (least–most); ratios within one run of the program.
Machine: ${machine}.

${markdown(rows)}
`
console.log(page)
if (values.write) {
  const file = new URL('../docs/bench.md', import.meta.url)
  // What explains the figures is written by hand, below the table.
  const [, ...explained] = readFileSync(file, 'utf8').split(/^(?=## )/m)
  writeFileSync(file, [page, ...explained].join('\n'))
}
process.exit(0)
