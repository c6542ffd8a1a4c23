// What a transaction is, whatever the database's own settings say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database, DatabaseUnavailable } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'

test('every statement has a snapshot of its own, also where the database wants it otherwise', async t => {
  await using database = await testDatabase({ empty: true })
  await database.db.query({
    text: `alter database ${database.name} set default_transaction_isolation = 'serializable'`,
  })
  const db = new Database(database.options)
  t.after(() => db.close())
  const level = { text: 'show transaction_isolation' }
  assert.deepEqual(await db.query(level), [{ transaction_isolation: 'read committed' }])
  assert.deepEqual(await db.transaction('look', tx => tx.query(level)), [
    { transaction_isolation: 'read committed' },
  ])
})

test('a transaction that nobody goes on with is ended by the database, and its locks with it', async t => {
  await using database = await testDatabase({ empty: true })
  const db = new Database({ ...database.options, statementTimeoutMs: 300 })
  t.after(() => db.close())
  await database.db.query({ text: 'create table row (id int); insert into row values (1)' })
  await assert.rejects(
    db.transaction('left', async tx => {
      await tx.query({ text: 'select id from row for update' })
      // Waits for the lock of the one that was left alone: until that has been ended.
      await database.db.query({ text: 'delete from row' })
      await tx.query({ text: 'select id from row' })
    }),
    DatabaseUnavailable,
  )
  assert.deepEqual(await db.query({ text: 'select id from row' }), [])
})
