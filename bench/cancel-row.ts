// Cancel with a stored receipt among a million pending effects; beside BullMQ's remove of a delayed job among as many.

import { type Load, load } from './load.ts'
import { openBull } from './redis.ts'
import { by, noop, openStand, seedPending, TENANT } from './stand.ts'
import { atLeast, atMost, type Row, spread } from './table.ts'

export async function cancelRows(options: {
  runs: number
  calls: number
  pending: number
  few: number
  bull: boolean
}): Promise<Row[]> {
  const { runs, calls, pending, few } = options
  const small = await p50Among(few, runs, Math.min(calls, Math.floor(few / (runs + 1))))
  await using stand = await openStand()
  const engine = stand.engine([noop])
  await seedPending(stand.db, 'c', { to: pending })
  const reference = options.bull ? await openBull() : null
  if (reference) await seedBull(reference.queue, pending)
  const cancel = (i: number) =>
    engine.cancel({ tenant: TENANT, target: { key: `c${i}`, entity: `c${i}`, kind: 'bench.event' }, by })

  const ours: Load[] = []
  const wide: Load[] = []
  const theirs: Load[] = []
  let next = 0
  let nextBull = 0
  for (let run = 0; run <= runs; run++) {
    const at64 = await load(64, calls, () => cancel(next++))
    const at256 = await load(256, calls, () => cancel(next++))
    const bull64 = reference ? await load(64, calls, () => reference.queue.remove(`c${nextBull++}`)) : null
    const bull256 = reference ? await load(256, calls, () => reference.queue.remove(`c${nextBull++}`)) : null
    if (run === 0) continue
    ours.push(at64)
    wide.push(at256)
    if (bull64 && bull256) theirs.push(bull64.rate > bull256.rate ? bull64 : bull256)
  }
  await reference?.[Symbol.asyncDispose]()
  const rates = ours.map((l, i) => Math.max(l.rate, wide[i]!.rate))
  const mine = spread(rates, '/s')
  const other = spread(
    theirs.map(l => l.rate),
    '/s',
  )
  const large = spread(
    ours.map(l => l.p50),
    'ms',
  )
  return [
    {
      what: `cancel with a stored receipt among ${pending.toLocaleString('en')} pending, the best of 64 and 256 callers`,
      ours: mine,
      reference: reference ? { name: 'BullMQ remove', spread: other } : null,
      ...atLeast(
        reference ? 'ratio' : 'no redis-server here; ours',
        reference ? mine.median / other.median : mine.median,
        1,
      ),
    },
    {
      what: `p50 of a cancel among ${pending.toLocaleString('en')}, 64 callers`,
      ours: large,
      reference: { name: `among ${few.toLocaleString('en')}`, spread: small },
      ...atMost('ratio', large.median / small.median, 1.3),
    },
  ]
}

async function p50Among(pending: number, runs: number, calls: number) {
  await using stand = await openStand()
  const engine = stand.engine([noop])
  await seedPending(stand.db, 'c', { to: pending })
  let next = 0
  const p50: number[] = []
  for (let run = 0; run <= runs; run++) {
    const l = await load(64, calls, () => {
      const name = `c${next++}`
      return engine.cancel({ tenant: TENANT, target: { key: name, entity: name, kind: 'bench.event' }, by })
    })
    if (run > 0) p50.push(l.p50)
  }
  return spread(p50, 'ms')
}

async function seedBull(queue: Awaited<ReturnType<typeof openBull>>['queue'], count: number): Promise<void> {
  const step = 5000
  for (let at = 0; at < count; at += step) {
    await queue.addBulk(
      Array.from({ length: Math.min(step, count - at) }, (_, i) => ({
        name: 'an action',
        data: { to: 'somebody@example.com' },
        opts: { jobId: `c${at + i}`, delay: 2_592_000_000 },
      })),
    )
  }
}
