// Restores a backup into an empty database, in one transaction: all of it or nothing. First the migrations that the backup names make
// the schema, then the rows are copied, then the newer migrations of this version are applied, and last `restored` is called.

import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type pg from 'pg'
import { ownInstant } from '../core/instant.ts'
import type { Database, Queries } from '../store/database.ts'
import { storeFault } from '../store/faults.ts'
import { applyMigration, createMigrationTable, refuseStrange, refuseUnfit } from '../store/migrate.ts'
import { knownMigrations, type Migration, schemasOf } from '../store/migrations.ts'
import { copyTarget, tableName, tablesInOrder } from './backup.ts'
import { BackupReader, type RowsEntry, type SequenceEntry, type TableEntry } from './backup-format.ts'
import { copyIn } from './copy-stream.ts'
import { sql } from './statements.ts'

/** Tables of the processes that worked on the backed-up database: none of them works on this one. */
const LEASES: ReadonlySet<string> = new Set(['engine.worker', 'engine.start_ticket'])

type RestoreOptions = {
  readonly known?: readonly Migration[]
  /** Called last, in the same transaction: records that the world may have changed since the backup. */
  readonly restored: (tx: Queries, createdAt: Date) => Promise<void>
}

type RestoreReport = { readonly tables: number; readonly createdAt: string }

/**
 * Throws RESTORE_NOT_EMPTY, BACKUP_UNREADABLE, BACKUP_DAMAGED, BACKUP_UNKNOWN, SCHEMA_NEWER, MIGRATION_CHANGED,
 * DATABASE_TOO_OLD or DATABASE_NOT_UTF8; the database is then empty, as before.
 */
export async function restore(
  db: Database,
  file: string,
  { known = knownMigrations(), restored }: RestoreOptions,
): Promise<RestoreReport> {
  const source = createReadStream(file)
  const unpacked = createGunzip()
  // Errors are thrown where the stream is read; until then a listener is needed, or they would end the process.
  unpacked.on('error', () => {})
  source.on('error', error => unpacked.destroy(error))
  source.pipe(unpacked)
  const reader = new BackupReader(unpacked, file)
  const client = await db.connect()
  client.on('error', () => {})
  try {
    await refuseUnfit(client)
    await client.query('set statement_timeout = 0')
    await client.query('begin')
    const obstacles = await client.query<{ name: string }>({
      ...sql('restore-obstacles'),
      values: [schemasOf(known)],
    })
    if (obstacles.rows.length > 0) {
      throw storeFault.RESTORE_NOT_EMPTY({ found: obstacles.rows.map(row => row.name).join(', ') })
    }
    const header = await reader.header()
    refuseStrange(header.migrations, known)
    await client.query(createMigrationTable())
    const isInBackup = ({ number }: Migration) => header.migrations.some(row => row.number === number)
    for (const migration of known) if (isInBackup(migration)) await applyMigration(client, migration)
    await emptyTables(client, known)
    const tables = await fill(client, reader)
    for (const migration of known) if (!isInBackup(migration)) await applyMigration(client, migration)
    await restored(
      {
        query: async (statement, values = []) =>
          (await client.query({ ...statement, values: [...values] })).rows,
      },
      ownInstant(header.createdAt),
    )
    await client.query('commit')
    return { tables, createdAt: header.createdAt }
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw restoreFault(error, file, reader)
  } finally {
    source.destroy()
    unpacked.destroy()
    await client.end()
  }
}

function restoreFault(error: unknown, file: string, reader: BackupReader): unknown {
  const { code, message, cause } = error as NodeJS.ErrnoException
  const system = (cause as NodeJS.ErrnoException | undefined)?.code
  if (system && ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(system)) {
    return storeFault.BACKUP_UNREADABLE({ file, reason: (cause as Error).message }, cause)
  }
  // 53100: PostgreSQL's disk is full. Classes 22 and 23: values that no row can have had.
  if (code === '53100') return storeFault.DISK_FULL({ dataDir: 'the database' }, error)
  if (code && /^(22|23)...$/.test(code))
    return reader.damaged(`holds rows that do not fit: ${message}`, error)
  return error
}

// A migration may have inserted rows; the backup holds them in their last state.
async function emptyTables(client: pg.Client, known: readonly Migration[]): Promise<void> {
  const tables = await tablesInOrder(client, schemasOf(known))
  if (tables.length === 0) return
  await client.query(`truncate ${tables.map(({ schema, name }) => tableName(schema, name)).join(', ')}`)
}

type Entry = TableEntry | RowsEntry | SequenceEntry | null

async function fill(client: pg.Client, reader: BackupReader): Promise<number> {
  let tables = 0
  let entry: Entry = await reader.entry()
  while (entry !== null) {
    if ('table' in entry) {
      const { schema, table, columns } = entry
      const rows = new RowsOfTable(reader)
      if (LEASES.has(`${schema}.${table}`)) await rows.skip()
      else await copyIn(client, `copy ${copyTarget(schema, table, columns)} from stdin`, rows)
      entry = rows.next
      tables += 1
    } else if ('sequence' in entry) {
      await client.query({ ...sql('restore-sequence'), values: [entry.schema, entry.sequence, entry.value] })
      entry = await reader.entry()
    } else {
      throw reader.damaged('has rows without a table')
    }
  }
  return tables
}

/** The rows that follow a table's line. After them, `next` is the first line that is no rows entry. */
class RowsOfTable implements AsyncIterable<Buffer> {
  next: Entry = null
  private readonly reader: BackupReader

  constructor(reader: BackupReader) {
    this.reader = reader
  }

  async skip(): Promise<void> {
    for await (const _ of this);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const entry = await this.reader.entry()
      if (entry === null || !('bytes' in entry)) {
        this.next = entry
        return
      }
      yield* this.reader.rows(entry)
    }
  }
}
