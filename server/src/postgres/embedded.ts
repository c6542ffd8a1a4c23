// The face of this room: the embedded PostgreSQL, a real one that runs as a child of this server, reached by a Unix socket in a
// directory of its own. It is started first and stopped last. It is started again when it dies. It ends when this process ends,
// in whatever way (postgres-watchdog.sh). This room must not read or write any table: it runs the server that the store talks to.

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { DatabaseOptions } from '../store/database.ts'
import { requirePassword } from './cluster-access.ts'
import { directoryFault, takeDataDirectory } from './data-directory.ts'
import { embeddedPassword } from './embedded-password.ts'
import { findPostgresPackage, installPostgres, type PostgresMajor } from './postgres-binaries.ts'
import {
  type Cluster,
  DATABASE,
  dataArgumentFor,
  freeCluster,
  makeCluster,
  POSTGRES_ENVIRONMENT,
  startFault,
} from './postgres-cluster.ts'
import { settingArguments } from './postgres-settings.ts'
import { postgresUser } from './postgres-user.ts'
import { makeSocketDirectory } from './socket-directory.ts'

// Without the comments of the script, so that a list of processes stays readable.
const WATCHDOG = readFileSync(new URL('postgres-watchdog.sh', import.meta.url), 'utf8').replace(
  /^ *#.*\n/gm,
  '',
)
/** After so many failed starts in a row, a PostgreSQL that died is not started again: about 30 s with the pauses. */
const MAX_FAILURES = 10
const LONGEST_BACKOFF_MS = 5000

export type EmbeddedOptions = {
  readonly dataDir: string
  /** Default 18. 15 is for tests: npm brings it for some platforms only. */
  readonly pgMajor?: PostgresMajor
  /** Default 100, of which a server needs 15. Tests that run beside each other need more. */
  readonly maxConnections?: number
  /** Gets each line that PostgreSQL writes. */
  readonly log?: (textLine: string) => void
}

export interface EmbeddedPostgres {
  readonly options: DatabaseOptions
  /** The current pid of PostgreSQL; it changes when PostgreSQL is started again. */
  readonly pid: number
  /** Resolves when PostgreSQL has ended and the data directory is free. May be called twice. */
  stop(): Promise<void>
  /** Resolves with null after a stop, with the reason when PostgreSQL died and could not be started again. */
  readonly exited: Promise<Error | null>
  /** Lets this process end without a stop: PostgreSQL then stops just after it. */
  unref(): void
}

/**
 * Resolves when PostgreSQL answers. Throws, with nothing left running: DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_UNUSABLE,
 * DISK_FULL, POSTGRES_BINARIES_MISSING, POSTGRES_BINARIES_UNUSABLE, POSTGRES_MAJOR_MISMATCH,
 * POSTGRES_NEEDS_USER_NAME, POSTGRES_PLACE_NOT_ENTERABLE or POSTGRES_FAILED.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const major = options.pgMajor ?? 18
  const user = postgresUser()
  const source = findPostgresPackage(major)
  const dataDirectory = takeDataDirectory(options.dataDir)
  const dataDir = dataDirectory.path
  try {
    const binaries = installPostgres(source, user)
    const cluster: Cluster = { dataDir, directory: join(dataDir, 'postgresql'), binaries, user }
    makeCluster(cluster, major)
    await freeCluster(cluster)
    const password = embeddedPassword(dataDir)
    requirePassword(cluster, password)
    const sockets = makeSocketDirectory(user)
    const start = () => run(cluster, sockets.path, options)
    const running = await start().catch(error => {
      sockets.remove()
      throw error
    })
    return supervise(cluster, running, {
      start,
      log: options.log,
      sockets: sockets.path,
      password,
      release() {
        sockets.remove()
        dataDirectory.release()
      },
    })
  } catch (error) {
    dataDirectory.release()
    throw directoryFault(error, dataDir)
  }
}

type Running = {
  readonly pid: number
  readonly child: ChildProcess
  /** Resolves with PostgreSQL's last lines of output when it has ended. */
  readonly ended: Promise<string>
}

/** Starts PostgreSQL under its watchdog; resolves when it is ready. */
async function run(
  cluster: Cluster,
  sockets: string,
  { log, maxConnections }: EmbeddedOptions,
): Promise<Running> {
  const dataArgument = dataArgumentFor(cluster)
  const command = [join(cluster.binaries, 'bin', 'postgres'), '-D', dataArgument.argument]
  const child = spawn(
    '/bin/sh',
    ['-c', WATCHDOG, 'sh', sockets, ...command, ...settingArguments(sockets, maxConnections)],
    {
      ...cluster.user.ids,
      cwd: '/',
      env: POSTGRES_ENVIRONMENT,
      // A session of its own, so that a Ctrl-C at the terminal reaches only the server, which stops PostgreSQL last.
      detached: true,
      stdio: dataArgument.stdio,
    },
  ) as ChildProcessByStdio<Writable, Readable, Readable>
  dataArgument.close()
  child.stdin.on('error', () => {})
  const ready = Promise.withResolvers<void>()
  const pid = Promise.withResolvers<number>()
  const lastLines: string[] = []
  createInterface({ input: child.stdout }).once('line', textLine => pid.resolve(Number(textLine)))
  createInterface({ input: child.stderr }).on('line', textLine => {
    lastLines.push(textLine)
    if (lastLines.length > 20) lastLines.shift()
    log?.(textLine)
    if (textLine.includes('database system is ready to accept connections')) ready.resolve()
  })
  const ended = new Promise<string>(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', () => resolve(lastLines.join('\n')))
    // The watchdog was killed: PostgreSQL still runs, and keeps the pipes open.
    child.on('exit', (_, signal) => signal && resolve(`its watchdog ended by ${signal}`))
  })
  const outcome = await Promise.race([ready.promise.then(() => null), ended])
  if (outcome !== null) throw startFault(cluster, outcome)
  return { pid: await pid.promise, child, ended }
}

type Supervision = {
  start(): Promise<Running>
  readonly log: EmbeddedOptions['log']
  readonly sockets: string
  readonly password: string
  release(): void
}

// running ──(PostgreSQL ends)──► waiting ──(backoff)──► starting ──(ready)──► running
//    │                              ▲                      │
//    │                              └──────(fails)─────────┤
//    └──(stop)──► stopping ──► stopped            (MAX_FAILURES)──► given up
function supervise(cluster: Cluster, first: Running, supervision: Supervision): EmbeddedPostgres {
  let running = first
  let holdsProcess = true
  const stopping = new AbortController()
  const exited = Promise.withResolvers<Error | null>()

  const watch = async (): Promise<Error | null> => {
    let failures = 0
    let reason = await running.ended
    while (!stopping.signal.aborted) {
      supervision.log?.(`PostgreSQL ended and is started again: ${reason.split('\n').at(-1)}`)
      try {
        await freeCluster(cluster)
        running = await supervision.start()
        if (!holdsProcess) unref(running.child)
        failures = 0
      } catch (error) {
        failures += 1
        if (failures >= MAX_FAILURES) return error as Error
        const backoffMs = Math.min(50 * 2 ** failures, LONGEST_BACKOFF_MS)
        await wait(backoffMs, null, { signal: stopping.signal, ref: holdsProcess }).catch(() => {})
        reason = (error as Error).message
        continue
      }
      // A stop during this start has closed only the pipe of the PostgreSQL before.
      if (stopping.signal.aborted) running.child.stdin?.end()
      reason = await running.ended
    }
    return null
  }
  watch()
    .catch((error: Error) => error)
    .then(cause => {
      supervision.release()
      exited.resolve(cause)
    })

  return {
    options: {
      host: supervision.sockets,
      user: DATABASE,
      database: DATABASE,
      password: supervision.password,
    },
    get pid() {
      return running.pid
    },
    exited: exited.promise,
    async stop() {
      stopping.abort()
      running.child.stdin?.end()
      await exited.promise
    },
    unref() {
      holdsProcess = false
      unref(running.child)
    },
  }
}

function unref(child: ChildProcess): void {
  child.unref()
  for (const pipe of [child.stdin, child.stdout, child.stderr]) {
    if (pipe && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  }
}
