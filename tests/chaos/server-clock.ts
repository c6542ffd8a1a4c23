// The clock that PostgreSQL goes by in a simulation. A schema that is searched before pg_catalog has a clock_timestamp() of
// its own, which reads a small file: what is written there is seen at once by every transaction, and to write it is no round
// trip. (A sequence that was set by a statement for every step was half of all that a history asked of PostgreSQL.)

import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { DatabaseOptions } from '../../server/src/store/database.ts'

/** An instant, far from the real one, so that a time of the real clock is noticed. */
export const EPOCH_MS = Date.parse('2031-03-01T09:00:00Z')

/** Always as many octets, so that nothing is left of what was there before. */
const DIGITS = 12

export class ServerClock implements Disposable {
  private readonly directory: string
  private readonly file: number
  private shows = -1

  private constructor(directory: string, file: number) {
    this.directory = directory
    this.file = file
    this.set(0)
  }

  /** Makes a database go by a clock of its own: whoever connects from now on. */
  static async install({ host, user, database }: DatabaseOptions): Promise<ServerClock> {
    const directory = mkdtempSync(join(tmpdir(), 'standdown-clock-'))
    // PostgreSQL may run as another user.
    chmodSync(directory, 0o755)
    const path = join(directory, 'milliseconds')
    const clock = new ServerClock(directory, openSync(path, 'w', 0o644))
    const client = new pg.Client({ host, user, database })
    await client.connect()
    await client.query(`
      create schema virtual;
      create function virtual.clock_timestamp() returns timestamptz language sql volatile as $$
        select timestamptz '${new Date(EPOCH_MS).toISOString()}' + pg_catalog.pg_read_file('${path}')::int * interval '1 millisecond' $$;
      create function virtual.now() returns timestamptz language sql volatile as 'select virtual.clock_timestamp()';
      alter database ${database} set search_path = virtual, pg_catalog, public;
      alter database ${database} set deadlock_timeout = '100ms';
      alter database ${database} set synchronous_commit = off;
    `)
    await client.end()
    return clock
  }

  /** To whole milliseconds since the simulation began. */
  set(ms: number): void {
    const now = Math.floor(ms)
    if (now === this.shows) return
    this.shows = now
    writeSync(this.file, String(now).padStart(DIGITS, '0'), 0)
  }

  [Symbol.dispose](): void {
    closeSync(this.file)
    rmSync(this.directory, { recursive: true, force: true })
  }
}
