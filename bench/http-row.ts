// Report over HTTP with a verified token; beside the empty handler of the same HTTP server.

import { httpLoad, post } from './http-load.ts'
import { reportBody, reportsTo } from './reports.ts'
import { startEmpty, startServer } from './served.ts'
import { atLeast, type Row, spread } from './table.ts'

const CALLERS = 64

export async function httpRow({ runs, calls }: { runs: number; calls: number }): Promise<Row> {
  await using server = await startServer()
  await using empty = await startEmpty()
  const port = Number(new URL(server.file.url).port)
  const { token, report } = await reportsTo(server)
  const nothing = (i: number) => post('/empty', { authorization: token }, reportBody(i))

  const ours: number[] = []
  const theirs: number[] = []
  for (let run = 0; run <= runs; run++) {
    const mine = await httpLoad({ port, callers: CALLERS, calls, request: i => report(run * calls + i) })
    const other = await httpLoad({ port: empty.port, callers: CALLERS, calls, request: nothing })
    if (run === 0) continue
    ours.push(mine.rate)
    theirs.push(other.rate)
  }
  const mine = spread(ours, '/s')
  const other = spread(theirs, '/s')
  return {
    what: 'report with one delayed action over HTTP, verified token, 64 callers',
    ours: mine,
    reference: { name: 'empty handler', spread: other },
    ...atLeast('ratio', mine.median / other.median, 0.3),
  }
}
