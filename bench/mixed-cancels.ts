// Cancels of events of which one effect has ended, one runs and heeds its abort, and one is pending.

import type { Carrier } from '../server/src/core/effects/carrier.ts'
import type { Announcement } from '../server/src/core/event.ts'
import { type Load, load, until } from './load.ts'
import { announceMany } from './seed.ts'
import { announcement, cancelOf, FAR_AHEAD_MS, noop, type Stand, TENANT } from './stand.ts'

const HANGS: Carrier = {
  kind: 'hangs',
  slots: 4000,
  maxAttempts: 3,
  run: (_, signal) =>
    new Promise(resolve => {
      if (signal.aborted) return resolve({ is: 'stopped' })
      signal.addEventListener('abort', () => resolve({ is: 'stopped' }), { once: true })
    }),
}

export async function mixedCancels(
  stand: Stand,
): Promise<(callers: number, calls: number, round: number) => Promise<Load>> {
  const engine = stand.engine([noop(), noop({ kind: 'ends' }), HANGS])
  await engine.start()
  return async (callers, calls, round) => {
    const name = (i: number) => `m${round}-${i}`
    const ids = await announceMany(stand.db, engine, calls, i => mixed(name(i)))
    for (const id of ids) {
      await until(async () => {
        const effects = await engine.effectsOf(TENANT, id)
        const states = effects.map(effect => effect.state).sort()
        return states.join() === 'ended,pending,running'
      })
    }
    return await load({
      callers,
      calls,
      meter: stand.meter,
      call: async i => {
        const outcome = await cancelOf(engine, name(i))
        if ('refused' in outcome || outcome.counts.total !== 3 || outcome.counts.prevented !== 1)
          throw new Error(`cancel of ${name(i)}: ${JSON.stringify(outcome)}`)
      },
      // What was running is stopped behind the acknowledgement.
      settled: () => until(() => engine.runningCount === 0),
    })
  }
}

function mixed(name: string): Announcement {
  const effect = (kind: string, afterMs: number) => ({ kind, title: 'An action', due: { afterMs }, data: {} })
  return {
    ...announcement(name, 0),
    effects: [effect('ends', 0), effect('hangs', 0), effect('noop', FAR_AHEAD_MS)],
  }
}
