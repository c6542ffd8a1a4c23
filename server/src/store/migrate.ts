// Brings a database's schema up to date: each migration once, in order, in a transaction of its own together with its
// row in public.standdown_migration. Any number of servers may do so at once.

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Database, Queries } from './database.ts'
import { storeFault } from './faults.ts'
import { createFunctions } from './functions.ts'
import { knownMigrations, type Migration } from './migrations.ts'
import { type Statement, statements } from './statements.ts'

const sql = statements(import.meta.url)

export const createMigrationTable = (): Statement => sql('create-migration-table')
export const appliedMigrations = (): Statement => sql('applied-migrations')

// An advisory lock's key is a number that nobody else uses: the bytes of "standdow".
const LOCK = '8319679501440837495'
const OLDEST_POSTGRES = 15
/** The error that a migration raises if it must not run beside a server of an older version, and such a server holds a lease. */
const OLDER_SERVER = 'SD001'
const LOOK_EVERY_MS = 500

export type AppliedMigration = { readonly number: number; readonly name: string; readonly checksum: string }

type MigrateOptions = {
  /** Called with a sentence that says what is done to a database that is not new, or what is waited for. */
  readonly tell?: (textLine: string) => void
  /** How long a server of an older version has to end, ms. Default 30,000: twice as long as a lease outlives a kill -9. */
  readonly patienceMs?: number
}

/**
 * Applies what is missing and resolves with its numbers. Throws DATABASE_TOO_OLD, DATABASE_NOT_UTF8, SCHEMA_NEWER,
 * MIGRATION_CHANGED, MIGRATION_FAILED or OLDER_SERVER_RUNS; what was applied before a failure stays.
 */
export async function migrate(
  db: Database,
  history?: readonly Migration[],
  { tell = () => {}, patienceMs = 30_000 }: MigrateOptions = {},
): Promise<readonly number[]> {
  const known = history ?? knownMigrations()
  const client = await db.connect()
  try {
    await refuseUnfit(client)
    await client.query('set statement_timeout = 0')
    await client.query({ ...sql('lock-migrations'), values: [LOCK] })
    await client.query(createMigrationTable())
    const { rows: applied } = await client.query<AppliedMigration>(appliedMigrations())
    refuseStrange(applied, known)
    const missing = known.filter(migration => !applied.some(row => row.number === migration.number))
    for (const migration of missing) {
      if (applied.length > 0)
        tell(`bringing the database up to date: migration ${migration.number} (${migration.name})`)
      await applyOnceAlone(client, migration, { tell, patienceMs })
    }
    // Tests with migrations of their own have none of our functions.
    if (history === undefined) await createFunctions(client)
    return missing.map(migration => migration.number)
  } finally {
    // The advisory lock ends with the session.
    await client.end()
  }
}

/** Waits for servers of an older version to end: one that was killed a moment ago still holds its lease. */
async function applyOnceAlone(
  client: pg.ClientBase,
  migration: Migration,
  { tell, patienceMs }: Required<MigrateOptions>,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  for (let looks = 0; ; looks++) {
    const older = await tryToApply(client, migration)
    if (older === null) return
    if (performance.now() >= giveUpAt) throw storeFault.OLDER_SERVER_RUNS({ reason: older })
    if (looks === 0) tell(`${older}; waiting for it to end, ${Math.ceil(patienceMs / 1000)} s at most`)
    await sleep(LOOK_EVERY_MS)
  }
}

/** Runs in a transaction of its own. Returns null, or the server of an older version that prevents it. */
async function tryToApply(client: pg.ClientBase, migration: Migration): Promise<string | null> {
  await client.query('begin')
  try {
    await applyMigration(client, migration)
    await client.query('commit')
    return null
  } catch (error) {
    await client.query('rollback').catch(() => {})
    const { code, message } = ((error as Error).cause ?? {}) as {
      readonly code?: string
      readonly message?: string
    }
    if (code === OLDER_SERVER) return message ?? ''
    throw error
  }
}

/** One migration and its row, in the caller's transaction. Throws MIGRATION_FAILED. */
export async function applyMigration(client: pg.ClientBase, migration: Migration): Promise<void> {
  const { number, name, checksum } = migration
  try {
    await client.query(migration.sql)
    await client.query({ ...sql('record-migration'), values: [number, name, checksum] })
  } catch (error) {
    throw storeFault.MIGRATION_FAILED({ number, migration: name, reason: (error as Error).message }, error)
  }
}

/** Resolves when the schema is exactly this version's; throws SCHEMA_OLDER, SCHEMA_NEWER or MIGRATION_CHANGED. */
export async function checkSchema(
  queries: Queries,
  known: readonly Migration[] = knownMigrations(),
): Promise<void> {
  const [table] = await queries.query<{ found: boolean }>(sql('migration-table-exists'))
  const applied = table?.found ? await queries.query<AppliedMigration>(appliedMigrations()) : []
  refuseStrange(applied, known)
  const missing = known.find(migration => !applied.some(row => row.number === migration.number))
  if (missing) throw storeFault.SCHEMA_OLDER({ number: missing.number, migration: missing.name })
}

/** Throws SCHEMA_NEWER or MIGRATION_CHANGED unless every one of `applied` is known as it was applied. */
export function refuseStrange(applied: readonly AppliedMigration[], known: readonly Migration[]): void {
  for (const row of applied) {
    const mine = known.find(migration => migration.number === row.number)
    const named = { number: row.number, migration: row.name }
    if (!mine) throw storeFault.SCHEMA_NEWER(named)
    if (mine.checksum !== row.checksum) throw storeFault.MIGRATION_CHANGED(named)
  }
}

/** Throws DATABASE_TOO_OLD or DATABASE_NOT_UTF8. */
export async function refuseUnfit(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(sql('server-facts'))
  const found = rows[0]
  if (!found || found.version < OLDEST_POSTGRES) {
    throw storeFault.DATABASE_TOO_OLD({ found: found?.version ?? null })
  }
  if (found.encoding !== 'UTF8') throw storeFault.DATABASE_NOT_UTF8({ found: found.encoding })
}
