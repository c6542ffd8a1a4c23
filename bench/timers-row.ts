// Timers at 1,000 a second: how late each is started, by the database's clock that decides.

import type { Carrier } from '../server/src/engine/hooks.ts'
import { load, quantile } from './load.ts'
import { announcement, announcer, openStand } from './stand.ts'
import { atMost, type Row, spread } from './table.ts'

export async function timersRow({ runs, seconds }: { runs: number; seconds: number }): Promise<Row> {
  const p99: number[] = []
  for (let run = 0; run < runs; run++) p99.push(await lateness(seconds))
  const mine = spread(p99, 'ms')
  return {
    what: `timers at 1,000 a second for ${seconds} s: p99 late`,
    ours: mine,
    reference: null,
    ...atMost('ms', mine.median, 20),
  }
}

async function lateness(seconds: number): Promise<number> {
  await using stand = await openStand()
  const count = seconds * 1000
  const late: number[] = []
  const all = Promise.withResolvers<void>()
  const carrier: Carrier = {
    kind: 'noop',
    slots: 4000,
    maxAttempts: 3,
    // The database runs on this machine: its clock is this one.
    run: async effect => {
      late.push(Date.now() - effect.dueAt.getTime())
      if (late.length === count) all.resolve()
      return { is: 'done' }
    },
  }
  const engine = stand.engine([carrier])
  const announce = announcer(stand.db, engine)
  await engine.start()
  // All are announced before the first falls due, one for each millisecond.
  const first = Date.now() + 4000
  await load(256, count, i =>
    announce.submit({
      ...announcement(`t${i}`, 0),
      effects: [{ kind: 'noop', title: 'A timer', due: { at: new Date(first + i) }, data: {} }],
    }),
  )
  await all.promise
  late.sort((a, b) => a - b)
  return quantile(late, 0.99)
}
