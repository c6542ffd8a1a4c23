// Cancel with a stored receipt among a million pending effects; beside BullMQ's remove of a delayed job among as many,
// which keeps nothing of it, and Restate's cancel of an invocation that is to begin later.

import type { Engine } from '../../server/src/engine/engine.ts'
import { type Load, load } from '../load.ts'
import { mixedCancels } from '../mixed-cancels.ts'
import { type Bull, NO_REDIS, openBull, redisInstalled, seedBull } from '../redis.ts'
import { seedPending } from '../seed.ts'
import type { Size } from '../size.ts'
import { cancelOf, noop, openStand, type Stand } from '../stand.ts'
import { atMost, beside, type Row, spread } from '../table.ts'
import { turns } from '../turns.ts'
import { restateRows } from './restate-rows.ts'

const CALLERS = 64
const MANY_CALLERS = 256

export async function cancelRows(size: Size): Promise<Row[]> {
  const calls = Math.min(size.calls, 10_000)
  await using stand = await openStand()
  const engine = stand.engine([noop()])
  await seedPending(stand.db, engine, { prefix: 'c', count: size.pending })
  const cancels = new Cancels(stand, engine)
  const rows = [await growthRow(size, cancels)]
  {
    await using bull = redisInstalled() ? await openBull() : null
    if (bull) await seedBull(bull, { prefix: 'c', count: size.pending })
    const removes = bull && new Removes(bull)
    rows.unshift(await plainRow(size, calls, cancels, removes), await mixedRow(size, stand, removes))
  }
  return [...rows, ...(await restateRows({ ...size, calls }, cancels))]
}

/** Cancels of events that nothing has happened to, each of another. */
class Cancels {
  private readonly stand: Stand
  private readonly engine: Engine
  private next = 0

  constructor(stand: Stand, engine: Engine) {
    this.stand = stand
    this.engine = engine
  }

  load(callers: number, calls: number): Promise<Load> {
    const call = async () => {
      const name = `c${this.next++}`
      const outcome = await cancelOf(this.engine, name)
      if ('refused' in outcome || outcome.counts.prevented !== 1)
        throw new Error(`cancel of ${name}: ${JSON.stringify(outcome)}`)
    }
    return load({ callers, calls, meter: this.stand.meter, call })
  }
}

/** The same of BullMQ's jobs. */
class Removes {
  private readonly bull: Bull
  private next = 0

  constructor(bull: Bull) {
    this.bull = bull
  }

  load(callers: number, calls: number): Promise<Load> {
    const call = async () => {
      const name = `c${this.next++}`
      if ((await this.bull.queue.remove(name)) !== 1) throw new Error(`BullMQ did not remove ${name}`)
    }
    return load({ callers, calls, meter: this.bull.meter, call })
  }
}

async function plainRow(
  { runs, pending }: Size,
  calls: number,
  cancels: Cancels,
  removes: Removes | null,
): Promise<Row> {
  const best = async (of: Cancels | Removes) => {
    const [few, many] = [await of.load(CALLERS, calls), await of.load(MANY_CALLERS, calls)]
    return few.rate > many.rate ? few : many
  }
  const measured = await turns(runs, () => best(cancels), removes && (() => best(removes)))
  return {
    id: 'cancel',
    what: `cancel with a stored receipt among ${pending.toLocaleString('en')} pending, the best of 64 and 256 callers`,
    ...beside(measured, { name: 'BullMQ remove, which stores nothing', missing: NO_REDIS, goal: 0.75 }),
  }
}

async function mixedRow({ runs, mixed, pending }: Size, stand: Stand, removes: Removes | null): Promise<Row> {
  const cancel = await mixedCancels(stand)
  const measured = await turns(
    runs,
    round => cancel(CALLERS, mixed, round),
    removes && (() => removes.load(CALLERS, mixed)),
  )
  return {
    id: 'cancel-mixed',
    what: `cancel among ${pending.toLocaleString('en')} pending, of events with one ended, one running and one pending effect, 64 callers`,
    ...beside(measured, { name: 'BullMQ remove of a delayed job', missing: NO_REDIS }),
  }
}

async function growthRow({ runs, pending, few }: Size, cancels: Cancels): Promise<Row> {
  await using stand = await openStand()
  const engine = stand.engine([noop()])
  await seedPending(stand.db, engine, { prefix: 'c', count: few })
  const fewCancels = new Cancels(stand, engine)
  const calls = Math.floor(few / (runs + 1))
  const measured = await turns(
    runs,
    () => cancels.load(CALLERS, calls),
    () => fewCancels.load(CALLERS, calls),
  )
  const [large, small] = [measured.ours, measured.peer].map(loads =>
    spread(
      loads.map(l => l.p50),
      'ms',
    ),
  )
  return {
    id: 'cancel-growth',
    what: `p50 of a cancel among ${pending.toLocaleString('en')}, 64 callers`,
    ours: large!,
    peer: { name: `among ${few.toLocaleString('en')}`, ...small! },
    figures: [atMost('ratio', large!.median / small!.median, 1.3)],
  }
}
