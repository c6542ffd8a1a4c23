// However much of one tenant is due, and however long it hangs, there is a place for the next tenant.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Engine } from '../../../server/src/engine/engine.ts'
import { shareLeft } from '../../../server/src/engine/fair-share.ts'
import { RunningSlots } from '../../../server/src/engine/run/running-slots.ts'
import { testDatabase } from '../../support/database.ts'
import { random, SteeredCarrier } from '../../support/engine.ts'
import { effect, event } from '../engine-parts.ts'

test('a tenant takes no more than it leaves free, and one that has nothing always gets a place while one is free', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(5000), (free, used) => {
      const left = shareLeft(free, used)
      assert.ok(left >= 0 && left <= free)
      if (used > 0 && left > 0) assert.ok(used + left <= free - left)
      if (used === 0) assert.equal(left > 0, free > 0)
    }),
  )
})

test('whatever tenants ask for, each in its turn as much as it may, the next one gets a place until all are taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 20 }), (maxRunning, tenants) => {
      const places = new RunningSlots({ maxRunning })
      for (let n = 0; n < tenants; n++) {
        const free = places.free
        const { share } = places.room(new Map())
        for (let i = 0; i < share; i++)
          assert.ok(places.take({ tenant: `t${n}`, lane: `${n} ${i}`, kind: 'mail' }, 1))
        assert.equal(share > 0, free > 0)
        assert.ok(maxRunning < 3 || n > 0 || places.free > 0, 'one alone never takes all')
      }
    }),
  )
})

test('a tenant with many receivers that hang leaves room for another one, and goes on as its own come free', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail', { slots: 4 })
  const engine = new Engine({ db: database.db, random, runner: { maxRunning: 16, maxSleepMs: 3_600_000 } })
  engine.register({ carriers: [mail] })
  await engine.start()
  const announce = (tenant: string, count: number) =>
    database.db.transaction('t', tx =>
      engine.announce(tx, [
        event(
          tenant,
          Array.from({ length: count }, (_, n) => effect(`${tenant} ${n}`, { lane: `host-${n}` })),
          { tenant, key: tenant },
        ),
      ]),
    )
  await announce('greedy', 40)
  await mail.begun(8)
  await announce('modest', 1)
  assert.equal((await mail.begun(9)).effect.title, 'modest 0')
  assert.equal(mail.runs.length, 9)
  // Half of what is free beyond the other's: its own that end make room for its next ones, in the order in which they fell due.
  for (const run of mail.runs.slice(0, 4)) run.end({ is: 'done' })
  await mail.begun(12)
  assert.ok(mail.runs.slice(9).every(({ effect: { tenant } }) => tenant === 'greedy'))
  mail.answer = () => ({ is: 'done' })
  for (const run of mail.runs) run.end({ is: 'done' })
  await mail.begun(41)
  await engine.stop()
})
