import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../support/database.ts'

test('a test database is fresh, migrated, in UTF-8, and its own', async () => {
  await using one = await testDatabase()
  await using other = await testDatabase()
  await one.db.query({ text: `insert into engine.tenant (id) values ('t')` })
  const count = { text: 'select count(*) as count from engine.tenant' }
  assert.deepEqual(await one.db.query(count), [{ count: 1 }])
  assert.deepEqual(await other.db.query(count), [{ count: 0 }])
  assert.deepEqual(await one.db.query({ text: 'show server_encoding' }), [{ server_encoding: 'UTF8' }])
})
