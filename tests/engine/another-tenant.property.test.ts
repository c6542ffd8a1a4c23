// No row's outcome depends on another tenant's row: one tenant's history is lived twice, once alone and once while another
// tenant does whatever it likes through the same engine, with the same keys, entities, callers and clock. What the first one
// is told after each step, and how everything of it ends, is the same.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Receipt } from '../../server/src/core/cancellation.ts'
import type { Database } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'
import { EMPTY_TABLES } from './empty-tables.ts'
import { type Command, single } from './model/commands.ts'
import { Model } from './model/model.ts'

const RUNS = 15

/** What belongs to nobody: the loop, a process that is lost, marking. Here the first tenant's history says when it happens. */
const OF_NOBODY: ReadonlySet<Command['do']> = new Set(['start', 'lose worker', 'care'])
const besides = single.filter(command => !OF_NOBODY.has(command.do))
const history = fc.array(
  fc.record({
    waitMs: fc.constantFrom(0, 0, 1000, 31_000),
    command: single,
    beside: fc.array(besides, { maxLength: 4 }),
  }),
  { minLength: 5, maxLength: 25 },
)
type History = typeof history extends fc.Arbitrary<infer T> ? T : never

/** Ids are random, and lists stand in their order. */
function comparable(receipts: readonly Receipt[]): unknown {
  return receipts.map(receipt => ({
    ...receipt,
    items: sorted(receipt.items),
    innerSteps: sorted(receipt.innerSteps),
    events: sorted(receipt.events),
    notes: sorted(receipt.notes),
    notices: sorted(receipt.notices),
  }))
}

function sorted(list: readonly unknown[]): readonly unknown[] {
  return list.map(each => withoutIds(JSON.stringify(each))).sort()
}

function withoutIds(text: string): string {
  return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
}

/** What the first tenant is told after each step; and the rows that it has in the end. */
async function live(db: Database, steps: History, maxMarkedAtOnce: number, withAnother: boolean) {
  await db.query({ text: EMPTY_TABLES })
  // Two bytes are asked for how long a retry waits.
  const random = (bytes: number) => (bytes === 2 ? Buffer.alloc(2) : randomBytes(bytes))
  const one = new Model(db, { maxMarkedAtOnce, random, tenant: 'one' })
  const another = withAnother ? new Model(db, { tenant: 'another', engineOf: one }) : null
  const told: string[] = []
  for (const { waitMs, command, beside } of steps) {
    one.time.ms += waitMs
    await Promise.all([one.run(command), ...(another ? beside.map(each => another.run(each)) : [])])
    told.push(withoutIds(JSON.stringify(comparable(await one.readReceipts()))))
  }
  await one.comeToTheEnd()
  // What was prevented stands in one of two places, as the cancel took the fast path or the general one: the fast one is for
  // when no huge cancel is under way, of anybody.
  const ended = await db.query({
    text: `select title, kind, ending::text, case when ending <> 'prevented' then attempt end as attempt, doubt, error
      from engine.ended where tenant = 'one'
      union all
      select p.item ->> 'title', p.item ->> 'kind', 'prevented', null, false, null
      from engine.cancellation c cross join lateral json_array_elements(c.prevented) as p (item)
      where c.tenant = 'one' and c.prevented is not null
      order by title, ending, attempt`,
  })
  const outcomes = (await one.readReceipts()).map(({ state, counts, items }) => ({
    state,
    counts,
    items: items.map(({ title, outcome, ending }) => `${title}: ${outcome} ${ending}`).sort(),
  }))
  return { told, ended, outcomes }
}

test('what a tenant is told, and how it ends, is the same whether or not another does things beside it', async t => {
  await using database = await testDatabase()
  const { db } = database
  await db.query({
    text: `alter database ${database.name} set synchronous_commit = off; set synchronous_commit = off`,
  })
  const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  let receipts = 0
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom(5000, 3), async (steps, maxMarkedAtOnce) => {
      const alone = await live(db, steps, maxMarkedAtOnce, false)
      const beside = await live(db, steps, maxMarkedAtOnce, true)
      assert.deepEqual(beside, alone)
      receipts += alone.outcomes.length
    }),
    { seed, numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 40_000 },
  )
  assert.ok(receipts > 0, 'there was something to be told')
})
