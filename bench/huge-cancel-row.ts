// One cancel over a million effects: how soon it is acknowledged, and that nothing under it starts afterwards.

import type { Carrier } from '../server/src/engine/hooks.ts'
import { by, openStand, seedPending, TENANT } from './stand.ts'
import { atMost, type Row, spread } from './table.ts'

export async function hugeCancelRow({ runs, effects }: { runs: number; effects: number }): Promise<Row> {
  const acknowledged: number[] = []
  const marked: number[] = []
  let startedAfter = 0
  for (let run = 0; run < runs; run++) {
    const result = await cancelHuge(effects)
    acknowledged.push(result.ms)
    marked.push(result.markedMs)
    startedAfter += result.startedAfter
  }
  const mine = spread(acknowledged, 'ms')
  const worst = Math.max(...acknowledged)
  return {
    what: `cancel over ${effects.toLocaleString('en')} effects under one key that are falling due, acknowledged`,
    ours: mine,
    reference: null,
    ...atMost(`worst of ${runs}, ms`, worst, 50),
    note: `started after the acknowledgement: ${startedAfter}. Written down to the last item ${Math.round(Math.max(...marked) / 1000)} s later at most.`,
  }
}

async function cancelHuge(effects: number): Promise<{ ms: number; markedMs: number; startedAfter: number }> {
  await using stand = await openStand()
  let acknowledged = false
  let startedAfter = 0
  const one = Promise.withResolvers<void>()
  let starts = 0
  const carrier: Carrier = {
    kind: 'noop',
    slots: 100,
    maxAttempts: 3,
    run: async () => {
      starts += 1
      if (acknowledged) startedAfter += 1
      if (starts === 500) one.resolve()
      return { is: 'done' }
    },
  }
  const engine = stand.engine([carrier])
  await seedPending(stand.db, 'h', { to: effects, entity: 'huge' })
  // All due: the runner is at work on them when the cancel comes.
  await stand.db.query({ text: 'update engine.pending set due_at = now()' })
  await stand.db.query({ text: 'vacuum analyze' })
  await engine.start()
  await one.promise
  const begun = performance.now()
  const outcome = await engine.cancel({
    tenant: TENANT,
    target: { key: 'huge', entity: 'huge', kind: 'bench.event' },
    by,
  })
  const ms = performance.now() - begun
  // What was started before the commit may still reach its carrier in this turn of the event loop.
  await new Promise(resolve => setImmediate(resolve))
  acknowledged = true
  if ('refused' in outcome) throw new Error(outcome.refused)
  for (;;) {
    const receipt = await engine.receipt(TENANT, outcome.receiptId, { waitMs: 60_000 })
    if (receipt?.state === 'final') break
  }
  return { ms, markedMs: performance.now() - begun, startedAfter }
}
