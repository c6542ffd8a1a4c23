// A real server process, as `npm start` runs it, and one that answers with an empty handler of the same HTTP server.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEmbeddedPassword } from '../server/src/postgres/embedded-password.ts'
import { freshDirectory } from './fresh-directory.ts'
import { kill, processTree } from './processes.ts'

const MAIN = fileURLToPath(new URL('../server/src/main.ts', import.meta.url))
const EMPTY = fileURLToPath(new URL('./empty-server.ts', import.meta.url))

export type ServerFile = {
  readonly url: string
  readonly token: string
  readonly pid: number
  readonly database: { readonly host: string; readonly user: string; readonly database: string }
}

export type Served = AsyncDisposable & {
  readonly file: ServerFile
  readonly process: ChildProcess
  readonly dataDir: string
  /** SIGKILL, as a power cut for the process; the data directory stays. `withDatabase`: PostgreSQL's processes too. */
  kill(options?: { readonly withDatabase: boolean }): Promise<void>
}

export function portOf(server: Served): number {
  return Number(new URL(server.file.url).port)
}

/** Resolves when it says that it runs. With the flags that the launcher gave this process, as it would give the server. */
export async function startServer(
  dataDir = freshDirectory(),
  { preload, env = {} }: { readonly preload?: URL; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Served> {
  const first = preload ? ['--import', preload.href] : []
  const child = spawn(process.execPath, [...process.execArgv, ...first, MAIN, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', TLS_PORT: 'off', DATA_DIR: dataDir, LOG_LEVEL: 'error', ...env },
  })
  await said(child, 'Standdown runs at')
  const written = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as ServerFile
  const password = readEmbeddedPassword(dataDir)
  const file = { ...written, database: { ...written.database, ...(password && { password }) } }
  return {
    file,
    process: child,
    dataDir,
    async kill({ withDatabase } = { withDatabase: false }) {
      const exited = once(child, 'exit')
      const processes = new Set([child.pid!, ...(withDatabase ? processTree(child.pid!) : [])])
      kill([...processes])
      await exited
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** The port of a process that answers POST /empty with {}. */
export async function startEmpty(): Promise<
  AsyncDisposable & { readonly port: number; readonly pid: number }
> {
  const child = spawn(process.execPath, [...process.execArgv, EMPTY], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await said(child, 'port ')
  return {
    port: Number(/port (\d+)/.exec(line)?.[1]),
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** SIGKILL for all of the server's PostgreSQL, which it will start again. */
export function killDatabase({ dataDir }: Served): void {
  const first = readFileSync(join(dataDir, 'postgresql', 'postmaster.pid'), 'utf8').split('\n')[0]
  kill(processTree(Number(first)))
}

function said(child: ChildProcess, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      all += chunk
      if (all.includes(words) && all.endsWith('\n')) resolve(all)
    })
    child.once('exit', code => reject(new Error(`ended with ${code} before it said "${words}": ${all}`)))
  })
}
