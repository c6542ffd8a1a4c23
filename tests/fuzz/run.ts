// npm run fuzz: as many malformed requests as one wants, or one again.

import { parseArgs } from 'node:util'
import { type Fault, fuzz, type Report } from './fuzz.ts'

const HELP = `Usage: npm run fuzz [-- OPTION …]
Malformed requests to a server of its own, made from the OpenAPI documents that it publishes.
  --seed SEED     default 1; the same seed makes the same requests
  --count N       how many; default 100000
  --from NUMBER   the first one's number; default 0
  --lanes N       how many are under way at once; default 6
  --only NUMBER   one request again, with its answer
  --help          this
Exit code: 0 when nothing was wrong, 1 when something was.`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100000' },
    from: { type: 'string', default: '0' },
    lanes: { type: 'string', default: '6' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort())
// The launcher is gone.
process.once('disconnect', () => interrupted.abort())

const seed = wholeNumber('seed', values.seed)
const begun = performance.now()
const report = await fuzz({
  seed,
  count: values.only === undefined ? wholeNumber('count', values.count) : 1,
  from: wholeNumber(values.only === undefined ? 'from' : 'only', values.only ?? values.from),
  lanes: wholeNumber('lanes', values.lanes),
  signal: interrupted.signal,
  tells: values.only !== undefined,
  progress: done => {
    if (done % 5000 === 0) console.log(`${done} requests, ${seconds()} s`)
  },
})
tell(report)
process.exit(report.faults.length === 0 ? 0 : 1)

function tell({ done, faults, statuses, taken, operations, slowestMs, refreshed }: Report): void {
  for (const fault of faults) console.log(described(fault))
  const all = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  console.log(`seed ${seed}: ${done} requests in ${seconds()} s, ${faults.length} faults`)
  console.log(`answers by status: ${all.join(', ')}`)
  console.log(
    `the slowest took ${Math.round(slowestMs)} ms; tokens and things were made anew ${refreshed} times`,
  )
  const untaken = operations.filter(({ method, path }) => !taken.has(`${method} ${path}`))
  console.log(`operations that took none (of ${operations.length}): ${untaken.length}`)
  for (const { method, path } of untaken) if (!path.startsWith('/v1.0/')) console.log(`  ${method} ${path}`)
}

function described({ number, what, request, answer }: Fault): string {
  return `\n== ${what}\nagain: npm run fuzz -- --seed ${seed} --only ${number}\n${request}\n-- answer\n${answer}`
}

function seconds(): number {
  return Math.round((performance.now() - begun) / 1000)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  console.error(`--${name} is a whole number, not ${text}`)
  process.exit(2)
}
