// Report with one delayed action, in process, 64 callers; beside BullMQ's add of a delayed job.

import { load } from './load.ts'
import { openBull } from './redis.ts'
import { announcement, announcer, noop, openStand } from './stand.ts'
import { atLeast, type Row, spread } from './table.ts'

const CALLERS = 64

export async function reportRow({
  runs,
  calls,
  bull,
}: {
  runs: number
  calls: number
  bull: boolean
}): Promise<Row> {
  await using stand = await openStand()
  const announce = announcer(stand.db, stand.engine([noop]))
  const reference = bull ? await openBull() : null
  const ours: number[] = []
  const theirs: number[] = []
  for (let run = 0; run <= runs; run++) {
    const mine = await load(CALLERS, calls, i => announce.submit(announcement(`r${run}-${i}`, 3_600_000)))
    const other = reference
      ? await load(CALLERS, calls, i =>
          reference.queue.add(
            'an action',
            { to: 'somebody@example.com' },
            { jobId: `r${run}-${i}`, delay: 3_600_000 },
          ),
        )
      : null
    // The first round warms both up.
    if (run === 0) continue
    ours.push(mine.rate)
    if (other) theirs.push(other.rate)
  }
  await reference?.[Symbol.asyncDispose]()
  const mine = spread(ours, '/s')
  const other = spread(theirs, '/s')
  return {
    what: 'report with one delayed action, in process, 64 callers',
    ours: mine,
    reference: reference ? { name: 'BullMQ add, append-only fsync always', spread: other } : null,
    ...atLeast(
      reference ? 'ratio' : 'no redis-server here; ours',
      reference ? mine.median / other.median : mine.median,
      1.5,
    ),
  }
}
