// How much disk a database takes, its log included.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../server/src/store/database.ts'

export async function megabytes(db: Database): Promise<number> {
  const [row] = await db.query<{ bytes: number }>({
    text: `select pg_database_size(current_database()) + (select sum(size)::bigint from pg_ls_waldir()) as bytes`,
  })
  return Math.round((row?.bytes ?? 0) / 1e6)
}

/** The most that it was, looked at now and then. */
export async function mostMegabytes(db: Database, until: AbortSignal): Promise<number> {
  let most = 0
  while (!until.aborted) {
    most = Math.max(most, await megabytes(db))
    await sleep(100)
  }
  return most
}
