// I8: a timer falls due once, and not before its time; a sandbox clock runs what falls due in due order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine } from '../../../server/src/engine/engine.ts'
import { testDatabase } from '../../support/database.ts'
import { random, SteeredCarrier, testEngine } from '../../support/engine.ts'
import { contextOn, effect, event, KIND, overOrWaiting, startAllDue, TENANT } from '../engine-parts.ts'

const DAY = 86_400_000

test('not before its time by the clock that decides, then once', async () => {
  await using database = await testDatabase()
  const { db } = database
  const time = { ms: Date.parse('2026-03-29T00:59:59Z') }
  const context = contextOn(db, { clock: () => new Date(time.ms) })
  const engine = new Engine({ db, random, clock: context.clock })
  engine.register({ carriers: [...context.carriers.values()] })
  await db.transaction('t', tx =>
    engine.announce(tx, [
      event('e', [
        effect('after', { due: { afterMs: 3_600_000 } }),
        effect('at', { due: { at: new Date(time.ms + 3_600_000) } }),
        effect('year', { due: { at: new Date('9999-01-01T00:00:00Z') } }),
      ]),
    ]),
  )
  const start = async () => (await startAllDue(context, db)).map(row => row.title).sort()
  assert.deepEqual(await start(), [])
  time.ms += 3_599_999
  assert.deepEqual(await start(), [])
  time.ms += 1
  const both = await Promise.all([start(), start(), start()])
  assert.deepEqual(both.flat().sort(), ['after', 'at'])
})

test('a month of chained delays on a sandbox clock: in due order, none early, none lost', async () => {
  const order: { title: string; at: number }[] = []
  let engine: Engine
  const step = new SteeredCarrier('step', { answer: () => ({ is: 'done' }) })
  const mail = new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })
  await using t = await testEngine([step, mail], {
    domains: [
      {
        eventKind: KIND,
        settled: async (_tx, settled) =>
          new Map(
            settled.map(({ effect: e, at }) => {
              order.push({ title: e.title, at: at.getTime() })
              const [chain, n] = e.title.split(' ')
              const days = chain === 'a' ? 1 : 1.5
              return [
                e.id,
                Number(n) < (chain === 'a' ? 30 : 20)
                  ? {
                      effects: [
                        effect(`${chain} ${Number(n) + 1}`, {
                          kind: 'step',
                          due: { at: new Date(e.dueAt.getTime() + days * DAY) },
                        }),
                      ],
                    }
                  : {},
              ]
            }),
          ),
        wantsSettled: kind => kind === 'step',
      },
    ],
  })
  engine = t.engine
  const { db } = t.database
  await db.transaction('t', tx => engine.putTenant(tx, TENANT, true))
  const began = (await engine.now(TENANT)).getTime()
  await db.transaction('t', tx =>
    engine.announce(tx, [
      event('e', [
        effect('a 1', { kind: 'step', due: { afterMs: DAY } }),
        effect('b 1', { kind: 'step', due: { afterMs: DAY * 1.5 } }),
      ]),
    ]),
  )
  const seen: number[] = []
  const ended = await engine.advanceClock(TENANT, 31 * DAY, now => seen.push(now.getTime()))
  assert.ok(ended.getTime() - began >= 31 * DAY)
  assert.equal(order.length, 50)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  )
  const due = (title: string) => Number(title.split(' ')[1]) * (title.startsWith('a') ? 1 : 1.5)
  for (const [i, { title, at }] of order.entries()) {
    assert.ok(at - began >= due(title) * DAY, `${title} came early`)
    if (i > 0) assert.ok(due(title) >= due(order[i - 1]!.title), `${title} after ${order[i - 1]!.title}`)
  }
  await assert.rejects(engine.advanceClock('fabrikam', DAY), /sandbox/i)
})

test('what is announced while a sandbox clock moves falls due by the clock as it then is', async () => {
  await using t = await testEngine([new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })], {
    start: false,
  })
  const { engine, database } = t
  await database.db.transaction('t', tx => engine.putTenant(tx, TENANT, true))
  const due = new Date((await engine.now(TENANT)).getTime() + 10 * DAY)
  const announcing = Array.from({ length: 20 }, (_, i) =>
    database.db.transaction('t', tx =>
      engine.announce(tx, [event(`${i}`, [effect(`${i}`, { due: { at: due } })])]),
    ),
  )
  await Promise.all([
    ...announcing,
    engine.advanceClock(TENANT, 3 * DAY),
    engine.advanceClock(TENANT, 2 * DAY),
  ])
  const off = await database.db.query({
    text: `select f.title, f.due_at from engine.effect f cross join engine.tenant t
      where f.state = 'pending' and abs(extract(epoch from (f.due_at + t.clock_offset - f.due_shown))) > 0.001`,
  })
  assert.deepEqual(off, [])
})

test('a sandbox clock waits for an announcement that is under way', async () => {
  await using t = await testEngine([new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })], {
    start: false,
  })
  const { engine, database } = t
  const { db } = database
  await db.transaction('t', tx => engine.putTenant(tx, TENANT, true))
  const due = new Date((await engine.now(TENANT)).getTime() + 10 * DAY)
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = db.transaction('slow', async tx => {
    await engine.announce(tx, [event('e', [effect('f', { due: { at: due } })])])
    begun.resolve()
    await release.promise
  })
  await begun.promise
  const advanced = engine.advanceClock(TENANT, 5 * DAY)
  await overOrWaiting(db, advanced)
  release.resolve()
  await Promise.all([slow, advanced])
  const [off] = await db.query<{ off: number }>({
    text: `select abs(extract(epoch from (f.due_at + t.clock_offset - f.due_shown)))::float8 as off
      from engine.effect f cross join engine.tenant t`,
  })
  assert.ok(off!.off < 0.001, `${off!.off} s off`)
})
