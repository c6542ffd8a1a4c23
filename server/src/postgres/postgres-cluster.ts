// One PostgreSQL cluster: its files in DATA_DIR/postgresql, how it is made, and how it is made ready to be started.

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { storeFault } from '../store/faults.ts'
import { postgresIn, worksIn } from '../store/process-identity.ts'
import type { PostgresMajor } from './postgres-binaries.ts'
import { canEnter, type PostgresUser } from './postgres-user.ts'

/** The one database in it, and the user that owns it. */
export const DATABASE = 'standdown'

export type Cluster = {
  readonly dataDir: string
  /** Where its files are: DATA_DIR/postgresql. */
  readonly directory: string
  /** The directory of PostgreSQL's programs. */
  readonly binaries: string
  readonly user: PostgresUser
}

/** PostgreSQL's environment: nothing of ours, so that it holds no secret of the server. */
export const POSTGRES_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/** The descriptor on which a program of PostgreSQL inherits its data directory, where it does. */
const DATA_FD = 4

/** How a program of PostgreSQL gets its data directory. */
type DataArgument = {
  /** For its option -D. */
  readonly argument: string
  /** Its standard streams and what else it inherits, for spawn. */
  readonly stdio: ('pipe' | 'ignore' | number)[]
  /** To be called when the program has been started. */
  close(): void
}

/**
 * By its path, if PostgreSQL's user can enter it. If it cannot (the server runs as root, and a parent directory is private), the program
 * inherits the open directory as /proc/self/fd/4. Throws POSTGRES_PLACE_NOT_ENTERABLE where there is no /proc.
 */
export function dataArgumentFor(cluster: Cluster, directory = cluster.directory): DataArgument {
  const standard = ['pipe', 'pipe', 'pipe'] as const
  if (!cluster.user.ids || canEnter(cluster.user, directory)) {
    return { argument: directory, stdio: [...standard], close() {} }
  }
  if (process.platform !== 'linux') {
    throw storeFault.POSTGRES_PLACE_NOT_ENTERABLE({ dataDir: cluster.dataDir, user: cluster.user.name })
  }
  const fd = openSync(directory, 'r')
  return {
    argument: `/proc/self/fd/${DATA_FD}`,
    stdio: [...standard, 'ignore', fd],
    close: () => closeSync(fd),
  }
}

/** Makes the cluster if there is none: whole or not at all. Throws POSTGRES_MAJOR_MISMATCH for another version's. */
export function makeCluster(cluster: Cluster, major: PostgresMajor): void {
  removeDrafts(cluster)
  const found = majorOf(cluster.directory)
  if (found === String(major)) return
  if (found !== null) {
    throw storeFault.POSTGRES_MAJOR_MISMATCH({ dataDir: cluster.dataDir, found, wanted: major })
  }
  const draft = `${cluster.directory}.${randomBytes(6).toString('hex')}`
  mkdirSync(draft, { mode: 0o700 })
  try {
    chmodSync(draft, 0o700)
    if (cluster.user.ids) chownSync(draft, cluster.user.ids.uid, cluster.user.ids.gid)
    initialise(cluster, draft, major)
    renameSync(draft, cluster.directory)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

function majorOf(directory: string): string | null {
  try {
    return readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

// Left by a server that was killed while it made its cluster.
function removeDrafts(cluster: Cluster): void {
  const parent = dirname(cluster.directory)
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${basename(cluster.directory)}.`)) rmSync(join(parent, name), { recursive: true })
  }
}

// Text is ordered by code points, the same on every machine: PostgreSQL has this locale built in since version 17.
const LOCALES: { readonly [major in PostgresMajor]: readonly string[] } = {
  15: ['--locale=C'],
  18: ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
}

function initialise(cluster: Cluster, directory: string, major: PostgresMajor): void {
  // Nobody may connect until the start writes the access rules (cluster-access.ts).
  const common = ['-U', DATABASE, '--auth=reject', '--encoding=UTF8', '--data-checksums']
  runProgram(cluster, directory, {
    program: 'initdb',
    args: directory => ['-D', directory, ...common, ...LOCALES[major]],
  })
  runProgram(cluster, directory, {
    program: 'postgres',
    args: directory => ['--single', '-D', directory, 'postgres'],
    input: `create database ${DATABASE}\n`,
  })
}

type ProgramRun = {
  readonly program: 'initdb' | 'postgres'
  /** `directory`: the argument that names it, see DataArgument. */
  readonly args: (directory: string) => readonly string[]
  readonly input?: string
}

/** Runs one of PostgreSQL's programs on a directory of the cluster to its end. Throws as startFault says. */
export function runProgram(cluster: Cluster, directory: string, run: ProgramRun): void {
  const dataArgument = dataArgumentFor(cluster, directory)
  try {
    const ended = spawnSync(join(cluster.binaries, 'bin', run.program), run.args(dataArgument.argument), {
      ...cluster.user.ids,
      cwd: '/',
      env: POSTGRES_ENVIRONMENT,
      encoding: 'utf8',
      input: run.input ?? '',
      stdio: dataArgument.stdio,
    })
    // PostgreSQL in single-user mode goes on after an error, and exits with 0.
    const failed = ended.status !== 0 || /^(ERROR|FATAL|PANIC):/m.test(ended.stderr)
    if (failed)
      throw startFault(cluster, ended.error?.message ?? (ended.stderr.trim() || ended.stdout.trim()))
  } finally {
    dataArgument.close()
  }
}

/** The fault for a PostgreSQL that did not start; `output`: its last lines. */
export function startFault(cluster: Cluster, output: string): Error {
  const { dataDir } = cluster
  if (/No space left on device|Disk quota exceeded/.test(output)) return storeFault.DISK_FULL({ dataDir })
  if (/Permission denied/.test(output)) {
    return storeFault.DATA_DIRECTORY_UNUSABLE({ dataDir, reason: output, user: cluster.user.name })
  }
  return storeFault.POSTGRES_FAILED({ reason: output })
}

/**
 * Makes the cluster ready to be started. A PostgreSQL that outlived its server is stopped (usually its watchdog is doing so already)
 * and waited for. A pid file whose pid is another process by now is removed. The caller must hold the data directory's lock: then
 * any PostgreSQL that runs in it has lost its server.
 */
export async function freeCluster(cluster: Cluster): Promise<void> {
  const pidFile = join(cluster.directory, 'postmaster.pid')
  const pid = postmasterPid(pidFile)
  if (pid === null) return
  for (let waitedMs = 0; worksIn(pid, cluster.directory); waitedMs += 20) {
    if (waitedMs === 1000) signal(pid, 'SIGINT')
    if (waitedMs === 20_000) signal(pid, 'SIGQUIT')
    if (waitedMs === 25_000) signal(pid, 'SIGKILL')
    await wait(20)
  }
  // A PostgreSQL that was killed has left its child processes. They notice it and end, except one that is busy with a statement; and
  // PostgreSQL does not start while a child runs.
  for (let waitedMs = 0; ; waitedMs += 20) {
    const children = postgresIn(cluster.directory)
    if (children.length === 0) break
    for (const child of children) {
      if (waitedMs === 1000) signal(child, 'SIGQUIT')
      if (waitedMs === 5000) signal(child, 'SIGKILL')
    }
    await wait(20)
  }
  // PostgreSQL itself trusts a pid file if any process of its user has that pid.
  if (postmasterPid(pidFile) === pid) rmSync(pidFile, { force: true })
}

function postmasterPid(pidFile: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
