// How long migration 9 takes on a large database, and how much disk. CI runs a small one; measured with
//   STANDDOWN_MIGRATION_EVENTS=1000000 npm test -- --pg 18 tests/store/engine-migration-size

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { migrate } from '../../server/src/store/migrate.ts'
import { megabytes, mostMegabytes } from './disk.ts'
import { databaseBefore, manyEvents } from './version-before.ts'

const EVENTS = Number(process.env.STANDDOWN_MIGRATION_EVENTS ?? 20_000)

test(`${EVENTS} events with a pending effect each, and a fifth as much history, are all there afterwards`, async t => {
  await using database = await databaseBefore()
  const { db } = database
  const filler = await db.connect()
  await filler.query('set statement_timeout = 0')
  await filler.query(manyEvents(EVENTS))
  await filler.query('vacuum analyze')
  await filler.query('checkpoint')
  await filler.end()
  const before = await megabytes(db)
  const watch = new AbortController()
  const most = mostMegabytes(db, watch.signal)
  const startedAt = performance.now()
  await migrate(db)
  const seconds = (performance.now() - startedAt) / 1000
  watch.abort()
  t.diagnostic(
    `${seconds.toFixed(1)} s; disk ${before} MB before, ${await most} MB at most, ${await megabytes(db)} MB after`,
  )
  const [found] = await db.query<{
    events: number
    pending: number
    done: number
    prevented: number
    called_off: number
  }>({
    text: `select (select count(*) from engine.event) as events,
      (select count(*) from engine.effect where state = 'pending') as pending,
      (select count(*) from engine.ended where ending = 'done') as done,
      (select count(*) from engine.ended where ending = 'prevented') as prevented,
      (select count(*) from engine.cancellation c join engine.event e on c.event_ids = array[e.id] and e.sequence = c.newest_event
       where e.cancellation_id = c.id) as called_off`,
  })
  const tenth = EVENTS / 10
  assert.deepEqual(
    { ...found },
    { events: EVENTS + 2 * tenth, pending: EVENTS, done: tenth, prevented: tenth, called_off: tenth },
  )
})
