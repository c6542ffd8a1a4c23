// The face of this room, and the only place where connections and transactions are made. Everything that writes takes a `Tx`, which
// only `Database.transaction` can make, so there is no optional transaction argument to forget. This room knows how to talk to
// PostgreSQL: it must not know any table of another room, nor what a statement is for.

import pg from 'pg'
import { crashPoint } from './crash-point.ts'
import { Pulse } from './pulse.ts'
import { Reserve } from './reserve.ts'
import { Session } from './session.ts'
import type { Statement } from './statements.ts'
import { LazyTransaction } from './transaction.ts'

// int8 as number: sequence numbers, counts and milliseconds stay far below 2^53. Timestamps stay Date (pg's default).
pg.types.setTypeParser(20, Number)

/** Anything that can run a named statement. */
export interface Queries {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<readonly Row[]>
}

/** One statement of a flush. */
export type FlushStep = { readonly statement: Statement; readonly values?: readonly unknown[] }

/** The rows of each step of a flush, in order. */
type RowsOfEach<Rows extends readonly pg.QueryResultRow[]> = {
  readonly [At in keyof Rows]: readonly Rows[At][]
}

/** An open transaction, READ COMMITTED. Statements of one transaction run one after another, in the order of the calls. */
export interface Tx extends Queries {
  readonly brand: 'tx'
  /** As query. */
  look<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: Statement,
    values?: readonly unknown[],
  ): Promise<readonly Row[]>
  /** A statement whose rows nobody needs. It runs before the next query or the commit, which also reject with its error. */
  send(statement: Statement, values?: readonly unknown[]): void
  /** Runs after the commit, never after a rollback. For hints; must not throw. */
  afterCommit(hook: () => void): void
}

/** Thrown when the database cannot be reached; http turns it into 503 with Retry-After. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
}

/** Thrown when the database answers but lacks time, disk or memory. Also a 503, and the operator should look into it. */
export class DatabaseOverloaded extends Error {
  override readonly name = 'DatabaseOverloaded'

  /** A statement ran out of time. Unlike a full disk, one caller may be the cause, and a smaller batch may succeed. */
  get ranOutOfTime(): boolean {
    return (this.cause as { readonly code?: unknown } | undefined)?.code === '57014'
  }
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

// Every hot statement looks rows up by index from an array of keys, however large or new its tables are. Without these settings, the
// planner chooses plans for tables that it believes to be small, and keeps them prepared while the tables grow: in a measurement,
// one such plan made a cancel 6 ms slower until the next analyze. tests/engine/plans.test.ts holds the plans.
//
// Two idioms in the SQL have the same reason. The tables of waiting and running effects are often empty when they are analyzed. Then
// walking the whole index seems as cheap to the planner as looking one row up in it, and a thousand keys are compared with
// thousands of rows: 1.4 s for a batch that takes 10 ms.
//   r.shard = any (array[k.shard])       looks up as `=` does, but gives no order, so no reason to walk the index
//   lateral (select … offset 0)          stays inside the loop over the keys
export const PLAN_OPTIONS =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off'

// *Lock, then look* needs a snapshot for each statement, so the level is set, whatever the database's own default is.
const ISOLATION = '-c default_transaction_isolation=read\\ committed'

// The queries of the reserve are small. With so little work_mem, probe-disk.sql must use the disk, and the disk of the tables.
const RESERVE_OPTIONS = '-c work_mem=64kB -c temp_tablespaces='

/** Of the pool. */
export type PoolFigures = {
  readonly inUse: number
  /** Callers that wait for a connection. */
  readonly waiting: number
  readonly max: number
}

const MAX_CONNECTIONS = 12

/** PostgreSQL ends a statement at its timeout. If no answer has come so much later, the connection counts as dead. */
const UNHEARD_AFTER_MS = 10_000

export class Database implements Queries {
  readonly options: DatabaseOptions
  private readonly pool: pg.Pool
  private readonly sessions = new WeakMap<pg.PoolClient, Session>()
  /** Open connections of all kinds. */
  private readonly streams = new Set<Stream>()
  private readonly pulse = new Pulse({
    probe: signal => this.probe(signal),
    cutOff: () => {
      for (const stream of this.streams) stream.destroy()
    },
  })

  private readonly reserves: Reserve[] = []

  constructor(options: DatabaseOptions) {
    this.options = options
    const statementTimeoutMs = options.statementTimeoutMs ?? 30_000
    const answerWithinMs = statementTimeoutMs === 0 ? 0 : statementTimeoutMs + UNHEARD_AFTER_MS
    this.pool = new pg.Pool({
      ...this.reach(),
      max: options.maxConnections ?? MAX_CONNECTIONS,
      idleTimeoutMillis: 30_000,
      application_name: 'standdown',
      statement_timeout: statementTimeoutMs,
      // A server that is lost in the middle of a transaction must not keep its locks until TCP notices it.
      idle_in_transaction_session_timeout: statementTimeoutMs,
      options: `${PLAN_OPTIONS} ${ISOLATION}`,
    })
    // An idle connection that breaks is replaced by the pool; without a listener the process would end.
    this.pool.on('error', ignore)
    // From the first moment on, and while it is in use: a connection may break before its caller is given it.
    this.pool.on('connect', client => {
      client.on('error', ignore)
      this.follow(client)
      this.sessions.set(client, new Session(client, answerWithinMs))
    })
  }

  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return this.asking(async () => {
      const isScript = !statement.name && values.length === 0
      const { rows } = await this.onSession(session =>
        isScript ? session.runScript(statement.text) : session.run([{ statement, values }]),
      )
      return rows[0] as readonly Row[]
    })
  }

  /**
   * Runs all steps in one transaction and one round trip; resolves with the rows of each. No step can use the
   * rows of another one, but each sees what the steps before it wrote, and has a snapshot of its own. If one fails, nothing was done.
   * `name` names its crash points, as a transaction's does.
   */
  async flush<Rows extends readonly pg.QueryResultRow[] = readonly pg.QueryResultRow[]>(
    name: string,
    steps: readonly FlushStep[],
  ): Promise<RowsOfEach<Rows>> {
    if (steps.length === 0) return [] as unknown as RowsOfEach<Rows>
    return this.asking(async () => {
      const { rows } = await this.onSession(session => {
        crashPoint(`${name}:before-commit`)
        return session.run(steps)
      })
      crashPoint(`${name}:after-commit`)
      return rows as RowsOfEach<Rows>
    })
  }

  /**
   * Runs `work` in one transaction and commits once. `name` names its crash points (`<name>:before-commit`,
   * `<name>:after-commit`), at which a crash test kills the process. When two transactions wait for
   * each other, PostgreSQL undoes one, and its work is run again: so it must change nothing outside `tx`.
   */
  async transaction<T>(name: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.asking(async () => {
      const done = await this.onSession(async session => {
        const tx = new LazyTransaction(session)
        try {
          const value = await work(tx)
          await tx.settled()
          crashPoint(`${name}:before-commit`)
          await tx.commit()
          crashPoint(`${name}:after-commit`)
          return { value, hooks: tx.hooks }
        } catch (error) {
          await tx.rollback(error)
          throw isUndoneByOthers(tx.error) ? tx.error : error
        }
      })
      for (const hook of done.hooks) hook()
      return done.value
    })
  }

  /** A connection of its own, outside the pool, for LISTEN. The caller ends it, and sees by 'end' that it broke. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.reach(), application_name: 'standdown-listen' })
    client.on('error', ignore)
    await client.connect()
    this.follow(client)
    return client
  }

  /**
   * A connection of its own, for queries that must be answered while callers use up the pool: one query at a time, each within
   * `withinMs`. Throws as `query` does.
   */
  reserve(withinMs: number): Queries {
    const reserve = new Reserve({
      withinMs,
      client: () => this.reserveClient(withinMs),
      isAway: isUnavailable,
    })
    this.reserves.push(reserve)
    return { query: (statement, values) => this.asking(() => reserve.query(statement, values)) }
  }

  get poolFigures(): PoolFigures {
    const { totalCount, idleCount, waitingCount } = this.pool
    const max = this.options.maxConnections ?? MAX_CONNECTIONS
    return { inUse: totalCount - idleCount, waiting: waitingCount, max }
  }

  async close(): Promise<void> {
    this.pulse.close()
    for (const reserve of this.reserves) reserve.close()
    await this.pool.end()
  }

  private reach(): pg.ClientConfig {
    const { connectionString, host, user, database, password, connectTimeoutMs = 5000 } = this.options
    const where = { connectionString, host, user, database, password }
    return { ...where, connectionTimeoutMillis: connectTimeoutMs, keepAlive: true }
  }

  /** @throws DatabaseUnavailable, at once while the database does not answer; DatabaseOverloaded */
  private async asking<T>(work: () => Promise<T>): Promise<T> {
    if (this.pulse.silent) throw new DatabaseUnavailable('the database does not answer')
    return await namingFaults(() => this.pulse.waiting(() => untilNotUndone(work)))
  }

  private async onSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    const session = this.sessions.get(client) as Session
    try {
      return await work(session)
    } finally {
      client.release(session.unfit ?? undefined)
    }
  }

  private follow(client: pg.Client): void {
    const { stream } = client.connection
    this.streams.add(stream)
    stream.on('data', this.pulse.heard)
    stream.once('close', () => this.streams.delete(stream))
  }

  private reserveClient(withinMs: number): pg.Client {
    const client = new pg.Client({
      ...this.reach(),
      application_name: 'standdown-reserve',
      // A statement must not go on waiting for a lock when nobody here waits for the statement any more.
      statement_timeout: withinMs,
      options: `${PLAN_OPTIONS} ${ISOLATION} ${RESERVE_OPTIONS}`,
    })
    client.on('error', ignore)
    client.once('connect', () => this.follow(client))
    return client
  }

  private async probe(signal: AbortSignal): Promise<void> {
    const client = new pg.Client({ ...this.reach(), application_name: 'standdown-probe' })
    client.on('error', ignore)
    const giveUp = () => void client.connection.stream.destroy()
    signal.addEventListener('abort', giveUp)
    try {
      await client.connect()
    } catch (error) {
      // "Starting up" and "too many connections" are answers too.
      if (!(error instanceof pg.DatabaseError)) throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
      client.end().catch(ignore)
    }
  }
}

type Stream = pg.Client['connection']['stream']

// 40P01: deadlock; 40001: serialization failure.
const UNDONE_BY_OTHERS = /^(40P01|40001)$/
const RERUNS = 5

/** True when PostgreSQL undid this transaction so that another one can go on. */
function isUndoneByOthers(error: unknown): boolean {
  return error instanceof pg.DatabaseError && UNDONE_BY_OTHERS.test(error.code ?? '')
}

async function untilNotUndone<T>(work: () => Promise<T>): Promise<T> {
  for (let left = RERUNS; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (left === 0 || !isUndoneByOthers(error)) throw error
    }
  }
}

// For errors of a connection that nobody waits on: without a listener they would end the process. The next query gets the error.
function ignore(): void {}

// Class 08 without protocol violations: connection exceptions; 57P01-57P05: shut down, crash shutdown, starting up, dropped, idle for too long;
// 53300: too many connections; 25P03: idle in a transaction for too long, which ends the connection; 25006: read-only, as a standby is.
const UNAVAILABLE = /^(08(000|001|003|004|006|007)|57P0[1-5]|53300|25P03|25006)$/
// A statement's timeout, disk, memory, another limit; class 58: an error of the operating system.
const OVERLOADED = /^(57014|53[124]00|58...)$/
const UNAVAILABLE_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
])

/** True when the database cannot be reached, not when the statement was wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return UNAVAILABLE.test(code) || UNAVAILABLE_SYSTEM.has(code)
  return /Connection terminated|is not queryable|timeout exceeded when trying to connect|connection timeout|query read timeout/i.test(
    error.message,
  )
}

/** True for an error that says that another row has the same key. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505'
}

/** True when a lock was not obtained within `lock_timeout`. Nothing was done. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03'
}

async function namingFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DatabaseUnavailable || error instanceof DatabaseOverloaded) throw error
    if (isUnavailable(error)) throw new DatabaseUnavailable('the database is not reachable', { cause: error })
    const { code } = error as { readonly code?: unknown }
    if (typeof code === 'string' && OVERLOADED.test(code))
      throw new DatabaseOverloaded('the database could not do it', { cause: error })
    // The driver's stack only shows the arrival of the answer, so the caller's stack is put in its place. `where` names the statement.
    if (error instanceof pg.DatabaseError) Error.captureStackTrace(error)
    throw error
  }
}
