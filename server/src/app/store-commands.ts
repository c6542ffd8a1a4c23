// The commands that open the database themselves: backup and hold, which also work beside a running server, and restore.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecurityLog } from '../auth/security-log.ts'
import { backup } from '../backup/backup.ts'
import { restore } from '../backup/restore.ts'
import type { CliIo } from '../cli/cli-io.ts'
import { readConfig } from '../config/config.ts'
import { placeHold, placeHoldBeside } from '../engine/hold/hold.ts'
import { readEmbeddedPassword } from '../postgres/embedded-password.ts'
import { openDatabase } from '../postgres/open-database.ts'
import { Database, type DatabaseOptions } from '../store/database.ts'
import { checkSchema } from '../store/migrate.ts'

export async function backupDatabase(io: CliIo, file: string): Promise<{ bytes: number; rows: number }> {
  const config = readConfig(io.env, io.cwd)
  const database = config.databaseUrl === null ? runningServer(config.dataDir)?.database : null
  if (database) {
    // The embedded PostgreSQL of the server that runs here: a second one on its directory would be refused.
    const db = new Database({ ...database, maxConnections: 1, statementTimeoutMs: 0 })
    try {
      return await backup(db, file, { now: () => new Date() })
    } finally {
      await db.close()
    }
  }
  await using own = await openDatabase({
    ...config,
    databaseUrl: config.databaseUrl ?? undefined,
    schema: 'as-is',
  })
  return await backup(own.db, file, { now: () => new Date() })
}

/** A restored server is on hold from its first start: see engine/hold/hold.ts. */
export async function restoreDatabase(
  io: CliIo,
  file: string,
): Promise<{ tables: number; createdAt: string }> {
  const config = readConfig(io.env, io.cwd)
  await using database = await openDatabase({
    ...config,
    databaseUrl: config.databaseUrl ?? undefined,
    schema: 'as-is',
  })
  const restored = await restore(database.db, file, {
    restored: async (tx, backupAt) => {
      const by = './standdown restore'
      await placeHold(tx, { by, reason: null, restored: { backupAt }, replace: true })
    },
  })
  recordHold(io, 'restore', true)
  return restored
}

type HoldOptions = {
  readonly reason: string | null
  /** The hold is only a pause, nothing was restored: what is due does not become doubtful. */
  readonly pause: boolean
}

/** Works beside a running server too, and before the first start of a server whose database was restored by other means. */
export async function holdDatabase(io: CliIo, options: HoldOptions): Promise<boolean> {
  const placed = await placedHold(io, options)
  if (placed) recordHold(io, 'hold', !options.pause)
  return placed
}

/** There may be no server that runs, so the command writes the security log line itself. */
function recordHold(io: CliIo, command: string, restored: boolean): void {
  const now = () => new Date()
  const write = (fields: object) =>
    io.stderr(`${JSON.stringify({ log: 'security', time: now().toISOString(), ...fields })}\n`)
  const context = { by: null, from: 'the command line', requestId: command }
  new SecurityLog({ write, now }).record('hold', context, { restored })
}

async function placedHold(io: CliIo, { reason, pause }: HoldOptions): Promise<boolean> {
  const config = readConfig(io.env, io.cwd)
  const hold = { by: './standdown hold', reason, restored: pause ? null : { backupAt: null } }
  const database = config.databaseUrl === null ? runningServer(config.dataDir)?.database : null
  if (database) {
    const db = new Database({ ...database, maxConnections: 1, statementTimeoutMs: 0 })
    try {
      await checkSchema(db)
      return await placeHoldBeside(db, hold)
    } finally {
      await db.close()
    }
  }
  await using own = await openDatabase({ ...config, databaseUrl: config.databaseUrl ?? undefined })
  return await placeHoldBeside(own.db, hold)
}

export type RunningServer = {
  readonly url: string
  readonly pid: number
  /** How to reach its embedded database. */
  readonly database: DatabaseOptions | null
}

/** The server whose file lies in `dataDir`; null when that process is gone. */
export function runningServer(dataDir: string): RunningServer | null {
  try {
    const server = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as RunningServer
    process.kill(server.pid, 0)
    const password = readEmbeddedPassword(dataDir)
    const { database } = server
    return { ...server, database: database && password ? { ...database, password } : database }
  } catch {
    return null
  }
}
