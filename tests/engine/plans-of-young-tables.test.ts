// What is planned before a table has grown must be good when it has: no plan walks a large table.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'
import { isWalk, LARGE, plan } from './explained-plans.ts'
import { fill } from './large-tables.ts'
import { STATEMENTS } from './planned-statements.ts'

// A plan is kept prepared while its tables grow, until the next analyze: it must be a good one whatever was known when it
// was made. On the connections that the server uses, with nothing known of the tables; with it known that they were empty,
// before the first row or, as what waits and what runs are at every quiet moment, after the last.
for (const [state, make] of Object.entries({
  'never analyzed': async () => {},
  'analyzed before the first row': db => db.query({ text: 'analyze' }),
  'analyzed after the last row': emptied,
  'analyzed when one parent owned ninety-nine rows in a hundred': async db => {
    const own = await db.connect()
    try {
      await own.query(fill(20_000, true))
      await own.query('analyze')
    } finally {
      await own.end()
    }
  },
} satisfies Record<string, (db: Database) => Promise<unknown>>)) {
  test(`no plan walks a table that was ${state}`, async () => {
    await using young = await testDatabase()
    const { db } = young
    await make(db)
    const walks: Record<string, string[]> = {}
    await db.transaction('young', async tx => {
      for (const [name, { values, walks: may }] of Object.entries(STATEMENTS)) {
        const found = (await plan(tx, name, values))
          .filter(node => isWalk(node) && (may === undefined || node['Index Name'] !== may))
          .map(node => node['Index Name'] ?? 'no index')
        if (found.length > 0) walks[name] = found
      }
    })
    assert.deepEqual(walks, {})
  })
}

async function emptied(db: Database): Promise<void> {
  const own = await db.connect()
  try {
    await own.query(fill(20_000))
    for (const table of LARGE) await own.query(`delete from engine.${table}`)
    await own.query('vacuum (truncate off, analyze)')
  } finally {
    await own.end()
  }
}
