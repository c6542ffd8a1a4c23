// A whole server, from its environment to the first request: the database, the parts, the demo, and the file by which the
// command line finds it.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSoftphoneServer } from '../apis/notifications/softphone-server.ts'
import type { Config } from '../config/config.ts'
import type { Random } from '../core/ids.ts'
import type { RunnerOptions } from '../engine/run/runner.ts'
import { loadMetrics } from '../http/metrics.ts'
import { type OpenDatabase, openDatabase } from '../postgres/open-database.ts'
import type { DatabaseOptions } from '../store/database.ts'
import { type ComposeNeeds, compose, type Server } from './compose.ts'

const DEMO_WORKSPACE = new URL('../../../examples/workspace.yaml', import.meta.url)
export const DEMO_TENANT = 'contoso'

export type ServeOptions = {
  readonly config: Config
  readonly now: () => Date
  readonly random: Random
  readonly logStream?: { write(line: string): void }
  readonly runner?: RunnerOptions
  /** Hears what takes long before it answers. */
  readonly tell?: (line: string) => void
  /** Callers that may wait for a batch of one verb; beyond, 503. Default 10,000. */
  readonly maxQueue?: number
  /** How the watch over failing receivers tells the time; tests only. */
  readonly receivers?: ComposeNeeds['receivers']
}

export type Serving = {
  readonly server: Server
  readonly database: OpenDatabase
  readonly url: string
  readonly tlsUrl: string | null
  readonly certificateFile: string | null
  readonly softphoneUrl: string | null
  readonly demo: boolean
  /** The command line's token: an operator's. Another one after all of them were made void. */
  readonly token: string
  /** May be called twice. */
  stop(): Promise<void>
}

/** Resolves when it answers requests. Throws with nothing left running. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config } = options
  const undo: (() => Promise<void>)[] = []
  const stop = async () => {
    // In the reverse order of starting: PostgreSQL last.
    for (let last = undo.pop(); last; last = undo.pop()) await last()
  }
  // While the database starts.
  const metrics = loadMetrics()
  try {
    // With its own PostgreSQL the store makes it, and knows how private it may be.
    if (config.databaseUrl !== null) mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    const database = await openDatabase({
      ...config,
      databaseUrl: config.databaseUrl ?? undefined,
      ...(options.tell && { tell: options.tell }),
    })
    undo.push(() => database.close())
    let softphoneUrl: string | null = null
    const server = await compose({
      ...options,
      database,
      metrics: await metrics,
      softphoneOrigin: () => softphoneUrl,
    })
    undo.push(() => server.stop())
    const demo = server.auth.demo
    if (demo) {
      const softphone = createSoftphoneServer({ hostOrigin: () => server.http.publicUrl() })
      await softphone.listen(0, config.host)
      undo.push(() => softphone.close())
      softphoneUrl = softphone.origin()
    }
    await server.start()
    const url = server.http.publicUrl()
    if (demo) await applyDemo(server, config, url)
    let token = ''
    const tlsUrl = server.http.tlsUrl()
    await server.auth.provideServerKey(`command line of ${config.dataDir}`, key => {
      token = key
      writeServerFile(config, {
        // Not the public one: that may lead through a proxy which is not there yet, or to another machine.
        url: server.http.localUrl() ?? url,
        tlsUrl,
        token,
        pid: process.pid,
        database: database.kind === 'embedded' ? withoutPassword(database.options) : null,
      })
    })
    return {
      server,
      database,
      url,
      tlsUrl,
      certificateFile: server.http.certificateFile(),
      softphoneUrl,
      demo,
      get token() {
        return token
      },
      stop,
    }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }

  function writeServerFile(config: Config, content: ServerFile): void {
    const file = serverFile(config)
    const draft = `${file}.new`
    rmSync(draft, { force: true })
    writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(draft, file)
  }
}

/** What DATA_DIR/server.json holds, mode 600: how the command line reaches this server, and backup its database. */
type ServerFile = {
  readonly url: string
  readonly tlsUrl: string | null
  readonly token: string
  readonly pid: number
  /** The embedded PostgreSQL's socket; null for a DATABASE_URL. */
  readonly database: DatabaseOptions | null
}

/** It has a file of its own. */
function withoutPassword({ password, ...options }: DatabaseOptions): DatabaseOptions {
  return options
}

function serverFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'server.json')
}

/**
 * Makes the demo's tenant at the first start. Later it is left as its people made it; only where it still is what the
 * file says, addresses in it follow a server that has moved to another port.
 */
async function applyDemo(server: Server, config: Config, url: string): Promise<void> {
  const text = readFileSync(DEMO_WORKSPACE, 'utf8')
  const there = await server.auth.directory.tenant(DEMO_TENANT)
  if (there) {
    const before = urlBefore(config)
    if (before === null || before === url) return
    const changes = await server.workspace.apply(text, { apply: false, variables: { PUBLIC_URL: before } })
    if (changes.length > 0) return
  }
  await server.workspace.apply(text, { apply: true, demo: true })
}

function urlBefore(config: Config): string | null {
  try {
    const { url } = JSON.parse(readFileSync(serverFile(config), 'utf8')) as { url?: unknown }
    return typeof url === 'string' ? url : null
  } catch {
    return null
  }
}
