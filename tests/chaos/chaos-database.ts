// The database of many histories, one after the other: made empty again between them, so that its connections, and what is
// prepared on them, need not be made anew. Which tables there are is asked of PostgreSQL: they are the engine's business.

import pg from 'pg'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { ServerClock } from './server-clock.ts'
import { Backends } from './wire-backend.ts'

export class ChaosDatabase implements AsyncDisposable {
  readonly options: DatabaseOptions
  readonly backends: Backends
  readonly clock: ServerClock
  private readonly database: TestDatabase
  private readonly client: pg.Client
  private readonly makeEmpty: string

  private constructor(database: TestDatabase, clock: ServerClock, client: pg.Client, makeEmpty: string) {
    this.database = database
    this.clock = clock
    this.options = database.options
    this.client = client
    this.makeEmpty = makeEmpty
    this.backends = new Backends(`${database.options.host}/.s.PGSQL.5432`)
  }

  static async make(): Promise<ChaosDatabase> {
    const database = await testDatabase()
    const { host, user, database: name } = database.options
    const clock = await ServerClock.install(database.options)
    const client = new pg.Client({ host, user, database: name })
    await client.connect()
    const { rows } = await client.query<{ emptying: string | null; restarting: string | null }>(`
      select
        (select string_agg(format('delete from %s', c.oid::regclass), '; ' order by c.oid)
         from pg_class c where c.relkind in ('r', 'p') and not c.relispartition and ${OURS}
           and (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), true, true, '')))[1]::text = '0'
        ) as emptying,
        (select string_agg(format('select setval(%L, %s, false)', c.oid::regclass, s.seqstart), '; ' order by c.oid)
         from pg_class c join pg_sequence s on s.seqrelid = c.oid where ${OURS}) as restarting`)
    const { emptying, restarting } = rows[0]!
    if (emptying === null) throw new Error('no table of ours was found')
    const all = [
      'set session_replication_role = replica',
      'begin',
      emptying,
      restarting ?? 'select',
      'commit',
    ]
    return new ChaosDatabase(database, clock, client, all.join('; '))
  }

  /** As it was when it was made. */
  async empty(): Promise<void> {
    await this.client.query(this.makeEmpty)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.backends.close()
    await this.client.end()
    await this.database[Symbol.asyncDispose]()
    this.clock[Symbol.dispose]()
  }
}

const OURS = `c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$|virtual$)'`
