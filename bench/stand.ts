// What every row runs on: the embedded PostgreSQL with production's settings (fsync on) in a fresh directory, and engines.

import { rmSync } from 'node:fs'
import { systemRandom } from '../server/src/app/random.ts'
import type { Carrier } from '../server/src/core/effects/carrier.ts'
import type { Announced, Announcement } from '../server/src/core/event.ts'
import type { Batcher } from '../server/src/engine/batcher.ts'
import { Engine } from '../server/src/engine/engine.ts'
import { startEmbedded } from '../server/src/postgres/embedded.ts'
import { Database } from '../server/src/store/database.ts'
import { migrate } from '../server/src/store/migrate.ts'
import { freshDirectory } from './fresh-directory.ts'
import { inProcess, type Meter } from './processes.ts'

export const TENANT = 'bench'
export const EVENT_KIND = 'bench.event'
export const by = { principal: 'app:bench', api: 'native', name: 'bench' } as const
export const FAR_AHEAD_MS = 2_592_000_000

const random = systemRandom()

export type Stand = AsyncDisposable & {
  readonly db: Database
  readonly dataDir: string
  /** Of this process and PostgreSQL. */
  readonly meter: Meter
  engine(carriers: readonly Carrier[]): Engine
  /** Stops all of it and leaves the data directory. May be called before the disposal, which removes that. */
  close(): Promise<void>
}

/** `dataDir`: one that holds a database already; it goes with the stand all the same. */
export async function openStand({ dataDir = freshDirectory(), statementTimeoutMs = 0 } = {}): Promise<Stand> {
  const postgres = await startEmbedded({ dataDir })
  const db = new Database({ ...postgres.options, statementTimeoutMs })
  await migrate(db)
  const engines: Engine[] = []
  const stop = async () => {
    for (const engine of engines) await engine.stop()
    await db.close()
    await postgres.stop()
  }
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= stop()
    return closed
  }
  return {
    db,
    dataDir,
    meter: inProcess(postgres.pid),
    engine(carriers) {
      const engine = newEngine(db, carriers)
      engines.push(engine)
      return engine
    },
    close,
    async [Symbol.asyncDispose]() {
      await close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export function newEngine(db: Database, carriers: readonly Carrier[]): Engine {
  const engine = new Engine({ db, random })
  engine.register({ carriers })
  return engine
}

/** An event with one action, `afterMs` from now. Its key and entity are `name`. */
export function announcement(name: string, afterMs: number): Announcement {
  return {
    tenant: TENANT,
    kind: EVENT_KIND,
    key: name,
    entity: name,
    title: 'An event',
    data: { order: name },
    effects: [{ kind: 'noop', title: 'An action', due: { afterMs }, data: { to: 'somebody@example.com' } }],
  }
}

/** Gathers announcements of many callers, as the domains do. */
export function announcer(db: Database, engine: Engine): Batcher<Announcement, Announced> {
  return engine.batcher({
    name: 'bench.announce',
    run: batch => db.transaction('bench.announce', tx => engine.announce(tx, batch)),
  })
}

/** A cancel of what {@link announcement} announced. */
export function cancelOf(engine: Engine, name: string) {
  return engine.cancel({ tenant: TENANT, target: { key: name, entity: name, kind: EVENT_KIND }, by })
}

/** Does nothing, at once; `ran` is told of each. */
export function noop({ kind = 'noop', ran }: { kind?: string; ran?: Carrier['run'] } = {}): Carrier {
  return {
    kind,
    slots: 4000,
    maxAttempts: 3,
    run: ran ?? (async () => ({ is: 'done' })),
  }
}
