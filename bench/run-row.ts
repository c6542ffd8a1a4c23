// Trivial due effects, guarded start included, until the last is settled; beside graphile-worker with its local queue and
// batched completion, on the same PostgreSQL.

import { run as runGraphile } from 'graphile-worker'
import type { Carrier } from '../server/src/engine/hooks.ts'
import { load } from './load.ts'
import { announcement, announcer, openStand, type Stand } from './stand.ts'
import { atLeast, type Row, spread } from './table.ts'

export async function runRow({ runs, effects }: { runs: number; effects: number }): Promise<Row> {
  await using stand = await openStand()
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round <= runs; round++) {
    const mine = await drainOurs(stand, `x${round}-`, effects)
    const other = await drainGraphile(stand, effects)
    if (round === 0) continue
    ours.push(mine)
    theirs.push(other)
  }
  const mine = spread(ours, '/s')
  const other = spread(theirs, '/s')
  return {
    what: `run of ${effects.toLocaleString('en')} trivial due effects, start to settled`,
    ours: mine,
    reference: { name: 'graphile-worker, batched', spread: other },
    ...atLeast('ratio', mine.median / other.median, 1.5),
  }
}

async function drainOurs(stand: Stand, prefix: string, effects: number): Promise<number> {
  let done = 0
  const all = Promise.withResolvers<void>()
  const carrier: Carrier = {
    kind: 'noop',
    slots: 4000,
    maxAttempts: 3,
    run: async () => {
      done += 1
      if (done === effects) all.resolve()
      return { is: 'done' }
    },
  }
  const engine = stand.engine([carrier])
  const announce = announcer(stand.db, engine)
  await load(256, effects, i => announce.submit(announcement(`${prefix}${i}`, 0)))
  await stand.db.query({ text: 'analyze' })
  const begun = performance.now()
  await engine.start()
  await all.promise
  // stop() waits until the last end is committed.
  await engine.stop()
  return effects / ((performance.now() - begun) / 1000)
}

async function drainGraphile(stand: Stand, effects: number): Promise<number> {
  const { options } = stand.db
  const connectionString = `postgresql:///${options.database}?host=${encodeURIComponent(options.host ?? '')}&user=${options.user}`
  let done = 0
  const all = Promise.withResolvers<void>()
  const silent = { error() {}, warn() {}, info() {}, debug() {} }
  const { Logger } = await import('graphile-worker')
  const logger = new Logger(() => level => {
    void level
    void silent
  })
  const common = { connectionString, logger, noHandleSignals: true }
  const { makeWorkerUtils } = await import('graphile-worker')
  const utils = await makeWorkerUtils(common)
  await utils.migrate()
  const step = 10_000
  for (let at = 0; at < effects; at += step) {
    await utils.withPgClient(client =>
      client.query(
        `select graphile_worker.add_jobs(array(select json_populate_record(null::graphile_worker.job_spec,
          json_build_object('identifier', 'noop', 'payload', json_build_object('to', 'somebody@example.com', 'i', i)))
          from generate_series(1, $1) i))`,
        [Math.min(step, effects - at)],
      ),
    )
  }
  await stand.db.query({ text: 'analyze' })
  await utils.release()
  const begun = performance.now()
  const runner = await runGraphile({
    ...common,
    preset: {
      worker: {
        connectionString,
        concurrentJobs: 24,
        maxPoolSize: 12,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    taskList: {
      noop: async () => {
        done += 1
        if (done === effects) all.resolve()
      },
    },
  })
  await all.promise
  await runner.stop()
  return effects / ((performance.now() - begun) / 1000)
}
