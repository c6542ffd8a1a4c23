// A sandbox clock is moved while events of the same tenant are announced, revised, cancelled and settled, by two processes on
// one database: whoever asks gets an answer, however they meet, and nothing is lost. The clock's step locks the tenant and all
// that is pending of it; everybody else locks the tenant first too (lock-order.ts).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StartedEffect, Verdict } from '../../server/src/core/effects/effect.ts'
import type { Domain } from '../../server/src/engine/domain.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { Database } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { random, SteeredCarrier } from '../support/engine.ts'
import { byId, effect, event, KIND, TENANT } from './engine-parts.ts'

const HOUR = 3_600_000
const EVENTS = 6
const MOVES = 12
const REVISERS = 4

/** The tenant's clock as the test last heard it. Everything falls due at full hours: the clock moves from one to the next. */
let hour = 0
const atHour = (hours: number) => ({ at: new Date((hour + hours) * HOUR) })

/** A step is followed by a mail. */
const domain: Domain = {
  eventKind: KIND,
  wantsSettled: kind => kind === 'step',
  settled: async (_tx, settled) =>
    new Map(
      settled.map(({ effect: { id, title } }) => [
        id,
        { effects: [effect(`after ${title}`, { due: atHour(1), maxAttempts: 5 })] },
      ]),
    ),
}

/** The first attempt is refused, so that every effect goes back to pending once. */
const answer = ({ attempt }: StartedEffect): Verdict =>
  attempt === 1 ? { is: 'retry', error: 'busy', afterMs: 0 } : { is: 'done' }

async function processOn(database: TestDatabase, errors: unknown[]) {
  const db = new Database(database.options)
  const engine = new Engine({
    db,
    random,
    careEveryMs: 50,
    runner: { onError: (_where, error) => errors.push(error) },
  })
  const carriers = ['mail', 'step'].map(kind => new SteeredCarrier(kind, { slots: 1000, answer }))
  engine.register({ carriers, domains: [domain] })
  await engine.start()
  return {
    db,
    engine,
    async [Symbol.asyncDispose]() {
      await engine.stop()
      await db.close()
    },
  }
}

let named = 0
/** What the clock's next steps reach, some of it of a kind whose domain is asked. */
const effects = () =>
  [1, 1, 2, 5].flatMap(hours => [
    effect(`mail ${++named}`, { kind: 'mail', due: atHour(hours), maxAttempts: 5 }),
    effect(`step ${++named}`, { kind: 'step', due: atHour(hours), maxAttempts: 5 }),
  ])

test('the clock is moved while events are announced, revised, cancelled and settled: nobody hears of a deadlock, nothing is lost', async t => {
  await using database = await testDatabase()
  // A circle is found at once: one that is only a long wait otherwise would hide behind the end of the test.
  await database.db.query({ text: `alter database ${database.name} set deadlock_timeout = '20ms'` })
  const errors: unknown[] = []
  await using one = await processOn(database, errors)
  await using two = await processOn(database, errors)
  const processes = [one, two] as const
  await one.db.transaction('t', tx => one.engine.putTenant(tx, TENANT, true))

  const heard = (now: Date) => {
    hour = Math.max(hour, Math.floor(now.getTime() / HOUR))
  }
  heard(await one.engine.now(TENANT))
  const known: string[] = []
  const events: string[] = []
  async function announce({ engine, db }: (typeof processes)[number]): Promise<string> {
    const results = await db.transaction('t', tx =>
      engine.announce(tx, [event('e', effects()), event('f', effects())]),
    )
    const ids = results.map(result => {
      assert.ok(result.is === 'announced')
      known.push(...result.effectIds)
      return result.eventId
    })
    return ids[0] as string
  }
  for (let n = 0; n < EVENTS; n++) events.push(await announce(one))

  let moving = true
  let revised = 0
  const movers = processes.map(async ({ engine }) => {
    for (let n = 0; n < MOVES; n++) await engine.advanceClock(TENANT, HOUR, heard)
  })
  const over = Promise.all(movers).finally(() => {
    moving = false
  })
  const revisers = Array.from({ length: REVISERS }, async (_, n) => {
    const { engine, db } = processes[n % 2]!
    for (let round = n; moving; round++) {
      const eventId = events[round % events.length] as string
      const result = await db.transaction('t', tx =>
        engine.revise(tx, { tenant: TENANT, eventId, effects: effects() }),
      )
      if (result.is === 'revised') known.push(...result.effectIds)
      revised += 1
    }
  })
  const others = processes.map(async each => {
    while (moving) {
      const eventId = await announce(each)
      const outcome = await each.engine.cancel(byId(eventId))
      assert.ok('counts' in outcome)
    }
  })
  await Promise.all([over, ...revisers, ...others])
  // A backend says what it counted when it has nothing to do, at the latest when it ends.
  await database.db.query({ text: 'select pg_stat_force_next_flush()' })
  const [circles] = await database.db.query<{ deadlocks: number }>({
    text: 'select deadlocks::int from pg_stat_database where datname = current_database()',
  })
  t.diagnostic(
    `${revised} revises, ${2 * MOVES} clock moves, ${known.length} effects, ${circles?.deadlocks} deadlocks`,
  )
  assert.ok(revised >= MOVES, `${revised} revises`)

  await one.engine.advanceClock(TENANT, 20 * HOUR)
  assert.deepEqual(errors, [])
  const { db } = database
  assert.deepEqual(await db.query({ text: 'select title, state::text from engine.effect' }), [])
  const ended = await db.query<{ id: string; title: string; ending: string }>({
    text: `select id, title, ending::text from engine.ended
      union all
      select (p.item ->> 'id')::uuid, p.item ->> 'title', 'prevented' from engine.cancellation c
      cross join lateral json_array_elements(c.prevented) as p (item) where c.prevented is not null`,
  })
  const byEffect = Map.groupBy(ended, row => row.id)
  assert.deepEqual(
    [...byEffect.values()].filter(rows => rows.length > 1),
    [],
    'ended twice',
  )
  assert.deepEqual(
    known.filter(id => !byEffect.has(id)),
    [],
    'lost',
  )
  const titles = new Set(ended.map(row => row.title))
  const unfollowed = ended.filter(
    ({ title, ending }) => ending === 'done' && title.startsWith('step') && !titles.has(`after ${title}`),
  )
  assert.deepEqual(unfollowed, [], 'what follows a step was lost')
  const endings = new Set(ended.map(row => row.ending))
  assert.deepEqual(
    [...endings].filter(ending => !EXPECTED.has(ending)),
    [],
  )
  for (const ending of ['done', 'superseded', 'prevented']) assert.ok(endings.has(ending), ending)
})

/** A cancel meets what runs at that moment: it is too late for that, or in time. */
const EXPECTED: ReadonlySet<string> = new Set(['done', 'superseded', 'prevented', 'too_late', 'stopped'])
