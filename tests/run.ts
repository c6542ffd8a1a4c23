// `npm test`: every test file, ten to a process and five processes at a time, on one embedded PostgreSQL; then what
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
import { type Counts, runFiles } from './runner/run-files.ts'
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
/** Three more than two processors: a quarter of all time a file waits for a lease, a limit or a killed process. */
const CONCURRENCY = 5
/** A start of Node and of our modules costs as much processor time as the tests of a small file. */
const FILES_OF_A_PROCESS = 10
/** What takes longest begins first, so that no file is left to run alone at the end. */
const LONGEST = [
  'tests/crash/crash-points',
  'tests/engine/model/interleavings',
  'tests/crash/faults-process',
  'tests/chaos/histories',
  'tests/fuzz/malformed',
  'tests/crash/restored-on-hold',
  'tests/crash/several-servers',
  'tests/notifications/stream-rights',
  'tests/postgres/embedded-password',
  'tests/reader/reader',
  'tests/crash/stop',
  'tests/postgres/embedded-survival',
  'tests/reader/hostile-workspace',
  'tests/store/engine-migration-goes-on',
  'tests/store/round-trips',
  'tests/calendar/html-bodies',
  'tests/http/database-away',
  'tests/native/waiting-rights',
  'tests/postgres/embedded-faults',
  'tests/postgres/killed-under-load',
  'tests/reader/hostile-html',
  'tests/native/preview',
  'tests/engine/plans',
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

const clusters: TestCluster[] = []
const waiting: Job[] = []
for (const major of majors(values.pg)) {
  const files = major === 18 || values.pg ? chosen : chosen.filter(file => ON_OLDEST.test(file))
  if (files.length === 0 || interrupted.signal.aborted) continue
  console.log(`# ${files.length} files on PostgreSQL ${major}`)
  try {
    if (major === 15) installOldestPostgres(line => console.log(`# ${line}`))
    const cluster = await startCluster(major)
    clusters.push(cluster)
    waiting.push(...jobsOn(cluster, files))
  } catch (error) {
    // Node's runner, once it has run, swallows what nobody catches.
    fail(`PostgreSQL ${major}: ${String(error instanceof Error ? error.message : error)}`)
  }
}
waiting.sort((one, other) => one.rank - other.rank)
const filesInAll = waiting.reduce((sum, job) => sum + job.files.length, 0)
let filesDone = 0
const reports = new FileReports(process.stdout)
await Promise.all(Array.from({ length: CONCURRENCY }, runJobs))
await reports.end()
for (const cluster of clusters) await cluster.stop()

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

/** Test files for one process. */
type Job = {
  readonly cluster: TestCluster
  readonly files: readonly string[]
  /** Which begin first: those of lower rank. */
  readonly rank: number
}

type TestCluster = {
  readonly major: PostgresMajor
  /** By which a test file's process finds it. */
  readonly env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

async function startCluster(major: PostgresMajor): Promise<TestCluster> {
  const dataDir = clusterDirectory()
  const postgres = await startEmbedded({
    dataDir,
    pgMajor: major,
    maxConnections: MAX_CONNECTIONS_OF_TESTS,
  })
  void postgres.exited.then(reason => {
    if (reason === null) return
    fail(`PostgreSQL ${major} has ended under the tests: ${reason.message}`)
    interrupted.abort()
  })
  const stop = async () => {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    const options = await trustEverybody(postgres, dataDir)
    const found = { STANDDOWN_TEST_PG: JSON.stringify(options), STANDDOWN_TEST_PG_MAJOR: String(major) }
    return { major, env: { ...process.env, ...found }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function jobsOn(cluster: TestCluster, files: readonly string[]): Job[] {
  const long = files.flatMap(file => {
    const rank = LONGEST.findIndex(start => file.startsWith(start))
    return rank === -1 ? [] : [{ cluster, files: [file], rank }]
  })
  const rest = files.filter(file => !LONGEST.some(start => file.startsWith(start)))
  const together = Array.from({ length: Math.ceil(rest.length / FILES_OF_A_PROCESS) }, (_, at) => ({
    cluster,
    files: rest.slice(at * FILES_OF_A_PROCESS, (at + 1) * FILES_OF_A_PROCESS),
    rank: LONGEST.length,
  }))
  return [...long, ...together]
}

async function runJobs(): Promise<void> {
  for (let job = waiting.shift(); job !== undefined && !interrupted.signal.aborted; job = waiting.shift()) {
    const { cluster, files } = job
    const on = cluster.major === 18 ? '' : ` (PostgreSQL ${cluster.major})`
    const paths = files.map(file => join(ROOT, file))
    const ran = await runFiles(paths, LIMITS, interrupted.signal, cluster.env)
    for (const [file, seconds] of ran.seconds) durations.push({ file: file + on, seconds })
    await reports.add(ran.events)
    for (const failure of ran.failures) fail(failure + on)
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += ran.counts[key]
    everythingPassed = ran.passed && everythingPassed
    filesDone += files.length
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    console.log(`# ${filesDone} of ${filesInAll} files done in ${seconds} s, ${failures.length} failures`)
  }
}

function fail(failure: string): void {
  everythingPassed = false
  failures.push(failure)
  tellFailure(failure)
}
