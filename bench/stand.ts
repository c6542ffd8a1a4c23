// What every row runs on: the embedded PostgreSQL with production's settings (fsync on) in a fresh directory, and an engine.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Announced, Announcement } from '../server/src/core/event.ts'
import { shardOfEntity } from '../server/src/core/ids.ts'
import { Engine } from '../server/src/engine/engine.ts'
import { Gather } from '../server/src/engine/gather.ts'
import type { Carrier } from '../server/src/engine/hooks.ts'
import { systemRandom } from '../server/src/random.ts'
import { Database } from '../server/src/store/database.ts'
import { startEmbedded } from '../server/src/store/embedded.ts'
import { migrate } from '../server/src/store/migrate.ts'

export const TENANT = 'bench'
export const random = systemRandom()
export const by = { principal: 'app:bench', api: 'native', name: 'bench' } as const

export type Stand = AsyncDisposable & {
  readonly db: Database
  readonly dataDir: string
  engine(carriers: readonly Carrier[]): Engine
}

export async function openStand(): Promise<Stand> {
  const dataDir = mkdtempSync(join(tmpdir(), 'standdown-bench-'))
  const postgres = await startEmbedded({ dataDir })
  const db = new Database({ ...postgres.options, statementTimeoutMs: 0 })
  await migrate(db)
  const engines: Engine[] = []
  return {
    db,
    dataDir,
    engine(carriers) {
      const engine = new Engine({ db, random })
      engine.register({ carriers })
      engines.push(engine)
      return engine
    },
    async [Symbol.asyncDispose]() {
      for (const engine of engines) await engine.stop()
      await db.close()
      await postgres.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** An event with one action, `afterMs` from now. Its key and entity are `name`. */
export function announcement(name: string, afterMs: number): Announcement {
  return {
    tenant: TENANT,
    kind: 'bench.event',
    key: name,
    entity: name,
    title: 'An event',
    data: { order: name },
    effects: [{ kind: 'noop', title: 'An action', due: { afterMs }, data: { to: 'somebody@example.com' } }],
  }
}

/** Gathers announcements of many callers, as the domains do. */
export function announcer(db: Database, engine: Engine): Gather<Announcement, Announced> {
  return new Gather({
    name: 'bench.announce',
    run: batch => db.transaction('bench.announce', tx => engine.announce(tx, batch)),
  })
}

export const noop: Carrier = { kind: 'noop', slots: 4000, maxAttempts: 3, run: async () => ({ is: 'done' }) }

/** Events as {@link announcement} makes them, named `prefix` and a number (or all `entity`), pending far ahead; by set, not one by one. */
export async function seedPending(
  db: Database,
  prefix: string,
  { from = 0, to, entity }: { from?: number; to: number; entity?: string },
): Promise<void> {
  const step = 20_000
  for (let at = from; at < to; at += step) {
    const names = Array.from({ length: Math.min(step, to - at) }, (_, i) => `${prefix}${at + i}`)
    const keys = names.map(name => entity ?? name)
    await db.query({ text: SEED }, [TENANT, keys, keys.map(key => shardOfEntity(TENANT, key)), at])
  }
  await db.query({ text: 'analyze' })
}

// Ids as core/ids.ts makes them: the time first (of January 2026, two thousand a second), and the shard in the third group.
const seedId = `(lpad(to_hex((1767225600000 + ($4::int + place) / 2)::bigint), 12, '0') || '80' || lpad(to_hex(shard::int), 2, '0')
    || '8' || right(replace(gen_random_uuid()::text, '-', ''), 15))::uuid`
const SEED = `
with n as (
  select shard, name, ${seedId} as id, ${seedId} as effect
  from unnest($2::text[], $3::smallint[]) with ordinality as t (name, shard, place)
), events as (
  insert into engine.event (shard, id, tenant, kind, key, entity, root_id, line, title, data, created_at)
  select shard, id, $1, 'bench.event', name, name, id, array[id], 'An event', '{"order":"x"}', now() from n
), effects as (
  insert into engine.effect (shard, id, tenant, event_id, kind, title, due_at, max_attempts, data)
  select shard, effect, $1, id, 'noop', 'An action', now() + interval '30 days', 3, '{"to":"somebody@example.com"}' from n
)
insert into engine.pending (shard, effect_id, due_at, tenant, lane, kind, event_id)
select shard, effect, now() + interval '30 days', $1, $1 || ' noop ', 'noop', id from n`
