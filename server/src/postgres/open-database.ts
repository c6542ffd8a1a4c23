// Opens the database of a server or a command: the one that DATABASE_URL names, or the embedded one in DATA_DIR.

import { setTimeout as pause } from 'node:timers/promises'
import { Database, type DatabaseOptions } from '../store/database.ts'
import { storeFault } from '../store/faults.ts'
import { migrate, refuseUnfit } from '../store/migrate.ts'
import { startEmbedded } from './embedded.ts'

/** Each takes 5 s where nothing answers. */
const CONNECT_TRIES = 3
const CONNECT_PAUSE_MS = 1000

type OpenOptions = {
  readonly dataDir: string
  /** `postgres://…`; without it the embedded PostgreSQL is used. */
  readonly databaseUrl?: string | undefined
  /** Gets each line that the embedded PostgreSQL writes. */
  readonly log?: (textLine: string) => void
  /** Called with a sentence that says what is done to a database of an older version, or what is waited for. */
  readonly tell?: (textLine: string) => void
  /** Most connections at once. Default 12. */
  readonly maxConnections?: number
  /** `migrated` (the default) brings the schema up to date; `as-is` leaves it, for backup and restore. */
  readonly schema?: 'migrated' | 'as-is'
}

export interface OpenDatabase extends AsyncDisposable {
  readonly db: Database
  /** For other connections to this database. */
  readonly options: DatabaseOptions
  /** Whether it is the embedded PostgreSQL or one of the operator's. */
  readonly kind: 'embedded' | 'external'
  /** Resolves with the reason when the embedded PostgreSQL died and did not come back; with null after `close`. */
  readonly lost: Promise<Error | null>
  /** Closes the connections, then stops the embedded PostgreSQL. May be called twice. */
  close(): Promise<void>
}

/** Throws what startEmbedded and migrate throw, and DATABASE_UNREACHABLE for a DATABASE_URL that does not answer. */
export async function openDatabase(options: OpenOptions): Promise<OpenDatabase> {
  const closed = Promise.withResolvers<null>()
  const embedded = options.databaseUrl
    ? null
    : await startEmbedded({ dataDir: options.dataDir, ...(options.log && { log: options.log }) })
  const reach: DatabaseOptions = embedded?.options ?? { connectionString: options.databaseUrl ?? '' }
  const limits = options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }
  const db = new Database({ ...reach, ...limits })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await db.close()
      await embedded?.stop()
      closed.resolve(null)
    })()
    return closing
  }
  try {
    if (!embedded) await refuseUnreachable(db)
    if (options.schema !== 'as-is') await migrate(db, undefined, options)
  } catch (error) {
    await close()
    throw error
  }
  return {
    db,
    options: reach,
    kind: embedded ? 'embedded' : 'external',
    lost: embedded?.exited ?? closed.promise,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function refuseUnreachable(db: Database): Promise<void> {
  const client = await connect(db)
  try {
    await refuseUnfit(client)
  } finally {
    await client.end()
  }
}

/** A database that is busy, or a machine that stood still for a moment, may answer when it is asked again. */
async function connect(db: Database, tries = CONNECT_TRIES): ReturnType<Database['connect']> {
  try {
    return await db.connect()
  } catch (error) {
    if (tries > 1 && !isRefusal(error)) {
      await pause(CONNECT_PAUSE_MS)
      return await connect(db, tries - 1)
    }
    throw storeFault.DATABASE_UNREACHABLE({ reason: reasonOf(error) }, error)
  }
}

/** PostgreSQL has answered, and would answer the same again: no such role or password (class 28), no such database (3D). */
function isRefusal(error: unknown): boolean {
  return /^(28|3D)/.test(String((error as { readonly code?: unknown }).code))
}

// The driver's messages contain no password. An AggregateError (no address answered) has its messages in its parts.
function reasonOf(error: unknown): string {
  const all = error instanceof AggregateError ? error.errors : [error]
  return all.map(one => (one as Error).message).join('; ')
}
