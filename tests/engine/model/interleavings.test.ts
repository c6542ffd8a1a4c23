// Every order of the statements of two clients that can make a difference, on real connections (see support/stepper.ts).
// A model of atomic verbs cannot find the races of READ COMMITTED: this can.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CancelOutcome } from '../../../server/src/core/cancellation.ts'
import type { Verdict } from '../../../server/src/core/effects/effect.ts'
import { announce, lockParents } from '../../../server/src/engine/announce/announce.ts'
import { revise } from '../../../server/src/engine/announce/revise.ts'
import { cancelBatch } from '../../../server/src/engine/cancel/cancel.ts'
import { openCancellation } from '../../../server/src/engine/open-cancel/cancel-open.ts'
import { markSomeOpen } from '../../../server/src/engine/open-cancel/open-marker.ts'
import { endFromOutside } from '../../../server/src/engine/run/end.ts'
import { closeReceipts, rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../../server/src/engine/run/settle.ts'
import { sql } from '../../../server/src/engine/statements.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import type { Part } from '../../support/stepped-client.ts'
import { type Explored, type Scenario, Stepper } from '../../support/stepper.ts'
import {
  attemptOf,
  byId,
  byKey,
  effect,
  event,
  OTHER_WORKER,
  startChosen,
  TENANT,
  WORKER,
} from '../engine-parts.ts'
import { World } from './interleaving-world.ts'

/** How it locks is the same since 15; so a few of each there, that nothing of this depends on what came later. */
const ON_OLDEST = process.env.STANDDOWN_TEST_PG_MAJOR === '15'

let database: TestDatabase
let stepper: Stepper
const table: (Explored & { readonly name: string; readonly ms: number })[] = []

before(async () => {
  database = await testDatabase()
  // Thousands of small commits, none of which must outlive the machine.
  await database.db.query({
    text: `alter database ${database.name} set synchronous_commit = off; set synchronous_commit = off`,
  })
  stepper = await Stepper.on(database.options)
})

after(async () => {
  await stepper[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  const total = table.reduce((sum, row) => sum + row.schedules, 0)
  console.log(
    `# ${total} schedules of ${table.length} meetings; waits: how often one waited for another's lock`,
  )
  for (const row of table) {
    const { name, schedules, complete, blocked, deadlocks, ms } = row
    console.log(
      `# ${name.padEnd(44)} ${String(schedules).padStart(5)} ${complete ? 'all   ' : 'sample'} ${String(blocked).padStart(5)} waits ${deadlocks} deadlocks ${Math.round(ms)} ms`,
    )
  }
})

type Verb = (world: World) => Part

/** As Batcher does: the victim of a deadlock has done nothing, and is run again. */
async function undeadlocked<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01') throw error
    }
  }
}

const cancelling =
  (request: (world: World) => Parameters<typeof cancelBatch>[2], most = 5000): Verb =>
  world =>
  async db => {
    const outcomes = await undeadlocked(() =>
      db.transaction('cancel', tx => cancelBatch(world.context(db), tx, request(world), most)),
    )
    for (const outcome of outcomes) {
      if ('receiptId' in outcome && !('refused' in outcome) && !outcome.replayed)
        world.seen.push({ saw: 'cancel', receiptId: outcome.receiptId })
    }
    return outcomes
  }

const opening =
  (request: (world: World) => Parameters<typeof openCancellation>[1]): Verb =>
  world =>
  async db => {
    const outcome = await openCancellation(world.context(db), request(world))
    if ('receiptId' in outcome && !('refused' in outcome) && !outcome.replayed)
      world.seen.push({ saw: 'cancel', receiptId: outcome.receiptId })
    return outcome
  }

/** The runner's settle, once: what is held is settled when everything is brought to its end. */
const settling =
  (title: string, verdict: Verdict): Verb =>
  world =>
  async db => {
    const context = world.context(db)
    return await db.transaction('settle', tx =>
      settleAttempts(context, tx, [attemptOf(world.row(title), verdict)]),
    )
  }

/** Starts what was due from the beginning, and nothing that a revise has written since. */
function startOld(world: World, db: Database, worker: string) {
  const revised = { id: '', lane: `${TENANT} mail revised` }
  return startChosen(world.context(db), db, worker, world.due, [...world.due, revised])
}

const verbs = {
  start: world => async db => {
    world.started(await startOld(world, db, OTHER_WORKER))
  },
  'announce child': world => db =>
    db.transaction('announce', tx =>
      announce(world.context(db), tx, [
        event('late child', [effect('l1')], { parent: { id: world.root, link: 'cancel' } }),
      ]),
    ),
  'announce grandchild': world => db =>
    db.transaction('announce', tx =>
      announce(world.context(db), tx, [
        event('late grandchild', [effect('g1')], { parent: { id: world.child, link: 'cancel' } }),
      ]),
    ),
  'announce root': world => db =>
    db.transaction('announce', tx =>
      announce(world.context(db), tx, [event('late root', [effect('n1')], { key: 'k', early: 'absorb' })]),
    ),
  'settle done': settling('runs', { is: 'done' }),
  'settle with next steps': settling('steps', { is: 'done' }),
  'settle retry': settling('runs', { is: 'retry', error: 'again', afterMs: 0 }),
  'settle retry of child': settling('c2 runs', { is: 'retry', error: 'again', afterMs: 0 }),
  'settle waiting': settling('runs', { is: 'waiting' }),
  'end from outside': world => db =>
    db.transaction('end', tx =>
      endFromOutside(world.context(db), tx, [{ effectId: world.row('runs').id, verdict: { is: 'done' } }]),
    ),
  revise: world => db =>
    db.transaction('revise', tx =>
      revise(world.context(db), tx, { tenant: TENANT, eventId: world.root, effects: [effect('revised')] }),
    ),
  'revise, another': world => db =>
    db.transaction('revise', tx =>
      revise(world.context(db), tx, { tenant: TENANT, eventId: world.root, effects: [effect('revised')] }),
    ),
  'start, another': world => async db => {
    world.started(await startOld(world, db, WORKER))
  },
  rescue: world => async db => {
    await rescueOnce({ ...world.context(db), clock: () => new Date(Date.now() + 7_200_000) })
  },
  'retry by hand': world => db =>
    db.transaction('retry', async tx => {
      const event = (await lockParents(tx, [world.root], { tenants: [TENANT] })).get(world.root)
      if (event?.cancellation_id != null) return 'cancelled'
      const revived = await tx.query(sql('revive'), [null, [world.dead], TENANT])
      if (revived.length > 0)
        tx.afterCommit(() => world.seen.push({ saw: 'retry by hand', effectId: world.dead }))
      return revived
    }),
  'close receipts': world => db =>
    closeReceipts({ ...world.context(db), clock: () => new Date(Date.now() + 60_000) }),
  'cancel by id': cancelling(w => [byId(w.root)]),
  'cancel by id, another': cancelling(w => [byId(w.root, 'b')]),
  'cancel by key': cancelling(() => [byKey('k')]),
  'cancel by key, another': cancelling(() => [byKey('k', 'b')]),
  'cancel child': cancelling(w => [byId(w.child, 'b')]),
  'cancel beside and child': cancelling(w => [byId(w.beside, 'b'), byId(w.child, 'b')]),
  'cancel root and beside': cancelling(w => [byId(w.root), byId(w.beside, 'c')]),
  'open by id': opening(w => byId(w.root)),
  'open by key': opening(() => byKey('k')),
  'open by id, another': opening(w => byId(w.root, 'b')),
  mark: world => async db => {
    while (await markSomeOpen(world.context(db), 50)) {}
  },
} satisfies Record<string, Verb>

type VerbName = keyof typeof verbs

type Outcomes = Parameters<Scenario['check']>[0]

async function meet(
  names: readonly VerbName[],
  { given = [] as readonly VerbName[], most = 20, check = async (_outcomes: Outcomes) => {} } = {},
): Promise<void> {
  const began = performance.now()
  const name = `${given.length > 0 ? `${given.join(', ')}; ` : ''}${names.join(' | ')}`
  const explored = await stepper.explore(
    async (): Promise<Scenario> => {
      const world = await World.open(database.db)
      for (const verb of given) await (verbs[verb] as Verb)(world)(database.db)
      return {
        parts: Object.fromEntries(names.map((verb, i) => [`${i + 1} ${verb}`, (verbs[verb] as Verb)(world)])),
        check: async outcomes => {
          for (const [client, { error }] of Object.entries(outcomes))
            if (error) throw new Error(`${client}: ${error.message}`, { cause: error })
          await check(outcomes)
          await world.check()
        },
      }
    },
    { most: ON_OLDEST ? Math.ceil(most / 4) : most },
  )
  table.push({ name, ...explored, ms: performance.now() - began })
  assert.ok(explored.schedules > 1, name)
}

const cancels = ['cancel by id', 'cancel by key', 'open by id', 'open by key'] as const
const others = [
  'start',
  'announce child',
  'announce grandchild',
  'announce root',
  'settle done',
  'settle with next steps',
  'settle retry',
  'settle retry of child',
  'settle waiting',
  'end from outside',
  'revise',
  'rescue',
  'retry by hand',
] as const

test('two revises: the second replaces what the first has written', async () => {
  const check = async () => {
    const live = await database.db.query({
      text: `select from engine.effect f where f.state = 'pending' and f.title = 'revised'`,
    })
    assert.equal(live.length, 1)
  }
  await meet(['revise', 'revise, another'], { check })
  await meet(['revise', 'revise, another', 'start'], { most: 15, check })
})
test('two starts and a cancel', () => meet(['start', 'start, another', 'cancel by id'], { most: 20 }))
test('start, retry and cancel', () => meet(['start', 'settle retry', 'cancel by key'], { most: 20 }))
test('start, next steps and an open cancel', () =>
  meet(['start', 'settle with next steps', 'open by id'], { most: 20 }))
test('announce, cancel and open cancel', () =>
  meet(['announce child', 'cancel child', 'open by key'], { most: 20 }))
for (const cancel of cancels) {
  for (const other of others) test(`${cancel} | ${other}`, () => meet([cancel, other]))
}
for (const other of [
  ...others,
  'cancel by id, another',
  'cancel by key, another',
  'cancel child',
  'open by id, another',
] as const) {
  test(`open by id; mark | ${other}`, () => meet(['mark', other], { given: ['open by id'], most: 12 }))
}
test('two cancels of one event', () => meet(['cancel by id', 'cancel by id, another']))
test('the same cancel twice: one receipt', () =>
  meet(['cancel by key', 'cancel by key'], {
    check: async outcomes => {
      const receipts = Object.values(outcomes).flatMap(({ value }) => value as CancelOutcome[])
      const ids = receipts.map(outcome => 'receiptId' in outcome && outcome.receiptId)
      assert.equal(new Set(ids).size, 1, JSON.stringify(receipts))
    },
  }))
test('cancel by id and by key', () => meet(['cancel by id', 'cancel by key, another']))
test('cancels of parent and child', () => meet(['cancel by id', 'cancel child']))
test('batches of cancels that cross', () => meet(['cancel root and beside', 'cancel beside and child']))
test('two open cancellations', () => meet(['open by id', 'open by id, another']))
test('open and cancel', () => meet(['open by id', 'cancel by id, another']))
test('open by key and cancel of a child', () => meet(['open by key', 'cancel child']))
