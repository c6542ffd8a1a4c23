// A database with the demo in it, and the directory of the server that made it: made once, copied for each test. Beside it a
// server in the test's own process, for lives in which nothing is killed: the same serve(), without a start of Node.

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../../server/src/app/random.ts'
import { serve } from '../../server/src/app/serve.ts'
import { readConfig } from '../../server/src/config/config.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { type Asked, askedAt } from './server-process.ts'

export type PreparedDatabase = AsyncDisposable & {
  copy(): Promise<{ readonly database: TestDatabase; readonly dataDir: string }>
}

export async function preparedDatabase(env: Readonly<Record<string, string>>): Promise<PreparedDatabase> {
  const place = mkdtempSync(join(tmpdir(), 'standdown-prepared-'))
  const database = await testDatabase()
  const origin = join(place, 'origin')
  const clean = async () => {
    await database[Symbol.asyncDispose]()
    rmSync(place, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
  try {
    const server = await serveHere({ DATA_DIR: origin, DATABASE_URL: database.url, ...env })
    await server[Symbol.asyncDispose]()
    await database.disconnect()
  } catch (error) {
    await clean()
    throw error
  }
  let copies = 0
  return {
    async copy() {
      copies += 1
      const dataDir = join(place, `copy-${copies}`)
      cpSync(origin, dataDir, { recursive: true })
      return { database: await testDatabase({ copyOf: database.name }), dataDir }
    },
    [Symbol.asyncDispose]: clean,
  }
}

export async function serveHere(env: Readonly<Record<string, string>>): Promise<Asked> {
  const said: string[] = []
  const serving = await serve({
    config: readConfig({ PORT: '0', TLS_PORT: 'off', ...env }, tmpdir()),
    now: () => new Date(),
    random: systemRandom(),
    logStream: { write: line => void said.push(line) },
    runner: { graceMs: 0 },
  })
  return {
    ...askedAt(serving.url, serving.token, said),
    [Symbol.asyncDispose]: () => serving.stop(),
  }
}
