// Trivial due effects, guarded start included, until the last is settled; beside graphile-worker.

import { openGraphile } from '../graphile.ts'
import { type Rate, timed } from '../load.ts'
import { analyze, announceMany } from '../seed.ts'
import type { Size } from '../size.ts'
import { announcement, noop, openStand, type Stand } from '../stand.ts'
import { beside, type Row } from '../table.ts'
import { turns } from '../turns.ts'

export async function runRow({ runs, effects }: Pick<Size, 'runs' | 'effects'>): Promise<Row> {
  await using stand = await openStand()
  await using graphile = await openGraphile(stand.db.options)
  const measured = await turns(
    runs,
    round => drainOurs(stand, `x${round}-`, effects),
    async () => {
      await graphile.add(effects)
      await analyze(stand.db)
      return await timed(stand.meter, effects, () => graphile.drain(effects))
    },
  )
  return {
    id: 'run',
    what: `run of ${effects.toLocaleString('en')} trivial due effects, start to settled`,
    ...beside(measured, { name: 'graphile-worker, batched', missing: '', goal: 1.4 }),
  }
}

async function drainOurs(stand: Stand, prefix: string, effects: number): Promise<Rate> {
  let ran = 0
  const all = Promise.withResolvers<void>()
  const engine = stand.engine([
    noop({
      ran: async () => {
        ran += 1
        if (ran === effects) all.resolve()
        return { is: 'done' }
      },
    }),
  ])
  await announceMany(stand.db, engine, effects, i => announcement(`${prefix}${i}`, 0))
  await analyze(stand.db)
  return await timed(stand.meter, effects, async () => {
    await engine.start()
    await all.promise
    // Resolves when the last end is committed.
    await engine.stop()
  })
}
