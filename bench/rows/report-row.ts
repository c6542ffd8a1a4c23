// Report with one delayed action, in process, 64 callers; beside BullMQ's add of a delayed job.

import { load } from '../load.ts'
import { NO_REDIS, openBull, redisInstalled } from '../redis.ts'
import type { Size } from '../size.ts'
import { announcement, announcer, noop, openStand } from '../stand.ts'
import { beside, type Row } from '../table.ts'
import { turns } from '../turns.ts'

const CALLERS = 64
const DELAY_MS = 3_600_000

export async function reportRow({ runs, calls }: Pick<Size, 'runs' | 'calls'>): Promise<Row> {
  await using stand = await openStand()
  await using bull = redisInstalled() ? await openBull() : null
  const announce = announcer(stand.db, stand.engine([noop()]))
  const job = { to: 'somebody@example.com' }
  const measured = await turns(
    runs,
    round =>
      load({
        callers: CALLERS,
        calls,
        meter: stand.meter,
        call: i => announce.submit(announcement(`r${round}-${i}`, DELAY_MS)),
      }),
    bull &&
      (round =>
        load({
          callers: CALLERS,
          calls,
          meter: bull.meter,
          call: i => bull.queue.add('an action', job, { jobId: `r${round}-${i}`, delay: DELAY_MS }),
        })),
  )
  return {
    id: 'report',
    what: 'report with one delayed action, in process, 64 callers',
    ...beside(measured, {
      name: 'BullMQ add, append-only fsync always',
      missing: NO_REDIS,
      goal: 1.5,
    }),
  }
}
