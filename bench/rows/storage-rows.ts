// What a pending effect takes on the disk, and what a report writes to the log.

import { load } from '../load.ts'
import { engineBytes, seedPending, stopFullPageImages, walBytes } from '../seed.ts'
import type { Size } from '../size.ts'
import { announcement, announcer, FAR_AHEAD_MS, noop, openStand } from '../stand.ts'
import { atMost, type Row, spread } from '../table.ts'

/** Enough that pages which are begun weigh nothing. */
const AT_MOST_PENDING = 200_000

export async function storageRows(size: Pick<Size, 'runs' | 'calls' | 'pending'>): Promise<Row[]> {
  return [await diskRow(Math.min(size.pending, AT_MOST_PENDING)), await logRow(size)]
}

async function diskRow(count: number): Promise<Row> {
  await using stand = await openStand()
  const engine = stand.engine([noop()])
  const before = await engineBytes(stand.db)
  await seedPending(stand.db, engine, { prefix: 'd', count })
  const each = ((await engineBytes(stand.db)) - before) / count
  return {
    id: 'disk',
    what: `disk for each of ${count.toLocaleString('en')} pending effects, its event and all indexes included`,
    ours: spread([each], 'B'),
    peer: null,
    figures: [atMost('B', each, 900)],
  }
}

async function logRow({ runs, calls }: Pick<Size, 'runs' | 'calls'>): Promise<Row> {
  await using stand = await openStand()
  await stopFullPageImages(stand.db)
  const announce = announcer(stand.db, stand.engine([noop()]))
  const each: number[] = []
  for (let run = 0; run <= runs; run++) {
    const before = await walBytes(stand.db)
    const call = (i: number) => announce.submit(announcement(`w${run}-${i}`, FAR_AHEAD_MS))
    await load({ callers: 64, calls, call })
    if (run > 0) each.push(((await walBytes(stand.db)) - before) / calls)
  }
  const ours = spread(each, 'B')
  return {
    id: 'log',
    what: 'log written for a report with one delayed action, full-page images off, 64 callers',
    ours,
    peer: null,
    figures: [atMost('B', ours.median, 1000)],
  }
}
