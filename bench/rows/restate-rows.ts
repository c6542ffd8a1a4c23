// Cancels beside Restate's of an invocation that is to begin later: in process, as in the rows above, and over HTTP, which
// is the only way to Restate.

import { Database } from '../../server/src/store/database.ts'
import { httpLoad, request } from '../http-load.ts'
import type { Load } from '../load.ts'
import { servedBy } from '../processes.ts'
import { tokenFor } from '../reports.ts'
import { NO_RESTATE, openRestate, type Restate, restateProgram } from '../restate.ts'
import { announceMany } from '../seed.ts'
import { portOf, startServer } from '../served.ts'
import type { Size } from '../size.ts'
import { announcement, FAR_AHEAD_MS, newEngine, noop } from '../stand.ts'
import { beside, type Row } from '../table.ts'
import { turns } from '../turns.ts'

const CALLERS = 64

/** `cancels`: ours, in process. */
export async function restateRows(
  { runs, calls, invocations }: Size,
  cancels: { load(callers: number, calls: number): Promise<Load> },
): Promise<Row[]> {
  const program = restateProgram()
  await using restate = program === null ? null : await openRestate(program)
  await restate?.seed(invocations)
  // Both rows take theirs from the same invocations.
  const each = Math.min(calls, Math.floor(invocations / 2 / (runs + 1)))
  const theirs = restate && (() => restate.cancel(CALLERS, each))
  const peer = {
    name: `Restate cancel over HTTP, of ${invocations.toLocaleString('en')} delayed invocations`,
    missing: NO_RESTATE,
  }
  return [
    {
      id: 'cancel-restate',
      what: 'cancel with a stored receipt, in process, 64 callers, beside Restate',
      ...beside(await turns(runs, () => cancels.load(CALLERS, each), theirs), { ...peer, goal: 3 }),
    },
    {
      id: 'cancel-restate-http',
      what: 'the same over HTTP, verified token',
      ...beside(await overHttp(runs, each, theirs), peer),
    },
  ]
}

async function overHttp(runs: number, calls: number, theirs: (() => ReturnType<Restate['cancel']>) | null) {
  await using server = await startServer()
  const tenant = 'contoso'
  const token = await tokenFor(server, { tenant, operator: true })
  const db = new Database({ ...server.file.database, statementTimeoutMs: 0 })
  const ids = await announceMany(db, newEngine(db, [noop()]), calls * (runs + 1), i => ({
    ...announcement(`c${i}`, FAR_AHEAD_MS),
    tenant,
  }))
  await db.close()
  return await turns(
    runs,
    round =>
      httpLoad({
        port: portOf(server),
        callers: CALLERS,
        calls,
        meter: servedBy(server.file.pid),
        request: i =>
          request(
            'POST',
            `/api/v1/events/${ids[round * calls + i]}/cancel`,
            { authorization: `Bearer ${token}` },
            {},
          ),
        expect: 201,
      }),
    theirs,
  )
}
