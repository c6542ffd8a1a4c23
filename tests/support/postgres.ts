// The PostgreSQL that tests run on: the real embedded one, with production's settings but for its password
// and fsync (trusting-cluster.ts). `npm test` starts one for the whole run and names its socket in STANDDOWN_TEST_PG; a test file that is
// run alone starts its own, which ends with it.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { startEmbedded } from '../../server/src/postgres/embedded.ts'
import type { PostgresMajor } from '../../server/src/postgres/postgres-binaries.ts'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { clusterDirectory } from './cluster-directory.ts'
import { MAX_CONNECTIONS_OF_TESTS, trustEverybody } from './trusting-cluster.ts'

/** Which PostgreSQL this run is about: STANDDOWN_TEST_PG_MAJOR, 15 or 18 (the default). */
export const testPostgresMajor: PostgresMajor = process.env.STANDDOWN_TEST_PG_MAJOR === '15' ? 15 : 18

let started: Promise<DatabaseOptions> | undefined

/** How to reach the tests' PostgreSQL, as its owner. */
export function testPostgres(): Promise<DatabaseOptions> {
  started ??= start()
  return started
}

async function start(): Promise<DatabaseOptions> {
  const shared = process.env.STANDDOWN_TEST_PG
  if (shared) return JSON.parse(shared) as DatabaseOptions
  const dataDir = clusterDirectory()
  const postgres = await startEmbedded({
    dataDir,
    pgMajor: testPostgresMajor,
    maxConnections: MAX_CONNECTIONS_OF_TESTS,
  })
  postgres.unref()
  // An exit handler cannot wait for a promise, and nothing in there is worth a clean stop.
  process.once('exit', () => {
    const stop = 'kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.01; done 2>/dev/null'
    spawnSync('/bin/sh', ['-c', stop, 'sh', String(postgres.pid)])
    for (const path of [dataDir, postgres.options.host]) {
      if (path) rmSync(path, { recursive: true, force: true })
    }
  })
  return trustEverybody(postgres, dataDir)
}
