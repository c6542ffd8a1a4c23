// Timers at 1,000 a second: how late each is started, by the database's clock that decides.

import { ascending, load, quantile } from '../load.ts'
import type { Size } from '../size.ts'
import { announcement, announcer, noop, openStand } from '../stand.ts'
import { atMost, type Row, spread } from '../table.ts'

export async function timersRow({ runs, seconds }: Pick<Size, 'runs' | 'seconds'>): Promise<Row> {
  const p99: number[] = []
  for (let run = 0; run < runs; run++) p99.push(await lateness(seconds))
  const ours = spread(p99, 'ms')
  return {
    id: 'timers',
    what: `timers at 1,000 a second for ${seconds} s: p99 late`,
    ours,
    peer: null,
    figures: [atMost('ms', ours.median, 20)],
  }
}

async function lateness(seconds: number): Promise<number> {
  await using stand = await openStand()
  const count = seconds * 1000
  const late: number[] = []
  const all = Promise.withResolvers<void>()
  const engine = stand.engine([
    noop({
      // The database runs on this machine: its clock is this one.
      ran: async effect => {
        late.push(Date.now() - effect.dueAt.getTime())
        if (late.length === count) all.resolve()
        return { is: 'done' }
      },
    }),
  ])
  const announce = announcer(stand.db, engine)
  await engine.start()
  // All are announced before the first falls due, one for each millisecond.
  const first = Date.now() + 4000
  await load({
    callers: 256,
    calls: count,
    call: i =>
      announce.submit({
        ...announcement(`t${i}`, 0),
        effects: [{ kind: 'noop', title: 'A timer', due: { at: new Date(first + i) }, data: {} }],
      }),
  })
  if (Date.now() > first) throw new Error('timers: the first fell due before the last was announced')
  await all.promise
  return quantile(late.sort(ascending), 0.99)
}
