// Wires what a monitor reads: /readyz, and the figures of /metrics that are read at each scrape.

import { checkWrites } from '../store/check-writes.ts'
import { checkSchema } from '../store/migrate.ts'
import { knownMigrations } from '../store/migrations.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import { showFigures } from './figures.ts'
import type { Rooms } from './rooms.ts'

/** How long the database may take to answer one check of /readyz. */
const PROBE_WITHIN_MS = 1000
/** How long it may take for its figures, which it may have to read from disk. */
const FIGURES_WITHIN_MS = 5000
/** The wake loop goes round at least once a minute. */
const LOOP_STUCK_AFTER_MS = 90_000

export function wireReadiness({ database }: ComposeNeeds, { http, engine }: Rooms): void {
  // Read here once, so that a check does not read the folder of migrations each time.
  const migrations = knownMigrations()
  const reads = database.db.reserve(PROBE_WITHIN_MS)
  http.ready('database', () => checkSchema(reads, migrations))
  const writes = database.db.reserve(PROBE_WITHIN_MS)
  http.ready('writes', () => checkWrites(writes))
  http.ready('wake loop', async () => {
    if (engine.loopAgeMs() > LOOP_STUCK_AFTER_MS) throw new Error('WakeLoopStuck')
  })
  http.warn('hold', async () => {
    const hold = await engine.hold('')
    return hold && `on hold since ${hold.since.toISOString()}`
  })
}

export function wireFigures({ database, metrics }: ComposeNeeds, { engine, automations }: Rooms): void {
  const figures = database.db.reserve(FIGURES_WITHIN_MS)
  showFigures(metrics, {
    running: () => engine.runningCount,
    queues: () => ({ ...engine.queues, ...automations.queues() }),
    pool: () => database.db.poolFigures,
    backlog: () => engine.backlog(figures),
    kinds: () => engine.kinds,
    nowMs: () => performance.now(),
  })
}
