// Report over HTTP with a verified token; beside the empty handler of the same HTTP server.

import { httpLoad, request } from '../http-load.ts'
import { servedBy } from '../processes.ts'
import { reportBody, reportsTo } from '../reports.ts'
import { portOf, startEmpty, startServer } from '../served.ts'
import type { Size } from '../size.ts'
import { beside, type Row } from '../table.ts'
import { turns } from '../turns.ts'

const CALLERS = 64

export async function httpRow({ runs, calls }: Pick<Size, 'runs' | 'calls'>): Promise<Row> {
  await using server = await startServer()
  await using empty = await startEmpty()
  const { token, report } = await reportsTo(server)
  const nothing = (i: number) => request('POST', '/empty', { authorization: token }, reportBody(i))
  const measured = await turns(
    runs,
    round =>
      httpLoad({
        port: portOf(server),
        callers: CALLERS,
        calls,
        meter: servedBy(server.file.pid),
        request: i => report(round * calls + i),
      }),
    () =>
      httpLoad({
        port: empty.port,
        callers: CALLERS,
        calls,
        meter: servedBy(empty.pid),
        request: nothing,
      }),
  )
  return {
    id: 'http',
    what: 'report with one delayed action over HTTP, verified token, 64 callers',
    ...beside(measured, { name: 'empty handler', missing: '', goal: 0.42 }),
  }
}
