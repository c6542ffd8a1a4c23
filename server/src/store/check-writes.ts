// Checks whether the database accepts writes: reads may work while it is a standby, is set read-only, or has no disk left.

import type { Queries } from './database.ts'
import { statements } from './statements.ts'

const sql = statements(import.meta.url)

class DatabaseReadOnly extends Error {
  override readonly name = 'DatabaseReadOnly'
}

class DiskFull extends Error {
  override readonly name = 'DiskFull'
}

/** Resolves when it accepts writes; throws what the queries throw, DatabaseReadOnly or DiskFull. Changes nothing. */
export async function checkWrites(queries: Queries): Promise<void> {
  try {
    await queries.query(sql('probe-write'))
    await queries.query(sql('probe-disk'))
  } catch (error) {
    const code = codeOf(error) ?? codeOf((error as Error).cause)
    if (code === '25006') throw new DatabaseReadOnly('the database takes no writes', { cause: error })
    if (code === '53100') throw new DiskFull('the disk of the database is full', { cause: error })
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code
}
