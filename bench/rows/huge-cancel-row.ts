// One cancel over a million effects under one key, in the middle of their falling due: how soon it is acknowledged, that
// nothing under it starts afterwards, when its receipt is final, and what other keys notice of it.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { freshDirectory } from '../fresh-directory.ts'
import { load, pacedP99, until } from '../load.ts'
import { finalReceipt } from '../receipts.ts'
import { announceMany } from '../seed.ts'
import type { Size } from '../size.ts'
import { announcement, announcer, cancelOf, FAR_AHEAD_MS, noop, openStand } from '../stand.ts'
import { atMost, type Row, spread } from '../table.ts'

const KEY = 'huge'
/** Of the huge key, falling due in each run; the cancel comes when so many have been started. */
const DUE = 5000
const CANCEL_AFTER = 500
/** Reports and cancels of other keys, a second. */
const OTHERS = 200

export async function hugeCancelRow(size: Size): Promise<Row> {
  const template = await seedHuge(size.pending)
  const results: Result[] = []
  try {
    for (let run = 0; run < size.huge; run++)
      results.push(await cancelHuge(template, size, run < size.followed))
  } finally {
    rmSync(template, { recursive: true, force: true })
  }
  const acknowledged = spread(
    results.map(result => result.acknowledgedMs),
    'ms',
  )
  const followed = results.flatMap(result => result.followed ?? [])
  const worst = followed.toSorted((a, b) => b.slower - a.slower)[0]!
  const startedAfter = results.reduce((sum, result) => sum + result.startedAfter, 0)
  return {
    id: 'huge',
    what: `cancel over ${size.pending.toLocaleString('en')} effects under one key, some of them falling due`,
    ours: acknowledged,
    peer: null,
    figures: [
      atMost(`ms to acknowledge, p99 of ${size.huge}`, acknowledged.max, 20),
      atMost('started after the acknowledgement', startedAfter, 0),
      atMost(
        `s to final, worst of ${size.followed}`,
        Math.max(...followed.map(result => result.finalSeconds)),
        30,
      ),
      atMost(`× the p99 of other keys meanwhile, worst of ${size.followed}`, worst.slower, 2),
    ],
    note: `${size.huge} cancels, each in a fresh copy of one database; ${size.followed} are followed until they are final. Other keys: ${OTHERS} reports and cancels a second, p99 of both together ${worst.before.toFixed(1)} ms before and ${worst.meanwhile.toFixed(1)} ms meanwhile`,
  }
}

type Result = {
  readonly acknowledgedMs: number
  readonly startedAfter: number
  readonly followed: {
    readonly finalSeconds: number
    /** Milliseconds, of other keys. */
    readonly before: number
    readonly meanwhile: number
    readonly slower: number
  } | null
}

/** The data directory of a database with the effects; each run begins with a copy of it. */
async function seedHuge(effects: number): Promise<string> {
  const stand = await openStand()
  const engine = stand.engine([noop()])
  await announceMany(stand.db, engine, effects, () => announcement(KEY, FAR_AHEAD_MS))
  await stand.db.query({ text: 'vacuum analyze' })
  await stand.close()
  return stand.dataDir
}

async function cancelHuge(template: string, size: Size, follow: boolean): Promise<Result> {
  await using stand = await openStand({ dataDir: copyOf(template) })
  let acknowledged = false
  let started = 0
  let startedAfter = 0
  const engine = stand.engine([
    {
      ...noop({
        ran: async () => {
          started += 1
          if (acknowledged) startedAfter += 1
          return { is: 'done' }
        },
      }),
      slots: 100,
    },
  ])
  await engine.start()
  const announce = announcer(stand.db, engine)
  const other = async (name: string) => {
    await announce.submit(announcement(name, FAR_AHEAD_MS))
    await cancelOf(engine, name)
  }
  await load({ callers: 8, calls: 400, call: i => other(`warm-${i}`) })
  const watched = performance.now() + size.baseline * 1000
  const before = follow
    ? await pacedP99(
        OTHERS,
        () => performance.now() < watched,
        i => other(`before-${i}`),
      )
    : 0

  await announceMany(stand.db, engine, DUE, () => announcement(KEY, 0))
  await until(() => started >= CANCEL_AFTER, 0)
  const begun = performance.now()
  const outcome = await cancelOf(engine, KEY)
  const acknowledgedMs = performance.now() - begun
  // What was started before the commit may still reach its carrier in this turn of the event loop.
  await new Promise(resolve => setImmediate(resolve))
  acknowledged = true
  if ('refused' in outcome) throw new Error(`the huge cancel: ${outcome.refused}`)
  if (!follow) return { acknowledgedMs, startedAfter, followed: null }

  const withinMs = size.giveUpSeconds * 1000
  let waiting = true
  const [finalSeconds, meanwhile] = await Promise.all([
    finalReceipt(engine, outcome.receiptId, withinMs).then(receipt => {
      waiting = false
      const total = receipt?.counts.total ?? size.pending + DUE
      if (total !== size.pending + DUE) throw new Error(`the huge cancel lists ${total} effects`)
      return (performance.now() - begun) / 1000
    }),
    pacedP99(
      OTHERS,
      () => waiting,
      i => other(`meanwhile-${i}`),
    ),
  ])
  return {
    acknowledgedMs,
    startedAfter,
    followed: { finalSeconds, before, meanwhile, slower: meanwhile / before },
  }
}

function copyOf(directory: string): string {
  const copy = freshDirectory()
  // With owners and modes: PostgreSQL insists on its own. And written out, so that it does not weigh on what is measured.
  for (const [program, ...args] of [
    ['cp', '-a', `${directory}/.`, copy],
    ['sync', '-f', copy],
  ] as const) {
    const ended = spawnSync(program, args, { encoding: 'utf8' })
    if (ended.status !== 0) throw new Error(`${program}: ${ended.error?.message ?? ended.stderr}`)
  }
  return copy
}
