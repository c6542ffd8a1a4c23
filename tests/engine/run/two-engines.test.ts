// An engine is an object: two of them, on two databases in one process, share nothing but the places that they are given.
// Each is judged by its own model, whatever the other does meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Engine } from '../../../server/src/engine/engine.ts'
import { RunningSlots } from '../../../server/src/engine/run/running-slots.ts'
import { Database, type FlushStep } from '../../../server/src/store/database.ts'
import type { Row } from '../../../server/src/store/session.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { random, SteeredCarrier } from '../../support/engine.ts'
import { EMPTY_TABLES } from '../empty-tables.ts'
import { byKey, effect, event, TENANT } from '../engine-parts.ts'
import { step } from '../model/commands.ts'
import { LANE_SLOTS, Model } from '../model/model.ts'

const RUNS = 20
const MAX_RUNNING = 4

test('two engines on two databases, at once and by one clock: each keeps the promise, and both keep to the places', async t => {
  await using one = await testDatabase()
  await using two = await testDatabase()
  for (const { db, name } of [one, two])
    await db.query({
      text: `alter database ${name} set synchronous_commit = off; set synchronous_commit = off`,
    })
  const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ one: step, two: step }), { minLength: 3, maxLength: 10 }),
      fc.constantFrom(5000, 3),
      async (steps, maxMarkedAtOnce) => {
        const places = new RunningSlots({ maxRunning: MAX_RUNNING })
        const time = { ms: Date.parse('2026-06-01T12:00:00Z') }
        for (const { db } of [one, two]) await db.query({ text: EMPTY_TABLES })
        const models = [one, two].map(({ db }) => new Model(db, { maxMarkedAtOnce, time, places }))
        for (const both of steps) {
          time.ms += both.one.waitMs
          // One's first, two's first, one's second, and so on: their starts meet.
          const commands = [both.one, both.two].flatMap(({ together }, engine) =>
            together.map((command, at) => ({ at, run: () => models[engine]?.run(command) })),
          )
          await Promise.all(commands.toSorted((a, b) => a.at - b.at).map(({ run }) => run()))
          const placed = models.reduce((sum, model) => sum + model.placed(), 0)
          assert.equal(places.free, MAX_RUNNING - placed)
          assert.ok(placed <= MAX_RUNNING, `${placed} run at once`)
          for (const kind of ['mail', 'step']) {
            const ofLane = models.reduce((sum, model) => sum + model.placed(kind), 0)
            assert.ok(ofLane <= LANE_SLOTS, `${ofLane} run at once in the lane of ${kind}`)
          }
        }
        for (const model of models) await model.finish()
        assert.equal(places.free, MAX_RUNNING, 'a place was not given back')
      },
    ),
    { seed, numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 40_000 },
  )
})

/** Two engines whose loops run, with one carrier each and the same places. */
async function twoEngines(options: { maxRunning?: number; slots: number; startTogether?: boolean }) {
  const places = new RunningSlots({ maxRunning: options.maxRunning ?? 100 })
  const together = meetingOf(options.startTogether ? 2 : 1)
  const make = async () => {
    const database = await testDatabase()
    const mail = new SteeredCarrier('mail', { slots: options.slots })
    const db = new StartsTogether(database.options, together)
    // It sleeps until it is woken.
    const engine = new Engine({ db, random, runner: { slots: places, maxSleepMs: 3_600_000 } })
    engine.register({ carriers: [mail] })
    await engine.start()
    return { database, mail, engine, db }
  }
  const sides = [await make(), await make()] as const
  return {
    sides,
    async [Symbol.asyncDispose]() {
      for (const { mail } of sides) {
        mail.answer = () => ({ is: 'done' })
        for (const run of mail.runs) run.end({ is: 'done' })
      }
      for (const { engine, db, database } of sides) {
        await engine.stop()
        await db.close()
        await database[Symbol.asyncDispose]()
      }
    },
  }
}
type Side = Awaited<ReturnType<typeof twoEngines>>['sides'][number]

/** Its first start waits until the other's is there too: both then know of the places as nobody has taken any. */
class StartsTogether extends Database {
  private readonly together: () => Promise<void>

  constructor(options: TestDatabase['options'], together: () => Promise<void>) {
    super(options)
    this.together = together
  }

  override async flush<Rows extends readonly Row[]>(name: string, steps: readonly FlushStep[]) {
    if (name === 'start') await this.together()
    return await super.flush<Rows>(name, steps)
  }
}

/** Resolves for all once so many have come; from then on at once. */
function meetingOf(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return async () => {
    come += 1
    if (come >= count) resolve()
    await promise
  }
}

async function announce({ database, engine }: Side, count: number, lane: string): Promise<void> {
  const effects = Array.from({ length: count }, (_, n) => effect(`${lane} ${n}`, { lane }))
  const [result] = await database.db.transaction('t', tx =>
    engine.announce(tx, [event('e', effects, { key: lane })]),
  )
  assert.equal(result?.is, 'announced')
}

/** As {@link announce}, each of a tenant of its own: no share stands in its way. */
async function announceOfMany(side: Side, count: number, lane: string): Promise<void> {
  const { database, engine } = side
  await database.db.transaction('t', tx =>
    engine.announce(
      tx,
      Array.from({ length: count }, (_, n) =>
        event('e', [effect(`${lane} ${n}`, { lane })], { tenant: `${lane} ${n}`, key: lane }),
      ),
    ),
  )
}

/** Resolves when so many rows are marked as running in both databases together; no more may have reached their carriers. */
async function runningInAll(sides: readonly Side[], wanted: number): Promise<void> {
  for (;;) {
    const ran = sides.reduce((sum, { mail }) => sum + mail.runs.length, 0)
    assert.ok(ran <= wanted, `${ran} run at once`)
    const rows = await Promise.all(
      sides.map(({ database }) =>
        database.db.query<{ state: string; attempt: number }>({
          text: 'select state::text, attempt from engine.effect',
        }),
      ),
    )
    if (rows.flat().filter(row => row.state === 'running').length !== wanted) continue
    assert.ok(
      rows.flat().every(row => row.attempt === 1),
      'what went back untouched is the same attempt',
    )
    return
  }
}

/** Who got places, and who got none. */
async function winnerOf(sides: readonly [Side, Side], places: number): Promise<readonly [Side, Side]> {
  const [one, two] = sides
  const first = await Promise.race(
    sides.map(async side => {
      await side.mail.begun(places)
      return side
    }),
  )
  return first === one ? [one, two] : [two, one]
}

for (const { what, options, lanes, announceAll } of [
  { what: 'slots of a lane', options: { slots: 3 }, lanes: ['x', 'x'], announceAll: announce },
  {
    what: 'places in all',
    options: { slots: 100, maxRunning: 3 },
    lanes: ['x', 'y'],
    announceAll: announceOfMany,
  },
] as const) {
  test(`two starts at the same moment do not get more than the ${what}; the rest goes back and waits for its turn`, async () => {
    await using both = await twoEngines({ ...options, startTogether: true })
    const { sides } = both
    await Promise.all(sides.map((side, at) => announceAll(side, 3, lanes[at] as string)))
    const [winner, loser] = await winnerOf(sides, 3)
    await runningInAll(sides, 3)
    assert.deepEqual([winner.mail.runs.length, loser.mail.runs.length], [3, 0])
    // Nothing of the loser's database is told: only the shared places can wake it.
    winner.mail.runs[0]?.end({ is: 'done' })
    await loser.mail.begun(1)
    assert.equal(loser.mail.runs.length, 1)
  })
}

test('a full lane of one engine is full for the other, whose other lanes run; a slot that comes free wakes it', async () => {
  await using both = await twoEngines({ slots: 2 })
  const [one, two] = both.sides
  await announce(one, 2, 'full')
  const held = await one.mail.begun(2)
  await announce(two, 1, 'full')
  await announce(two, 1, 'another')
  assert.equal((await two.mail.begun(1)).effect.title, 'another 0')
  held.end({ is: 'done' })
  assert.equal((await two.mail.begun(2)).effect.title, 'full 0')
})

test('an engine that stops leaves the other its places', async () => {
  await using both = await twoEngines({ slots: 100, maxRunning: 2 })
  const [one, two] = both.sides
  await announceOfMany(one, 2, 'x')
  await one.mail.begun(2)
  await announceOfMany(two, 2, 'y')
  const stopped = one.engine.stop()
  for (const run of one.mail.runs) run.end({ is: 'done' })
  await two.mail.begun(2)
  await stopped
})

test('a cancel in one database is not seen in the other, where everything has the same names', async () => {
  await using both = await twoEngines({ slots: 1 })
  const [one, two] = both.sides
  await announce(one, 2, 'same')
  await one.mail.begun(1)
  await announce(two, 2, 'same')
  const outcome = await two.engine.cancel(byKey('same'))
  assert.ok(!('refused' in outcome))
  assert.deepEqual([outcome.counts.total, outcome.counts.prevented], [2, 2])
  assert.equal(await one.engine.receipt(TENANT, outcome.receiptId), null)
  one.mail.runs[0]?.end({ is: 'done' })
  const second = await one.mail.begun(2)
  assert.equal(second.signal.aborted, false)
})
