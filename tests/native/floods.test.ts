// However many announce at once what cannot be gathered, connections to the database are left for everybody else.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { until } from '../support/until.ts'
import { joinedWorld, type Said, type World } from './joined-world.ts'

let world: World
let parent: string
before(async () => {
  world = await joinedWorld()
  parent = await world.native('app')
})
after(() => world?.[Symbol.asyncDispose]())

const AT_ONCE = 60
/** Each for itself: what waits of one kind is not in the way of the next. */
const ANNOUNCE: { readonly [api: string]: () => Promise<Said> } = {
  native: () => world.call('app', 'POST', '/api/v1/events', { body: { title: 'x' } }),
  'wix, below a parent': () => world.report(randomUUID(), { headers: { 'standdown-parent': parent } }),
  graph: () => world.meeting('app'),
}

for (const [api, announce] of Object.entries(ANNOUNCE)) {
  test(`${api}: others read while as many as like wait for a lock`, async () => {
    // What is looked up once is known.
    await announce()
    await world.call('bob', 'GET', '/v1.0/me/events')
    const holder = new pg.Client(world.server.databaseOptions)
    await holder.connect()
    try {
      await holder.query('begin')
      await holder.query('lock table engine.event in exclusive mode')
      const flood = Promise.all(Array.from({ length: AT_ONCE }, announce))
      // Another test's table, copied from the same template, has the same number.
      const waiting = `select from pg_locks where not granted and relation = 'engine.event'::regclass
        and database = (select oid from pg_database where datname = current_database())`
      await until(async () => (await holder.query(waiting)).rowCount !== 0)
      // Answered at all, and not "the database is busy".
      for (let reads = 0; reads < 30; reads++)
        assert.equal((await world.call('bob', 'GET', '/v1.0/me/events')).status, 200)
      await holder.query('rollback')
      for (const { status, json } of await flood)
        assert.ok(status === 200 || status === 201, `${status}: ${JSON.stringify(json)}`)
    } finally {
      await holder.end()
    }
  })
}
