// A real server in a process of its own, for tests that kill it: Node on main.ts, its own embedded PostgreSQL.
//
//   await using server = await startServer({ dataDir, env: { STANDDOWN_CRASH_AT: 'cancel:before-commit' } })
//   await server.call('POST', '/api/v1/cancellations', { body })   // null: the connection broke before an answer came
//   await server.ended

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')
const { NODE_COMPILE_CACHE } = process.env

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body, where it is JSON. */
  readonly json: ReturnType<typeof JSON.parse>
}

export type CallOptions = {
  readonly body?: unknown
  /** Default: the operator's. Given as the header's whole value where `raw`. */
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A server that is asked by HTTP, wherever it runs. */
export type Asked = AsyncDisposable & {
  readonly url: string
  /** The command line's token: the server operator's. */
  readonly operator: string
  /** null: the connection broke, or there was none. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply | null>
  /** As call; throws when there is no answer. */
  ask(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** A token of a person of the demo, or of its app. */
  token(whose: { readonly user: string } | { readonly app: string }): Promise<string>
}

export type ServerProcess = Asked & {
  readonly child: ChildProcess
  /** Of the server itself, where a launcher stands before it. */
  readonly pid: number
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** The lines that it wrote. */
  readonly said: readonly string[]
  postgresPid(): number
}

export type StartOptions = {
  readonly dataDir: string
  readonly env?: Readonly<Record<string, string>>
  /** Through launch.cjs. */
  readonly launcher?: boolean
  /** Called with the process, which has not answered yet. */
  readonly begun?: (child: ChildProcess) => void
}

export class EndedAtStart extends Error {
  override readonly name = 'EndedAtStart'
  readonly signal: NodeJS.Signals | null
  constructor(signal: NodeJS.Signals | null, said: readonly string[]) {
    super(`the server ended at its start (${signal}):\n${said.join('\n')}`)
    this.signal = signal
  }
}

/** Resolves when it answers; throws with what it said when it ends before. */
export async function startServer({
  dataDir,
  env = {},
  launcher = false,
  begun = () => {},
}: StartOptions): Promise<ServerProcess> {
  const script = launcher ? ['launch.cjs'] : ['--disable-warning=ExperimentalWarning', 'server/src/main.ts']
  const child = spawn(process.execPath, [...script, 'start'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      // As the launcher does: reading the TypeScript is a good part of a start.
      ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
      PORT: '0',
      TLS_PORT: 'off',
      DATA_DIR: dataDir,
      STANDDOWN_LEASE_MS: '1500',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  begun(child)
  const said: string[] = []
  const ready = Promise.withResolvers<true>()
  createInterface({ input: child.stdout }).on('line', line => {
    said.push(line)
    if (line.startsWith('Standdown runs at ')) ready.resolve(true)
  })
  createInterface({ input: child.stderr }).on('line', line => said.push(line))
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const outcome = await Promise.race([ready.promise, ended])
  if (outcome !== true) throw new EndedAtStart(outcome.signal, said)
  const facts = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as {
    url: string
    token: string
    pid: number
  }
  const { url, token: operator, pid } = facts

  return {
    ...askedAt(url, operator, said),
    child,
    pid,
    ended,
    said,
    postgresPid: () =>
      Number(readFileSync(join(dataDir, 'postgresql', 'postmaster.pid'), 'utf8').split('\n')[0]),
    async [Symbol.asyncDispose]() {
      // Asked first, so that PostgreSQL is stopped and the directory may be removed.
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

/** `said`: what it wrote so far, for when it does not answer. */
export function askedAt(
  url: string,
  operator: string,
  said: readonly string[],
): Omit<Asked, typeof Symbol.asyncDispose> {
  const call: Asked['call'] = async (method, path, { body, token = operator, headers = {} } = {}) => {
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: path.startsWith('/automations') ? token : `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      const json = /json/.test(response.headers.get('content-type') ?? '') && text ? JSON.parse(text) : null
      return { status: response.status, headers: response.headers, text, json }
    } catch (error) {
      if (error instanceof TypeError) return null
      throw error
    }
  }
  const ask: Asked['ask'] = async (method, path, options) => {
    const reply = await call(method, path, options)
    if (reply === null)
      throw new Error(`no answer to ${method} ${path}; the server said:\n${said.join('\n')}`)
    return reply
  }
  return {
    url,
    operator,
    call,
    ask,
    async token(whose) {
      const { json } = await ask('POST', '/api/v1/tokens', { body: { tenant: 'contoso', ...whose } })
      return json.token as string
    },
  }
}

/** A data directory with the demo in it, made once and copied for each test. */
export type PreparedData = AsyncDisposable & { copy(): string }

export async function preparedData(): Promise<PreparedData> {
  const place = mkdtempSync(join(tmpdir(), 'standdown-crash-'))
  chmodSync(place, 0o711)
  const origin = join(place, 'origin')
  const server = await startServer({ dataDir: origin })
  await server[Symbol.asyncDispose]()
  let copies = 0
  return {
    copy() {
      copies += 1
      const path = join(place, `copy-${copies}`)
      // cp keeps the owner, which PostgreSQL insists on.
      const { status, stderr } = spawnSync('cp', ['-a', origin, path], { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      return path
    },
    async [Symbol.asyncDispose]() {
      rmSync(place, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
}
