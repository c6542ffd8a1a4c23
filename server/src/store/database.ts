// The one place where connections and transactions are made. Everything that writes takes a `Tx`, which only
// `Database.transaction` can make: there is no optional transaction argument to forget.

import pg from 'pg'
import { crashPoint } from './crash-point.ts'
import type { Statement } from './statements.ts'

// int8 as number: births, counts and milliseconds stay far below 2^53. Timestamps stay Date (pg's default).
pg.types.setTypeParser(20, Number)

/** Anything that can run a named statement. */
export interface Queries {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<readonly Row[]>
}

/** An open transaction, READ COMMITTED. Statements of one transaction run one after another, in the order of the calls. */
export interface Tx extends Queries {
  readonly brand: 'tx'
  /**
   * As query, for what would do no harm if it were run alone (it locks, or looks): travels along with `begin`, which saves
   * a round trip, while nothing else has been asked for.
   */
  look<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<readonly Row[]>
  /** A statement whose rows nobody needs: runs in its turn, its error is that of the next query or of the commit. */
  send(statement: Statement, values?: readonly unknown[]): void
  /** Runs after the commit, never after a rollback. For hints; must not throw. */
  afterCommit(hook: () => void): void
}

/** Thrown when the database cannot be reached; http turns it into 503 with Retry-After. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
}

export type DatabaseOptions = {
  readonly connectionString?: string
  readonly host?: string
  readonly user?: string
  readonly database?: string
  readonly password?: string
  /** Most connections at once. Default 12. */
  readonly maxConnections?: number
  /** How long a caller waits for a connection before DatabaseUnavailable. Default 5,000 ms. */
  readonly connectTimeoutMs?: number
  /** PostgreSQL's statement_timeout, ms; 0 switches it off. Default 30,000. */
  readonly statementTimeoutMs?: number
}

// Every hot statement goes by index from an array of keys, however large or young its tables are. Left alone, the planner
// takes plans for tables that it believes to be small, and keeps them prepared while they grow: measured, one such plan
// made a cancel 6 ms slower until the next analyze. docs/bench.md; tests/engine/plans.test.ts holds the plans.
const PLAN_OPTIONS =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off'

export class Database implements Queries {
  readonly options: DatabaseOptions
  private readonly pool: pg.Pool

  constructor(options: DatabaseOptions) {
    this.options = options
    this.pool = new pg.Pool({
      connectionString: options.connectionString,
      host: options.host,
      user: options.user,
      database: options.database,
      password: options.password,
      max: options.maxConnections ?? 12,
      connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
      idleTimeoutMillis: 30_000,
      application_name: 'standdown',
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      keepAlive: true,
      options: PLAN_OPTIONS,
      // Statements that do not wait for each other's answers share a round trip.
      pipeline: true,
    })
    // An idle connection that breaks is replaced by the pool; without a listener the process would end.
    this.pool.on('error', ignore)
    // From its first moment on, and while it is out: a connection may break before its caller hears that it has it.
    this.pool.on('connect', client => client.on('error', ignore))
  }

  async query<Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[] = []) {
    return unavailableAsSuch(async () => {
      const result = await this.pool.query<Row>({ ...statement, values: values as unknown[] })
      return result.rows
    })
  }

  /**
   * Runs `work` in one transaction and commits once. `name` names its crash points (`<name>:before-commit`,
   * `<name>:after-commit`), at which a crash test kills the process.
   */
  async transaction<T>(name: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return unavailableAsSuch(async () => {
      const client = await this.pool.connect()
      const hooks: (() => void)[] = []
      // What is under way without anybody waiting for it yet, and the first fault: it is what all later ones come from.
      const sent: Promise<unknown>[] = []
      let fault: { readonly error: unknown } | null = null
      const run = async <Row extends pg.QueryResultRow>(
        statement: Statement,
        values: readonly unknown[] = [],
      ) => {
        try {
          return (await client.query<Row>({ ...statement, values: values as unknown[] })).rows
        } catch (error) {
          fault ??= { error }
          throw fault.error
        }
      }
      const send = (query: Promise<unknown>) => {
        query.catch(ignore)
        sent.push(query)
        return query
      }
      let broken: Error | undefined
      try {
        const begun = send(run({ text: 'begin' }))
        let onlyLooked = true
        const inTurn: typeof run = async (statement, values) => {
          onlyLooked = false
          await begun
          return await run(statement, values)
        }
        const tx: Tx = {
          brand: 'tx',
          query: inTurn,
          look: (statement, values) => (onlyLooked ? run : inTurn)(statement, values),
          send: (statement, values) => void send(inTurn(statement, values)),
          afterCommit: hook => void hooks.push(hook),
        }
        const value = await work(tx)
        // Also what is sent while others are waited for.
        for (const query of sent) await query
        // PostgreSQL answers the commit of a transaction that failed with a rollback, and calls that no error.
        if (fault !== null) throw (fault as { readonly error: unknown }).error
        crashPoint(`${name}:before-commit`)
        await client.query('commit')
        crashPoint(`${name}:after-commit`)
        for (const hook of hooks) hook()
        return value
      } catch (error) {
        try {
          await client.query('rollback')
        } catch (rollbackError) {
          broken = rollbackError as Error
        }
        throw error
      } finally {
        client.release(broken)
      }
    })
  }

  /** A connection of its own, outside the pool, for LISTEN. The caller ends it, and sees by 'end' that it broke. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.options.connectionString,
      host: this.options.host,
      user: this.options.user,
      database: this.options.database,
      password: this.options.password,
      application_name: 'standdown-listen',
      keepAlive: true,
    })
    client.on('error', ignore)
    await client.connect()
    return client
  }

  async close(): Promise<void> {
    await this.pool.end()
  }
}

// For what a connection says when nobody waits for an answer: unheard, it would end the process. Who asks next is told.
function ignore(): void {}

// Class 08 without protocol violations: connection exceptions; 57P01-57P03: shut down, crash shutdown, starting up; 53300: too many connections.
const UNAVAILABLE = /^(08(000|001|003|004|006|007)|57P0[1-3]|53300)$/
const UNAVAILABLE_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
])

/** True for an error that says that the database is away, not that the statement was wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return UNAVAILABLE.test(code) || UNAVAILABLE_SYSTEM.has(code)
  return /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|connection timeout/i.test(
    error.message,
  )
}

async function unavailableAsSuch<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DatabaseUnavailable || !isUnavailable(error)) throw error
    throw new DatabaseUnavailable('the database is not reachable', { cause: error })
  }
}
