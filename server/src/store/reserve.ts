// One connection beside the pool, for what has to be answered while callers have taken all of that: whether the server is ready,
// or its figures. It is kept, renewed before it is old (what is set for new connections then counts for it too), and asked one
// thing at a time, each within a stated time.

import type pg from 'pg'
import type { Queries } from './database.ts'
import type { Statement } from './statements.ts'

export type ReserveNeeds = {
  /** For one question and its answer, and connecting for it if that is needed; milliseconds. */
  readonly withinMs: number
  /** How old a connection becomes before it is renewed, milliseconds; default 15 s. */
  readonly renewedAfterMs?: number
  /** A client that has not connected yet, and whose statements PostgreSQL itself ends by then. */
  readonly client: () => pg.Client
  /** True for an error of a connection that may be an old one's only. */
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
      // Whoever waits on it is told.
      this.client?.connection.stream.destroy()
    }
    // One turn later: after a long turn of this process the answer may lie there, unread.
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
          // It may have been broken for long, with nobody there to notice.
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
      leave(before)
      return client
    } catch (error) {
      leave(client)
      // A server that takes no more connections still answers on the one that it has taken.
      const mayStay = !this.closed && (error as { code?: unknown }).code === TOO_MANY_CONNECTIONS
      this.client = mayStay ? before : null
      if (this.client !== null) return this.client
      leave(before)
      throw error
    }
  }

  private drop(): void {
    leave(this.client)
    this.client = null
  }
}

/** Not waited for: where the other end is silent, a polite goodbye is never answered. */
function leave(client: pg.Client | null): void {
  if (client === null) return
  client.end().catch(() => {})
  const { stream } = client.connection
  stream.end(() => void stream.destroy())
}
