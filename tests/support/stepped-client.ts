// One client of the stepper: its connection, and the part that it runs, parked before each statement until it is permitted.

import pg from 'pg'
import type { Database, DatabaseOptions, Tx } from '../../server/src/store/database.ts'
import type { Statement } from '../../server/src/store/statements.ts'

/** One client's part: runs against `db`, whose every statement is a step. */
export type Part = (db: Database) => Promise<unknown>

export type Outcome = { readonly value?: unknown; readonly error?: Error & { readonly code?: string } }

export class SteppedClient {
  /** The part that it runs now. */
  name: string
  readonly connection: pg.Client
  pid = 0
  state: 'idle' | 'parked' | 'running' | 'blocked' | 'done' = 'idle'
  /** The statement it is parked before. */
  next = ''
  outcome: Outcome = {}
  private go: (() => void) | null = null
  private changed = Promise.withResolvers<void>()

  constructor(name: string, options: DatabaseOptions) {
    this.name = name
    this.connection = new pg.Client({ host: options.host, user: options.user, database: options.database })
  }

  async connect(): Promise<void> {
    await this.connection.connect()
    await this.connection.query("set deadlock_timeout = '10ms'; set statement_timeout = '20s'")
    this.pid = (await this.connection.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid
  }

  begin(part: Part): void {
    this.state = 'running'
    this.outcome = {}
    part(this.database())
      .then(
        value => ({ value }),
        (error: Error) => ({ error }),
      )
      .then(outcome => {
        this.outcome = outcome
        this.become('done')
      })
  }

  permit(): void {
    this.state = 'running'
    this.go?.()
  }

  /** Resolves when it is parked or done; at once when it is already. */
  settled(): Promise<void> {
    return this.state === 'parked' || this.state === 'done' ? Promise.resolve() : this.changed.promise
  }

  private become(state: 'parked' | 'done'): void {
    this.state = state
    this.changed.resolve()
    this.changed = Promise.withResolvers()
  }

  private async park(statement: string): Promise<void> {
    this.next = statement
    await new Promise<void>(resolve => {
      this.go = resolve
      this.become('parked')
    })
  }

  /** What a part takes for the database: its one transaction at a time, on its one connection. */
  private database(): Database {
    const run = async (statement: Statement, values: readonly unknown[]) => {
      const { name, text } = statement
      return (await this.connection.query({ name, text, values: values as unknown[] })).rows
    }
    const stepped = {
      query: async (statement: Statement, values: readonly unknown[] = []) => {
        await this.park('commit')
        return await run(statement, values)
      },
      flush: async (
        name: string,
        steps: readonly { readonly statement: Statement; readonly values?: readonly unknown[] }[],
      ) =>
        await stepped.transaction(name, async tx => {
          const answers: (readonly unknown[])[] = []
          for (const { statement, values } of steps) answers.push(await tx.query(statement, values ?? []))
          return answers
        }),
      transaction: async <T>(_name: string, work: (tx: Tx) => Promise<T>): Promise<T> => {
        const hooks: (() => void)[] = []
        let begun = false
        // One after the other, also what is not waited for.
        let last: Promise<unknown> = Promise.resolve()
        const query = (statement: Statement, values: readonly unknown[] = []) => {
          const result = last.then(async () => {
            await this.park((statement.name ?? '').replace(/^.*\./, ''))
            if (!begun) await this.connection.query('begin')
            begun = true
            return await run(statement, values)
          })
          last = result
          return result
        }
        const tx = {
          brand: 'tx',
          query,
          look: query,
          send: (statement, values) => void query(statement, values).catch(() => {}),
          afterCommit: hook => void hooks.push(hook),
        } as Tx
        try {
          const value = await work(tx)
          await last
          await this.park('commit')
          await this.connection.query('commit')
          for (const hook of hooks) hook()
          return value
        } catch (error) {
          await this.connection.query('rollback')
          throw error
        }
      },
    }
    return stepped as unknown as Database
  }
}
