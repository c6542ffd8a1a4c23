// The server process with a million effects pending: its memory under load, and how soon it is ready after a kill -9 of
// itself, of itself and PostgreSQL at once, and of PostgreSQL alone.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Database } from '../../server/src/store/database.ts'
import { httpLoad } from '../http-load.ts'
import { until } from '../load.ts'
import { reportsTo } from '../reports.ts'
import { seedPending } from '../seed.ts'
import { killDatabase, portOf, type Served, startServer } from '../served.ts'
import type { Size } from '../size.ts'
import { newEngine, noop } from '../stand.ts'
import { atMost, type Row, spread } from '../table.ts'

const SAMPLE_MS = 50
const REPORTS = 5000

export async function processRows({ runs, pending, calls }: Size): Promise<Row[]> {
  let server = await startServer()
  const { dataDir } = server
  const db = new Database({ ...server.file.database, statementTimeoutMs: 0 })
  await seedPending(db, newEngine(db, [noop()]), { prefix: 'p', count: pending })
  await db.close()

  const { report } = await reportsTo(server)
  let sent = 0
  const load = (calls: number) =>
    httpLoad({ port: portOf(server), callers: 64, calls, request: () => report(sent++) })
  const reports = Math.min(calls, REPORTS)

  const memory: number[] = []
  for (let run = 0; run < runs; run++) memory.push(await peakMegabytes(server.file.pid, () => load(reports)))

  const ready = { server: [] as number[], both: [] as number[], database: [] as number[] }
  for (let run = 0; run < runs; run++) {
    for (const withDatabase of [false, true]) {
      // So that there is something in the log to go through.
      await load(reports)
      const begun = performance.now()
      await server.kill({ withDatabase })
      server = await startServer(dataDir)
      const response = await fetch(`${server.file.url}/readyz`)
      if (!response.ok) throw new Error(`not ready: ${await response.text()}`)
      ready[withDatabase ? 'both' : 'server'].push((performance.now() - begun) / 1000)
    }
    await load(reports)
    ready.database.push(await withoutDatabase(server, report(sent++)))
  }
  await server[Symbol.asyncDispose]()

  const among = `${pending.toLocaleString('en')} effects pending`
  const mb = spread(memory, 'MB')
  const seconds = (id: string, what: string, values: readonly number[], goal: number): Row => {
    const ours = spread(values, 's')
    return { id, what: `${what}, ${among}`, ours, peer: null, figures: [atMost('s', ours.median, goal)] }
  }
  return [
    seconds('kill', 'kill -9 to ready', ready.server, 3),
    seconds('kill-both', 'kill -9 of PostgreSQL too, to ready', ready.both, 5),
    seconds('kill-database', 'kill -9 of PostgreSQL alone, to the next report', ready.database, 5),
    {
      id: 'memory',
      what: `memory of the Node process, ${among}, most while ${reports.toLocaleString('en')} reports come in`,
      ours: mb,
      peer: null,
      figures: [atMost('MB, worst', mb.max, 250)],
    },
  ]
}

/** Kills PostgreSQL; seconds until the server, which has to start it again, has stored a report. */
async function withoutDatabase(server: Served, report: Buffer): Promise<number> {
  const begun = performance.now()
  killDatabase(server)
  const port = portOf(server)
  // Refused with 503 until then.
  await until(() =>
    httpLoad({ port, callers: 1, calls: 1, request: () => report }).then(
      () => true,
      () => false,
    ),
  )
  return (performance.now() - begun) / 1000
}

/** Most that the process had in memory while `work` was done. */
async function peakMegabytes(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = residentMegabytes(pid)
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(pid))
  }, SAMPLE_MS)
  try {
    await work()
  } finally {
    clearInterval(sampling)
  }
  return Math.max(peak, residentMegabytes(pid))
}

function residentMegabytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1000
  } catch {
    return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout) / 1000
  }
}
