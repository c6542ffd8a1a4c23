import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Database, DatabaseUnavailable } from '../../../server/src/store/database.ts'
import { SteeredCarrier, testEngine } from '../../support/engine.ts'

const TENANT = 'contoso'

test('a start that was committed and whose answer was lost is given back and begun again, as the same attempt', async () => {
  const mail = new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })
  await using t = await testEngine([mail], { start: false })
  const { db } = t.database
  const flush = db.flush.bind(db)
  let starts = 0
  db.flush = (async (name, steps) => {
    const answers = await flush(name, steps)
    if (name !== 'start' || starts++ > 0) return answers
    throw new DatabaseUnavailable('the connection broke after the commit')
  }) as Database['flush']
  await db.transaction('test', tx =>
    t.engine.announce(tx, [
      {
        tenant: TENANT,
        kind: 'native.event',
        key: 'k',
        entity: 'e',
        title: 'An event',
        data: {},
        effects: [{ kind: 'mail', title: 'mail', due: { afterMs: 0 }, data: {} }],
      },
    ]),
  )
  await t.engine.start()
  const run = await mail.begun(1)
  assert.equal(run.effect.attempt, 1)
  assert.ok(starts >= 2)
})
