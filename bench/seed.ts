// What rows find in the database when they begin. It is announced as anything is, a thousand at a time: a million take
// about a minute, and no table of the engine's is known here. The one thing that is: the name of its schema.

import type { Announced, Announcement } from '../server/src/core/event.ts'
import type { Engine } from '../server/src/engine/engine.ts'
import type { Database } from '../server/src/store/database.ts'
import { until } from './load.ts'
import { announcement, FAR_AHEAD_MS } from './stand.ts'

const BATCH = 1000
/** PostgreSQL is at work on some while others are put together here. */
const AT_ONCE = 3

/** `count` of them, the `i`th as `make(i)` says. Gives back the ids of the events. */
export async function announceMany(
  db: Database,
  engine: Engine,
  count: number,
  make: (i: number) => Announcement,
): Promise<string[]> {
  const ids = new Array<string>(count)
  let next = 0
  const work = async () => {
    for (let from = next; from < count; from = next) {
      next = Math.min(from + BATCH, count)
      const batch = Array.from({ length: next - from }, (_, i) => make(from + i))
      const announced = await db.transaction('bench.seed', tx => engine.announce(tx, batch))
      for (const [i, one] of announced.entries()) ids[from + i] = eventId(one)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return ids
}

/** Events with one action each, pending far ahead, named `prefix` and a number. */
export async function seedPending(
  db: Database,
  engine: Engine,
  { prefix, count }: { readonly prefix: string; readonly count: number },
): Promise<void> {
  await announceMany(db, engine, count, i => announcement(`${prefix}${i}`, FAR_AHEAD_MS))
  await analyze(db)
}

export async function analyze(db: Database): Promise<void> {
  await db.query({ text: 'analyze' })
}

/** Statistics stay as they are from now on, and so does what is dead. */
export async function stopAutovacuum(db: Database): Promise<void> {
  await setting(db, 'autovacuum', 'off')
}

/** Pages are no longer written whole after a checkpoint: the log then holds what changes need, however long the run is. */
export async function stopFullPageImages(db: Database): Promise<void> {
  await setting(db, 'full_page_writes', 'off')
}

/** Bytes of all that the engine keeps, indexes included. */
export async function engineBytes(db: Database): Promise<number> {
  const [row] = await db.query<{ bytes: number }>({
    text: `select sum(pg_total_relation_size(oid))::bigint as bytes from pg_class
           where relnamespace = 'engine'::regnamespace and relkind = 'r'`,
  })
  return row!.bytes
}

/** Bytes of log written since the database was made. */
export async function walBytes(db: Database): Promise<number> {
  const [row] = await db.query<{ bytes: number }>({
    text: `select (pg_current_wal_insert_lsn() - '0/0')::bigint as bytes`,
  })
  return row!.bytes
}

async function setting(db: Database, name: string, value: string): Promise<void> {
  await db.query({ text: `alter system set ${name} = ${value}` })
  await db.query({ text: 'select pg_reload_conf()' })
  await until(async () => {
    const [row] = await db.query<{ setting: string }>({
      text: `select current_setting('${name}') as setting`,
    })
    return row!.setting === value
  })
}

function eventId(announced: Announced): string {
  if (announced.is !== 'announced') throw new Error(`seeding: an event was not announced but ${announced.is}`)
  return announced.eventId
}
