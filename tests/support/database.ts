// A database for one test: fresh, migrated, real, gone after it. Copied from a template, which costs about 30 ms.

import { createHash, randomBytes } from 'node:crypto'
import pg from 'pg'
import { Database, type DatabaseOptions } from '../../server/src/store/database.ts'
import { knownFunctions } from '../../server/src/store/functions.ts'
import { migrate } from '../../server/src/store/migrate.ts'
import { knownMigrations } from '../../server/src/store/migrations.ts'
import { testPostgres } from './postgres.ts'

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database
  /** For a server. */
  readonly url: string
  /** For another connection or another process on the same database. */
  readonly options: DatabaseOptions
  readonly name: string
  /** Ours go: nobody may be connected to what is copied. */
  disconnect(): Promise<void>
}

export type TestDatabaseOptions = {
  /** Without our schema. */
  readonly empty?: boolean
  /** A copy of this one, to which nobody is connected. */
  readonly copyOf?: string
  /** Only with `empty`. Default UTF8. */
  readonly encoding?: 'UTF8' | 'SQL_ASCII'
  /** Of `db`'s pool. Default 12. */
  readonly maxConnections?: number
}

export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await testPostgres()
  const name = `test_${randomBytes(8).toString('hex')}`
  await asAdministrator(server, async admin => {
    const template = options.empty
      ? `template0 encoding ${options.encoding ?? 'UTF8'} locale 'C'`
      : (options.copyOf ?? (await migratedTemplate(admin, server)))
    // Without a log of its pages, which is the default: half the time.
    await admin.query(`create database ${name} template ${template} strategy file_copy`)
  })
  const own: DatabaseOptions = { ...server, database: name }
  const db = new Database({
    ...own,
    ...(options.maxConnections && { maxConnections: options.maxConnections }),
  })
  let closed: Promise<void> | undefined
  const disconnect = () => {
    closed ??= db.close()
    return closed
  }
  return {
    db,
    disconnect,
    url: `postgresql:///${name}?host=${encodeURIComponent(server.host ?? '')}&user=${encodeURIComponent(server.user ?? '')}`,
    options: own,
    name,
    async [Symbol.asyncDispose]() {
      await disconnect()
      await asAdministrator(server, admin => admin.query(`drop database if exists ${name} with (force)`))
    },
  }
}

// A template may not be copied while somebody is connected to it, nor made twice: one at a time, over all processes.
async function asAdministrator<T>(
  server: DatabaseOptions,
  work: (admin: pg.Client) => Promise<T>,
): Promise<T> {
  const admin = new pg.Client({ host: server.host, user: server.user, database: 'postgres' })
  await admin.connect()
  try {
    await admin.query('select pg_advisory_lock(1)')
    return await work(admin)
  } finally {
    await admin.end()
  }
}

async function migratedTemplate(admin: pg.Client, server: DatabaseOptions): Promise<string> {
  const migrations = knownMigrations()
  const mark = createHash('sha256')
    .update([...migrations.map(m => m.checksum), ...knownFunctions().map(f => f.name)].join())
    .digest('hex')
  const name = `template_${mark.slice(0, 16)}`
  const { rowCount } = await admin.query('select from pg_database where datname = $1', [name])
  if (rowCount) return name
  await admin.query('drop database if exists template_draft with (force)')
  await admin.query('create database template_draft template template0')
  const draft = new Database({ ...server, database: 'template_draft' })
  try {
    await migrate(draft)
  } finally {
    await draft.close()
  }
  await admin.query(`alter database template_draft rename to ${name}`)
  return name
}
