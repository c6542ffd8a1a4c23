// `npm test`: every test file, each in a process of its own, four at a time, on one embedded PostgreSQL; then what
// touches the database most once more on the oldest PostgreSQL that is supported.
//
//   npm test                          everything
//   npm test -- tests/store/backup    files whose path holds one of these words
//   npm test -- --pg 15               only this PostgreSQL (15 or 18)

import { globSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../server/src/postgres/embedded.ts'
import type { PostgresMajor } from '../server/src/postgres/postgres-binaries.ts'
import { FileReports } from './runner/file-reports.ts'
import { type Counts, runFile } from './runner/run-file.ts'
import { clusterDirectory } from './support/cluster-directory.ts'
import { installOldestPostgres } from './support/oldest-postgres.ts'
import { MAX_CONNECTIONS_OF_TESTS, trustEverybody } from './support/trusting-cluster.ts'

const ROOT = join(import.meta.dirname, '..')
const FILES = ['tests/**/*.test.ts', '{wire,client}/**/*.test.{js,mjs,ts}']
/**
 * Run on the oldest PostgreSQL too: what depends on how it locks, plans, stores, and answers what comes in one piece. Not what is about
 * our processes, nor about the embedded PostgreSQL, which is never that. `npm test -- --pg 15` runs everything there.
 */
const ON_OLDEST =
  /^tests\/(engine\/(?!batcher|tenant-queue|run\/(idle|retry-plan|workers))|store\/(?!reserve|test-database)|backup\/)/
/** Two more than two processors: a quarter of all time a file waits for a lease, a limit or a killed process. */
const CONCURRENCY = 4
/** What takes longest begins first, so that no file is left to run alone at the end. */
const LONGEST = [
  'tests/engine/model/interleavings',
  'tests/crash/crash-points',
  'tests/chaos/histories',
  'tests/crash/faults-process',
  'tests/crash/restored-on-hold',
  'tests/fuzz/malformed',
  'tests/crash/several-servers',
  'tests/crash/stop',
  'tests/http/database-away',
  'tests/native/waiting-rights',
  'tests/notifications/stream-rights',
  'tests/postgres/embedded-faults',
  'tests/reader/hostile-html',
  'tests/store/engine-migration-goes-on',
  'tests/store/round-trips',
]
/** The longest test takes a minute alone, and ten on a machine with much other work. */
const LIMITS = { silentMs: 1_200_000, stoppedMs: 30_000 }

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort())
// The launcher is gone.
process.once('disconnect', () => interrupted.abort())

const { values, positionals } = parseArgs({ options: { pg: { type: 'string' } }, allowPositionals: true })
const chosen = testFiles().filter(
  file => positionals.length === 0 || positionals.some(word => file.includes(word)),
)
const total: Counts = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 }
const durations: { file: string; seconds: number }[] = []
const failures: string[] = []
let everythingPassed = chosen.length > 0
const startedAt = performance.now()

for (const major of majors(values.pg)) {
  const files = major === 18 || values.pg ? chosen : chosen.filter(file => ON_OLDEST.test(file))
  if (files.length === 0 || interrupted.signal.aborted) continue
  console.log(`# ${files.length} files on PostgreSQL ${major}`)
  try {
    if (major === 15) installOldestPostgres(line => console.log(`# ${line}`))
    everythingPassed = (await runOn(major, files)) && everythingPassed
  } catch (error) {
    // Node's runner, once it has run, swallows what nobody catches.
    everythingPassed = false
    const reason = String(error instanceof Error ? error.message : error)
    failures.push(`PostgreSQL ${major}: ${reason.replaceAll('\n', '\n    ')}`)
  }
}

durations.sort((one, other) => other.seconds - one.seconds)
console.log('# the ten slowest files, in seconds')
for (const { file, seconds } of durations.slice(0, 10)) console.log(`#   ${seconds.toFixed(1)} ${file}`)
for (const failure of failures) tellFailure(failure)
// In all, in the words of the runner's own closing lines.
console.log(`# tests ${total.tests}`)
console.log(`# pass ${total.passed}`)
console.log(`# fail ${total.tests - total.passed - total.cancelled - total.skipped - total.todo}`)
console.log(`# cancelled ${total.cancelled}`)
console.log(`# skipped ${total.skipped}`)
console.log(`# todo ${total.todo}`)
console.log(`# duration_ms ${Math.round(performance.now() - startedAt)}`)
if (chosen.length === 0) console.error(`no test file matches: ${positionals.join(' ')}`)
// At once: what a file that was stopped has left running may hold its pipes to us.
process.exit(everythingPassed && !interrupted.signal.aborted ? 0 : 1)

function tellFailure(failure: string): void {
  console.log(`# failed: ${failure.replaceAll('\n', '\n# ')}`)
}

function testFiles(): string[] {
  return globSync(FILES, { cwd: ROOT, exclude: path => path.includes('node_modules') })
    .map(file => relative(ROOT, join(ROOT, file)))
    .sort()
}

function majors(wanted: string | undefined): PostgresMajor[] {
  if (wanted === undefined) return [18, 15]
  if (wanted === '15' || wanted === '18') return [Number(wanted) as PostgresMajor]
  throw new Error(`--pg is 15 or 18, not ${wanted}`)
}

async function runOn(major: PostgresMajor, files: readonly string[]): Promise<boolean> {
  const dataDir = clusterDirectory()
  const postgres = await startEmbedded({
    dataDir,
    pgMajor: major,
    maxConnections: MAX_CONNECTIONS_OF_TESTS,
  })
  void postgres.exited.then(reason => {
    if (reason === null) return
    console.log(`# PostgreSQL ${major} has ended under the tests: ${reason.message}`)
    interrupted.abort()
  })
  try {
    process.env.STANDDOWN_TEST_PG = JSON.stringify(await trustEverybody(postgres, dataDir))
    process.env.STANDDOWN_TEST_PG_MAJOR = String(major)
    return await runFiles(files)
  } finally {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function runFiles(files: readonly string[]): Promise<boolean> {
  const reports = new FileReports(process.stdout)
  const isLong = (file: string) => LONGEST.some(start => file.startsWith(start))
  const waiting = [...files.filter(isLong), ...files.filter(file => !isLong(file))]
  let passed = true
  const work = async (): Promise<void> => {
    for (
      let file = waiting.shift();
      file !== undefined && !interrupted.signal.aborted;
      file = waiting.shift()
    ) {
      const fileStartedAt = performance.now()
      const ran = await runFile(join(ROOT, file), LIMITS, interrupted.signal)
      durations.push({ file, seconds: (performance.now() - fileStartedAt) / 1000 })
      await reports.add(ran.events)
      for (const failure of ran.failures) {
        failures.push(`${file}: ${failure}`)
        tellFailure(failures.at(-1)!)
      }
      for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += ran.counts[key]
      passed = ran.passed && passed
      if (durations.length % 25 === 0)
        console.log(`# ${durations.length} files done, ${waiting.length} wait, ${failures.length} failures`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  await reports.end()
  return passed
}
