// I6: an announce and an early cancellation of one key meet at the key's gate. Without it both could be acknowledged, the
// one alive, the other waiting for it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce } from '../../server/src/engine/announce/announce.ts'
import { cancelBatch } from '../../server/src/engine/cancel/cancel.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { byKey, contextOn, effect, event } from './engine-parts.ts'

test('a cancel that would be early waits for the announce of its key that is under way, and finds it', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const said = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  const announcing = db.transaction('announce', async tx => {
    const results = await announce(context, tx, [
      event('late', [effect('mail')], { key: 'k', early: 'absorb' }),
    ])
    said.resolve()
    await commit.promise
    return results
  })
  await said.promise
  let answered = false
  const cancelling = db
    .transaction('cancel', tx =>
      cancelBatch(context, tx, [{ ...byKey('k'), early: { ttlMs: 60_000 } }], 5000),
    )
    .finally(() => {
      answered = true
    })
  await until(async () => answered || (await someoneWaits()))
  commit.resolve()
  const [announced] = await announcing
  const [outcome] = await cancelling
  assert.equal(announced?.is, 'announced')
  assert.ok(outcome && 'counts' in outcome)
  assert.deepEqual([outcome.early, outcome.counts.prevented], [false, 1])

  async function someoneWaits(): Promise<boolean> {
    const rows = await db.query({
      text: `select from pg_locks where not granted and locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`,
    })
    return rows.length > 0
  }
})
