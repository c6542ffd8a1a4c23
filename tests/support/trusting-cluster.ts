// The tests' PostgreSQL trusts whoever reaches its socket, and waits for no disk, which production's does not: what reads along on the wire, and
// answers for it (postgres-way.ts, chaos/wire-backend.ts), could not give a password. tests/postgres/embedded-password.test.ts
// is about the one that asks for it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { EmbeddedPostgres } from '../../server/src/postgres/embedded.ts'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { until } from './until.ts'

/** For as many test files as run beside each other, some of which have six servers. */
export const MAX_CONNECTIONS_OF_TESTS = 400

/** Resolves with how to reach it, without a password, when that is enough. */
export async function trustEverybody(postgres: EmbeddedPostgres, dataDir: string): Promise<DatabaseOptions> {
  const { password, ...open } = postgres.options
  // Its owner stays: PostgreSQL reads it as its own user.
  writeFileSync(join(dataDir, 'postgresql', 'pg_hba.conf'), 'local all all trust\n')
  const admin = new pg.Client({ ...open, ...(password && { password }) })
  await admin.connect()
  // No test lets this machine lose its power, and most wait for a commit somewhere.
  await admin.query('alter system set fsync = off')
  await admin.query('select pg_reload_conf()')
  await admin.end()
  // It reads them when it has a moment.
  await until(() => letsIn(open))
  return open
}

async function letsIn(options: DatabaseOptions): Promise<boolean> {
  const client = new pg.Client(options)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end()
  }
}
