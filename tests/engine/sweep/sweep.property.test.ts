// Random worlds are swept: what goes is what a second opinion says may go, all of it and nothing else; every receipt that is
// kept reads as before; and the promises hold of what is left.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testDatabase } from '../../support/database.ts'
import { EMPTY_TABLES } from '../empty-tables.ts'
import { checkInvariants } from '../model/invariants.ts'
import { type Command, World } from './sweep-world.ts'

const RUNS = 60
const key = fc.constantFrom('k0', 'k0', 'k1')
const entity = fc.constantFrom('e0', 'e0', 'e1')
const by = fc.constantFrom('a', 'b')
const link = fc.constantFrom('cancel' as const, 'cancel' as const, 'keep' as const)
const effects = fc.array(fc.record({ days: fc.constantFrom(0, 0, 0, 0, 30, 500), link }), { maxLength: 3 })
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      key: fc.option(key, { freq: 2 }),
      entity,
      under: fc.option(fc.nat(30)),
      link,
      effects,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel id' as const), event: fc.nat(30), by }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('cancel key' as const),
      key,
      entity,
      by,
      earlyDays: fc.constantFrom(1, 1, 200),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      leave: fc.constantFrom(0, 0, 0, 1),
      how: fc.constantFrom('done' as const, 'done' as const, 'failed' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mark' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.constantFrom(1, 40, 95) }) },
)
const world = fc.record({
  commands: fc.array(command, { minLength: 5, maxLength: 25 }),
  maxMarkedAtOnce: fc.constantFrom(2, 5000),
  /** Small ones: trees that no batch can hold. */
  most: fc.constantFrom(1, 3, 8, 2000),
  seeds: fc.constantFrom(1, 2, 7, 100),
  keep: fc.option(fc.nat(10), { freq: 4 }),
  sweepers: fc.constantFrom(1, 3),
})

test('what is old and over goes, everything else stays as it was', async () => {
  await using database = await testDatabase()
  const { db } = database
  let gone = 0
  let stayed = 0
  await fc.assert(
    fc.asyncProperty(world, async ({ commands, maxMarkedAtOnce, most, seeds, keep, sweepers }) => {
      await db.query({ text: EMPTY_TABLES })
      const made = new World(db, maxMarkedAtOnce)
      for (const each of commands) await made.do(each)
      // The old are the ones before here, and these are not all.
      made.ms += 95 * 86_400_000
      if (keep !== null && made.events[keep] !== undefined) made.room.keeps.add(made.events[keep])

      const before = await made.ids()
      const over = await made.oldAndOver()
      const receipts = await made.receipts()
      const expected = await made.oldAndOver()
      // Reading closes the receipts whose time is up: their ends are of that moment, which may be old. It takes back none.
      assert.deepEqual(
        [...over].filter(id => !expected.has(id)),
        [],
      )

      // A tree that no batch holds falls apart into trees, some of which were passed already: the next rounds find them.
      const rounds = most < 2000 ? 8 : 1
      await made.sweep({ limit: most, seeds, sweepers, rounds })
      if (sweepers > 1) await made.sweep({ limit: most, seeds })

      const after = await made.ids()
      assert.deepEqual(
        [...after].filter(id => expected.has(id)),
        [],
        'all that is old and over is gone',
      )
      assert.deepEqual(
        [...before].filter(id => !after.has(id) && !expected.has(id)),
        [],
        'nothing else is gone',
      )
      for (const [id, receipt] of await made.receipts()) assert.deepEqual(receipt, receipts.get(id), id)
      await nothingHangsLoose()
      // What is still to be written down behind an open cancellation finds all that it needs.
      await made.do({ do: 'mark' })
      await checkInvariants(db, [], { settled: false })
      const told = [
        ...made.room.gone.events.map(id => `event ${id}`),
        ...made.room.gone.effects.map(id => `effect ${id}`),
      ]
      assert.deepEqual(
        told.sort(),
        [...expected].filter(id => !id.startsWith('receipt')).sort(),
        'and the room was told',
      )
      gone += expected.size
      stayed += after.size
    }),
    { numRuns: RUNS, ...(process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) }) },
  )
  assert.ok(gone > 50 && stayed > 50, `${gone} gone, ${stayed} stayed: the worlds say nothing`)

  /** What belongs to something that is gone is gone with it. */
  async function nothingHangsLoose(): Promise<void> {
    const loose = await db.query({
      text: `with effect as (
          select id, event_id, notice_of from engine.effect union all select id, event_id, notice_of from engine.ended
        )
        select 'item' as what, i.effect_id as id from engine.receipt_item i
          where not exists (select from effect f where f.id = i.effect_id)
            or not exists (select from engine.cancellation c where c.id = i.cancellation_id)
        union all select 'note', n.effect_id from engine.receipt_note n
          where not exists (select from engine.cancellation c where c.id = n.cancellation_id)
        union all select 'alias', a.event_id from engine.alias a
          where not exists (select from engine.event e where e.shard = a.event_shard and e.id = a.event_id)
        union all select 'found event', r.event_id from engine.receipt_event r
          where not exists (select from engine.cancellation c where c.id = r.cancellation_id)
        union all select 'effect', f.id from effect f
          where f.event_id is not null and not exists (select from engine.event e where e.id = f.event_id)
            or f.notice_of is not null and not exists (select from engine.cancellation c where c.id = f.notice_of)
        union all select 'event', e.id from engine.event e
          where e.parent_id is not null and not exists (select from engine.event p where p.id = e.parent_id)
            or e.cancellation_id is not null and not exists (select from engine.cancellation c where c.id = e.cancellation_id)`,
    })
    assert.deepEqual(loose, [])
  }
})
