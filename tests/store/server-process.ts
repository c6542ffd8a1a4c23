// Starts tests/postgres/embedded-process.ts and reads what it tells.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { testPostgresMajor } from '../support/postgres.ts'

export type Fact = {
  readonly ready?: { readonly options: DatabaseOptions; readonly pid: number }
  readonly fault?: string
  readonly message?: string
  readonly log?: string
  readonly interrupted?: unknown
  readonly stopped?: true
  readonly wrote?: number
}

export interface ServerProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly pid: number
  /** What it has told so far. */
  readonly facts: readonly Fact[]
  /** The nth fact (default: the first) that `wanted` accepts; throws when the process ends without it. */
  fact(wanted: (fact: Fact) => boolean, nth?: number): Promise<Fact>
  /** Resolves when it is ready; throws its fault's message when it is not. */
  ready(): Promise<{ readonly options: DatabaseOptions; readonly pid: number }>
  ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export type ServerProcessOptions = {
  readonly dataDir: string
  readonly onInterrupt?: boolean
  /** How many write without a pause, once it is ready. */
  readonly writers?: number
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv
  readonly ids?: { readonly uid: number; readonly gid: number } | undefined
  /** Default: this process's Node, and this checkout. */
  readonly node?: string
  readonly checkout?: string
  /** A command that runs what follows it. */
  readonly under?: readonly string[]
}

export function serverProcess(options: ServerProcessOptions): ServerProcess {
  const { dataDir, onInterrupt, writers, under = [] } = options
  const script = join(
    options.checkout ?? join(import.meta.dirname, '../..'),
    'tests/postgres/embedded-process.ts',
  )
  const argument = JSON.stringify({ dataDir, onInterrupt, writers, pgMajor: testPostgresMajor })
  const command = [
    ...under,
    options.node ?? process.execPath,
    '--disable-warning=ExperimentalWarning',
    script,
    argument,
  ]
  const child = spawn(command[0] ?? '', command.slice(1), {
    ...options.ids,
    env: options.env ?? process.env,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {})
  const facts: Fact[] = []
  let over = false
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  createInterface({ input: child.stdout }).on('line', line => {
    facts.push(JSON.parse(line) as Fact)
    tell()
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    over = true
    tell()
    return { code, signal }
  })
  const fact = async (wanted: (fact: Fact) => boolean, nth = 1): Promise<Fact> => {
    for (;;) {
      const found = facts.filter(wanted)[nth - 1]
      if (found) return found
      if (over) throw new Error(`the process ended; it told: ${JSON.stringify(facts)}`)
      await changed.promise
    }
  }
  return {
    child,
    get pid() {
      return child.pid ?? 0
    },
    facts,
    ended,
    fact,
    async ready() {
      const found = await fact(one => one.ready !== undefined || one.fault !== undefined)
      if (!found.ready) throw new Error(`${found.fault}: ${found.message}`)
      return found.ready
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await ended
    },
  }
}
