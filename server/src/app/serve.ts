// Starts a whole server: the database, the rooms, the demo, and the file by which the command line finds it.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSoftphoneServer } from '../apis/notifications/softphone-server.ts'
import type { Config } from '../config/config.ts'
import type { Random } from '../core/ids.ts'
import type { RunnerOptions } from '../engine/run/runner.ts'
import { loadMetrics } from '../http/metrics.ts'
import { type OpenDatabase, openDatabase } from '../postgres/open-database.ts'
import type { DatabaseOptions } from '../store/database.ts'
import { compose, type Server } from './compose.ts'
import type { ComposeNeeds } from './compose-needs.ts'

const DEMO_WORKSPACE = new URL('../../../examples/workspace.yaml', import.meta.url)
export const DEMO_TENANT = 'contoso'

type ServeOptions = {
  readonly config: Config
  readonly now: () => Date
  readonly random: Random
  readonly logStream?: { write(textLine: string): void }
  readonly runner?: RunnerOptions
  /** Called with a sentence for each step of the start that takes long. */
  readonly tell?: (textLine: string) => void
  /** Callers that may wait for a batch of one verb; beyond, 503. Default 10,000. */
  readonly maxQueue?: number
  /** The clock of the watch over failing receivers; tests only. */
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
  /** The command line's key, an operator's. It is replaced when all such keys were made void. */
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
  // Loaded while the database starts.
  const metrics = loadMetrics()
  try {
    // For the embedded PostgreSQL, the room postgres makes the directory, and sets who may read it.
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
        // Not the public URL: that may lead through a proxy that does not run yet, or to another machine.
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

/** The password has a file of its own (postgres/embedded-password.ts). */
function withoutPassword({ password, ...options }: DatabaseOptions): DatabaseOptions {
  return options
}

function serverFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'server.json')
}

/**
 * Makes the demo's tenant at the first start. Later the tenant stays as people have changed it. Only while it is still exactly what
 * the file says, its addresses are updated after the server has moved to another port.
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
