// The face of this room: writes all rows of our schemas to one file, as they were at one moment, while the server goes on. restore.ts
// reads that file again. This room copies tables without knowing what they mean: it must not interpret or change a row.

import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import pg from 'pg'
import { directoryFault } from '../postgres/data-directory.ts'
import type { Database } from '../store/database.ts'
import { storeFault } from '../store/faults.ts'
import { type AppliedMigration, appliedMigrations, checkSchema } from '../store/migrate.ts'
import { knownMigrations, type Migration, schemasOf } from '../store/migrations.ts'
import { BACKUP_VERSION, BackupDigest } from './backup-format.ts'
import { copyOut } from './copy-stream.ts'
import { sql } from './statements.ts'

type BackupReport = { readonly tables: number; readonly rows: number; readonly bytes: number }

/**
 * Writes `file` whole or not at all, readable only by its owner: it holds every secret that the database holds.
 * Throws BACKUP_EXISTS, DISK_FULL, DATA_DIRECTORY_UNUSABLE, SCHEMA_OLDER, SCHEMA_NEWER or MIGRATION_CHANGED.
 */
export async function backup(
  db: Database,
  file: string,
  { now, known = knownMigrations() }: { now: () => Date; known?: readonly Migration[] },
): Promise<BackupReport> {
  await checkSchema(db, known)
  if (await exists(file)) throw storeFault.BACKUP_EXISTS({ file })
  const draft = `${file}.part`
  const client = await db.connect()
  // When the connection breaks, the query that is running gets the error too.
  client.on('error', () => {})
  const count = { tables: 0, rows: 0 }
  try {
    await client.query('begin isolation level repeatable read read only')
    const content = Readable.from(contentOf(client, { now: now(), schemas: schemasOf(known), count }), {
      objectMode: false,
    })
    await pipeline(content, createGzip({ level: 6 }), createWriteStream(draft, { mode: 0o600, flush: true }))
    await client.query('commit')
    await rename(draft, file)
    return { ...count, bytes: (await stat(file)).size }
  } catch (error) {
    await rm(draft, { force: true })
    throw directoryFault(error, file)
  } finally {
    await client.end()
  }
}

async function* contentOf(
  client: pg.Client,
  { now, schemas, count }: { now: Date; schemas: readonly string[]; count: { tables: number; rows: number } },
): AsyncGenerator<Buffer> {
  const digest = new BackupDigest()
  const migrations = await client.query<AppliedMigration>(appliedMigrations())
  yield digest.format({
    backup: 'standdown',
    version: BACKUP_VERSION,
    createdAt: now.toISOString(),
    migrations: migrations.rows,
  })
  for (const { schema, name, columns } of await tablesInOrder(client, schemas)) {
    yield digest.format({ table: name, schema, columns })
    count.tables += 1
    for await (const rows of copyOut(client, `copy ${copyTarget(schema, name, columns)} to stdout`)) {
      count.rows += linesIn(rows)
      yield digest.format({ bytes: rows.length })
      yield digest.bytes(rows)
    }
  }
  // Last, because a sequence is not part of the snapshot: read last, its value is not behind any row of the snapshot.
  const sequences = await client.query<{ schema: string; name: string; value: string | null }>({
    ...sql('backup-sequences'),
    values: [schemas],
  })
  for (const { schema, name, value } of sequences.rows) {
    if (value !== null) yield digest.format({ sequence: name, schema, value })
  }
  yield digest.end()
}

type Table = { readonly schema: string; readonly name: string; readonly columns: readonly string[] }
type Reference = { readonly from: string; readonly to: string }

/** All tables, each after the ones that its foreign keys refer to, so that they can be filled in this order. */
export async function tablesInOrder(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<readonly Table[]> {
  const { rows: tables } = await client.query<Table>({ ...sql('backup-tables'), values: [schemas] })
  const { rows: references } = await client.query<Reference>({
    ...sql('backup-references'),
    values: [schemas],
  })
  const ordered: Table[] = []
  const placed = new Set<string>()
  while (ordered.length < tables.length) {
    const next = tables.filter(table => {
      const name = `${table.schema}.${table.name}`
      return !placed.has(name) && references.every(({ from, to }) => from !== name || placed.has(to))
    })
    if (next.length === 0) throw new Error('foreign keys refer to one another in a circle')
    for (const table of next) {
      placed.add(`${table.schema}.${table.name}`)
      ordered.push(table)
    }
  }
  return ordered
}

/** `"engine"."event" ("shard", …)`, for COPY. */
export function copyTarget(schema: string, table: string, columns: readonly string[]): string {
  return `${tableName(schema, table)} (${columns.map(column => pg.escapeIdentifier(column)).join(', ')})`
}

export function tableName(schema: string, table: string): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`
}

// COPY writes a line break in a value as \n, so each line is a row.
function linesIn(rows: Buffer): number {
  let lines = 0
  for (let at = rows.indexOf(0x0a); at >= 0; at = rows.indexOf(0x0a, at + 1)) lines += 1
  return lines
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
