// One connection beside the pool, for queries that must be answered while callers use up the pool: whether the server is ready, and
// its figures. The connection is kept, and renewed before it is old, so that new settings of the database apply to it too. It runs
// one query at a time, each within a stated time.

import type pg from 'pg'
import type { Queries } from './database.ts'
import type { Statement } from './statements.ts'

type ReserveNeeds = {
  /** The time for one query and its answer, and for connecting where needed; milliseconds. */
  readonly withinMs: number
  /** How old a connection becomes before it is renewed, milliseconds; default 15 s. */
  readonly renewedAfterMs?: number
  /** A client that has not connected yet, with a statement_timeout of that time. */
  readonly client: () => pg.Client
  /** True for an error that an old connection may have and a new one may not. */
  readonly isAway: (error: unknown) => boolean
}

const RENEWED_AFTER_MS = 15_000
/** SQLSTATE. */
const TOO_MANY_CONNECTIONS = '53300'

export class Reserve implements Queries {
  private readonly needs: ReserveNeeds
  private client: pg.Client | null = null
  private openedAt = 0
  private last: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(needs: ReserveNeeds) {
    this.needs = needs
  }

  query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    const mine = this.last.then(() => this.ask<Row>(statement, values))
    this.last = mine.catch(() => {})
    return mine
  }

  close(): void {
    this.closed = true
    this.drop()
  }

  private async ask<Row extends pg.QueryResultRow>(
    { text }: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    if (this.closed) throw new Error('the database is closed')
    let late = false
    let over = false
    const end = () => {
      if (over) return
      late = true
      // So that the query that waits on it fails.
      this.client?.connection.stream.destroy()
    }
    // One turn of the event loop later: if this process was busy for long, the answer may have arrived and not been read yet.
    const timer = setTimeout(() => setImmediate(end), this.needs.withinMs)
    const run = async (client: pg.Client) =>
      (await client.query<Row>({ text, values: values as unknown[] })).rows
    try {
      if (
        this.client !== null &&
        performance.now() - this.openedAt < (this.needs.renewedAfterMs ?? RENEWED_AFTER_MS)
      ) {
        try {
          return await run(this.client)
        } catch (error) {
          // The connection may have been broken for long without anybody noticing.
          if (late || !this.needs.isAway(error)) throw error
        }
      }
      return await run(await this.renewed())
    } finally {
      over = true
      clearTimeout(timer)
    }
  }

  private async renewed(): Promise<pg.Client> {
    const before = this.client
    const client = this.needs.client()
    this.client = client
    this.openedAt = performance.now()
    try {
      await client.connect()
      endClient(before)
      return client
    } catch (error) {
      endClient(client)
      // A server that accepts no more connections still answers on an existing one.
      const mayStay = !this.closed && (error as { code?: unknown }).code === TOO_MANY_CONNECTIONS
      this.client = mayStay ? before : null
      if (this.client !== null) return this.client
      endClient(before)
      throw error
    }
  }

  private drop(): void {
    endClient(this.client)
    this.client = null
  }
}

/** Does not wait: a silent server never answers the message that ends a connection. */
function endClient(client: pg.Client | null): void {
  if (client === null) return
  client.end().catch(() => {})
  const { stream } = client.connection
  stream.end(() => void stream.destroy())
}
