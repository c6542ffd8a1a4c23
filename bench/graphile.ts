// graphile-worker with its local queue and batched completion, in the same PostgreSQL as ours.

import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import type { DatabaseOptions } from '../server/src/store/database.ts'

const silent = new Logger(() => () => {})
const POOL_SIZE = 12

export type Graphile = AsyncDisposable & {
  add(jobs: number): Promise<void>
  /** Runs what was added, all of it due; resolves when the last is completed. */
  drain(jobs: number): Promise<void>
}

export async function openGraphile({ host, user, database, password }: DatabaseOptions): Promise<Graphile> {
  // A pool of our own. graphile-worker does not wait until the one that it makes has ended, nor listen to it any more:
  // when PostgreSQL is then stopped, what it says to the last connections would end this process.
  const pgPool = new pg.Pool({ host, user, database, password, max: POOL_SIZE })
  pgPool.on('error', () => {})
  pgPool.on('connect', client => client.on('error', () => {}))
  const utils = await makeWorkerUtils({ pgPool, logger: silent })
  await utils.migrate()
  return {
    async add(jobs) {
      const step = 10_000
      for (let at = 0; at < jobs; at += step) {
        await pgPool.query(
          `select graphile_worker.add_jobs(array(select json_populate_record(null::graphile_worker.job_spec,
            json_build_object('identifier', 'noop', 'payload', json_build_object('to', 'somebody@example.com', 'i', i)))
            from generate_series(1, $1) i))`,
          [Math.min(step, jobs - at)],
        )
      }
    },
    async drain(jobs) {
      let done = 0
      const all = Promise.withResolvers<void>()
      const runner = await run({
        pgPool,
        logger: silent,
        noHandleSignals: true,
        preset: {
          worker: {
            concurrentJobs: 24,
            maxPoolSize: POOL_SIZE,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        taskList: {
          noop: async () => {
            done += 1
            if (done === jobs) all.resolve()
          },
        },
      })
      await all.promise
      // Resolves when the last completion is written.
      await runner.stop()
    },
    async [Symbol.asyncDispose]() {
      await utils.release()
      await pgPool.end()
    },
  }
}
