// npm run chaos: as many random histories as one wants, or one again with its trace, or meetings with aimed blows.

import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runHistories } from './histories.ts'
import type { Report, Task } from './history-worker.ts'
import { searchMeetings } from './judge/meeting-search.ts'
import { SITUATIONS } from './situations.ts'

const HELP = `Usage: npm run chaos [-- OPTION …]
Histories of engines whose way to the database is bad, judged from outside.
  --from SEED     the first seed, the others follow; default 1
  --count N       how many histories; default 300
  --workers N     Node processes that run them; default: one per processor
  --twice         runs each history two times and tells how many went the same way
  --replay SEED   one history again, with its trace
  --meetings      no random histories: one mail, and up to three blows, aimed one after the other
  --blows JSON    one meeting again, with its trace: '[{"at":5,"is":"answer lost"}]'
  --help          this
Exit code: 0 when nothing was violated, 1 when something was, 2 when a history could not be run, 130 after Ctrl-C.
The trace of whatever violates something is written to a file, which is named.`

/** Between two lines of progress, milliseconds. */
const PROGRESS_MS = 5000

const { values } = readArguments()
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const workers = values.workers === undefined ? undefined : wholeNumber('workers', values.workers)
const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => {
    console.error('ends after the histories that run')
    interrupted.abort()
    process.once(name, () => process.exit(130))
  })
// The launcher is gone.
process.once('disconnect', () => interrupted.abort())

const begun = performance.now()
let done = 0
let toldAt = begun
const common = { ...(workers && { workers }), signal: interrupted.signal, ended: progress }

if (values.replay !== undefined) await replay({ seed: wholeNumber('replay', values.replay) })
else if (values.blows !== undefined) await replay({ blows: JSON.parse(values.blows) })
else if (values.meetings) await meetings()
else await histories(wholeNumber('from', values.from), wholeNumber('count', values.count))

async function replay(task: Task): Promise<never> {
  const reports = await runHistories({ ...common, tasks: [task], workers: 1, wantsTraces: true })
  for (const { trace } of reports) if (trace) console.log(trace.join('\n'))
  return end(reports)
}

async function meetings(): Promise<never> {
  const reports = await searchMeetings(tasks => runHistories({ ...common, tasks }), 3)
  console.log(`${reports.length} meetings in ${seconds().toFixed(0)} s: ${result(reports)}`)
  return end(reports)
}

async function histories(first: number, count: number): Promise<never> {
  const seeds = Array.from({ length: count }, (_, i) => ({ seed: first + i }))
  const reports = await runHistories({ ...common, tasks: values.twice ? [...seeds, ...seeds] : seeds })
  const simulated = reports.reduce((sum, report) => sum + report.lastedMs, 0)
  console.log(
    `${reports.length} histories in ${seconds().toFixed(0)} s, ${(simulated / 3_600_000).toFixed(1)} simulated hours: ${result(reports)}`,
  )
  console.log(`in all: ${inAll(reports)}`)
  for (const situation of SITUATIONS) {
    const met = reports.filter(({ situations }) => situations.includes(situation)).length
    console.log(`${String(met).padStart(7)} met: ${situation}`)
  }
  if (values.twice) {
    const pairs = Map.groupBy(reports, ({ task }) => nameOf(task))
    const same = [...pairs.values()].filter(([one, other]) => one?.mark === other?.mark)
    console.log(`run twice, ${same.length} of ${pairs.size} went the same way`)
  }
  return end(reports)
}

function progress(report: Report): void {
  done += 1
  tell(report)
  if (performance.now() - toldAt < PROGRESS_MS) return
  toldAt = performance.now()
  console.error(`${done} so far, ${(done / seconds()).toFixed(1)} a second`)
}

function tell({ task, violations, trace, broken }: Report): void {
  const name = nameOf(task)
  if (broken !== null) console.log(`${name} could not be run: ${broken}`)
  for (const { rule, what } of violations) console.log(`${name} violates ${rule}: ${what}`)
  if (violations.length === 0 || trace === null || values.replay !== undefined) return
  const folder = join(tmpdir(), 'standdown-chaos')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name.replace(/[^a-z0-9]+/g, '-')}.trace`)
  writeFileSync(file, `${trace.join('\n')}\n`)
  console.log(`${name}: its trace is in ${file}`)
}

function nameOf(task: Task): string {
  if ('seed' in task) return `seed ${task.seed}`
  return `meeting ${task.blows.map(blow => Object.values(blow).join(' ')).join(', ')}`
}

function result(reports: readonly Report[]): string {
  const wrong = reports.filter(report => report.violations.length > 0).length
  const broken = reports.filter(report => report.broken !== null).length
  return `${wrong} with violations, ${broken} that could not be run`
}

/** What happened, so that nobody takes quiet histories for good ones. */
function inAll(reports: readonly Report[]): string {
  const sums = new Map<string, number>()
  for (const { facts, deadlocks } of reports) {
    for (const [is, count] of [...Object.entries(facts), ['deadlocks', deadlocks] as const])
      sums.set(is, (sums.get(is) ?? 0) + count)
  }
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .map(([is, count]) => `${count} ${is}`)
    .join(', ')
}

function end(reports: readonly Report[]): never {
  if (interrupted.signal.aborted) process.exit(130)
  if (reports.some(report => report.broken !== null)) process.exit(2)
  process.exit(reports.some(report => report.violations.length > 0) ? 1 : 0)
}

function seconds(): number {
  return (performance.now() - begun) / 1000
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        from: { type: 'string', default: '1' },
        count: { type: 'string', default: '300' },
        workers: { type: 'string' },
        twice: { type: 'boolean' },
        replay: { type: 'string' },
        meetings: { type: 'boolean' },
        blows: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    console.error(`chaos: ${(error as Error).message}\n\n${HELP}`)
    return process.exit(2)
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`chaos: --${option} wants a whole number, not ${JSON.stringify(text)}`)
  return process.exit(2)
}
