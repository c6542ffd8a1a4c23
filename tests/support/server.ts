// A whole running server for a test: real PostgreSQL, real HTTP and HTTPS ports, the demo workspace, kept mail.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComposeNeeds } from '../../server/src/app/compose-needs.ts'
import { DEMO_TENANT, type Serving, serve } from '../../server/src/app/serve.ts'
import { readConfig } from '../../server/src/config/config.ts'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { testDatabase } from './database.ts'

export { DEMO_TENANT }

export type TestServer = AsyncDisposable &
  Serving & {
    readonly dataDir: string
    /** How to reach its database. */
    readonly databaseOptions: DatabaseOptions
    /** Lines that it logged. */
    readonly log: readonly string[]
    /** A bearer token of a demo person, by the part before the @. */
    personToken(name: string, scopes?: readonly string[]): Promise<string>
    /** A token of the demo app, at its site. */
    appToken(scopes?: readonly string[]): Promise<string>
    /** The clock of the demo's tenant moves on; resolves when what fell due has ended. */
    advance(ms: number): Promise<Date>
  }

export type TestServerOptions = {
  /**
   * A TCP port of this machine by which the server reaches the database; a password that it believes to need there, and
   * parameters of its URL.
   */
  readonly through?: { readonly port: number; readonly password?: string; readonly query?: string }
  /** Callers that may wait for a batch of one verb. */
  readonly maxQueue?: number
  /** The process's own clock. */
  readonly now?: () => Date
  /** How the watch over failing receivers tells the time. */
  readonly receivers?: ComposeNeeds['receivers']
}

/** `env`: settings as the environment gives them, over the test's own. */
export async function testServer(
  env: Readonly<Record<string, string>> = {},
  { through, maxQueue, receivers, now = () => new Date() }: TestServerOptions = {},
): Promise<TestServer> {
  const database = await testDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'standdown-server-'))
  const log: string[] = []
  const databaseUrl = through
    ? `postgresql://${database.options.user}:${through.password ?? ''}@127.0.0.1:${through.port}/${database.name}?${through.query ?? ''}`
    : database.url
  const clean = async () => {
    await database[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  }
  let serving: Serving
  try {
    serving = await serve({
      config: readConfig(
        { PORT: '0', TLS_PORT: '0', DATA_DIR: dataDir, DATABASE_URL: databaseUrl, ...env },
        dataDir,
      ),
      now,
      random: bytes => randomBytes(bytes),
      logStream: { write: line => void log.push(line) },
      ...(maxQueue !== undefined && { maxQueue }),
      ...(receivers && { receivers }),
      // What a receiver leaves hanging is not waited for when the test is over.
      runner: { graceMs: 0 },
    })
  } catch (error) {
    await clean()
    throw error
  }
  const { auth, engine } = serving.server
  const mint = async (whose: Parameters<typeof auth.mintToken>[0]['for'], scopes?: readonly string[]) =>
    (await auth.mintToken({ tenant: DEMO_TENANT, for: whose, ...(scopes && { scopes }) })).token
  return {
    ...serving,
    dataDir,
    databaseOptions: database.options,
    log,
    personToken: (name, scopes) => mint({ person: `${name}@contoso.example` }, scopes),
    appToken: scopes => mint({ app: 'demo-app' }, scopes),
    advance: ms => engine.advanceClock(DEMO_TENANT, ms),
    async [Symbol.asyncDispose]() {
      await serving.stop()
      await clean()
    },
  }
}
