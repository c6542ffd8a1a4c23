// The server process with a million effects pending: its memory, and how soon it is ready after a kill -9.

import { readFileSync } from 'node:fs'
import { Database } from '../server/src/store/database.ts'
import { httpLoad } from './http-load.ts'
import { reportsTo } from './reports.ts'
import { startServer } from './served.ts'
import { seedPending } from './stand.ts'
import { atMost, type Row, spread } from './table.ts'

export async function processRows({
  runs,
  pending,
  calls,
}: {
  runs: number
  pending: number
  calls: number
}): Promise<Row[]> {
  let server = await startServer()
  const { dataDir } = server
  const seeding = new Database({ ...server.file.database, statementTimeoutMs: 0 })
  await seedPending(seeding, 'p', { to: pending })
  await seeding.close()

  const { report } = await reportsTo(server)
  const port = Number(new URL(server.file.url).port)
  const memory: number[] = []
  for (let run = 0; run < runs; run++) {
    await httpLoad({ port, callers: 64, calls, request: i => report(run * calls + i) })
    memory.push(residentMegabytes(server.file.pid))
  }

  const ready: number[] = []
  for (let run = 0; run < runs; run++) {
    await server.kill()
    const begun = performance.now()
    server = await startServer(dataDir)
    const response = await fetch(`${server.file.url}/readyz`)
    if (!response.ok) throw new Error(`not ready: ${await response.text()}`)
    ready.push((performance.now() - begun) / 1000)
  }
  await server[Symbol.asyncDispose]()
  const mb = spread(memory, 'MB')
  const seconds = spread(ready, 's')
  const among = `${pending.toLocaleString('en')} effects pending`
  return [
    {
      what: `memory of the Node process, ${among}, while ${calls.toLocaleString('en')} reports come in`,
      ours: mb,
      reference: null,
      ...atMost('worst, MB', mb.max, 250),
    },
    { what: `kill -9 to ready, ${among}`, ours: seconds, reference: null, ...atMost('s', seconds.median, 3) },
  ]
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1000
}
