// Brings a database's schema up to date: each migration once, in order, in a transaction of its own together with its
// row in public.standdown_migration. Any number of servers may do so at once.

import type pg from 'pg'
import type { Database } from './database.ts'
import { knownMigrations, type Migration } from './migrations.ts'
import { statements } from './statements.ts'
import { storeFault } from './store-faults.ts'

const sql = statements(import.meta.url)

// An advisory lock's key is a number that nobody else uses: the bytes of "standdow".
const LOCK = '8319679501440837495'
const OLDEST_POSTGRES = 15

export type AppliedMigration = { readonly number: number; readonly name: string; readonly checksum: string }

/**
 * Applies what is missing and resolves with its numbers. Throws DATABASE_TOO_OLD, DATABASE_NOT_UTF8, SCHEMA_NEWER,
 * MIGRATION_CHANGED or MIGRATION_FAILED; what was applied before a failure stays.
 */
export async function migrate(
  db: Database,
  known: readonly Migration[] = knownMigrations(),
): Promise<readonly number[]> {
  const client = await db.connect()
  try {
    await refuseUnfit(client)
    await client.query('set statement_timeout = 0')
    await client.query({ ...sql('lock-migrations'), values: [LOCK] })
    await client.query(sql('create-migration-table'))
    const { rows: applied } = await client.query<AppliedMigration>(sql('applied-migrations'))
    refuseStrange(applied, known)
    const missing = known.filter(migration => !applied.some(row => row.number === migration.number))
    for (const migration of missing) {
      await client.query('begin')
      try {
        await applyMigration(client, migration)
        await client.query('commit')
      } catch (error) {
        await client.query('rollback').catch(() => {})
        throw error
      }
    }
    return missing.map(migration => migration.number)
  } finally {
    // The advisory lock goes with the session.
    await client.end()
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
  db: Database,
  known: readonly Migration[] = knownMigrations(),
): Promise<void> {
  const [table] = await db.query<{ found: boolean }>(sql('migration-table-exists'))
  const applied = table?.found ? await db.query<AppliedMigration>(sql('applied-migrations')) : []
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
