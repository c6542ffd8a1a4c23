// Random commands against the real engine on a real database, several at once, on a clock that the test moves; then
// everything comes to its end, and what I1, I2, I3, I5, I6, I7 and I8 promise is judged from rows, receipts and the test's
// own record (model.ts). FC_SEED=… runs one seed again; a failure prints its seed and the shortest commands that still fail.

import { test } from 'node:test'
import fc from 'fast-check'
import { testDatabase } from '../../support/database.ts'
import { EMPTY_TABLES } from '../empty-tables.ts'
import { step } from './commands.ts'
import { Model } from './model.ts'

const RUNS = 40

test('whatever is commanded, in whatever order and however much at once, the promise holds', async t => {
  await using database = await testDatabase()
  const { db } = database
  await db.query({
    text: `alter database ${database.name} set synchronous_commit = off; set synchronous_commit = off`,
  })
  const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 14 }),
      fc.constantFrom(5000, 3),
      async (steps, maxMarkedAtOnce) => {
        await db.query({ text: EMPTY_TABLES })
        const model = new Model(database.db, { maxMarkedAtOnce })
        for (const { waitMs, together } of steps) {
          model.time.ms += waitMs
          await Promise.all(together.map(command => model.run(command)))
          await model.readReceipts()
        }
        await model.finish()
      },
    ),
    { seed, numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 40_000 },
  )
})
