// A real server, killed with SIGKILL at each point before and after each commit that matters; then another one on the same
// database, judged by what reached a real HTTP receiver and a real SMTP server. One test per point and phase. PostgreSQL lives on:
// when it dies too is for store/killed-under-load and faults-process.

import { after, before, describe, test } from 'node:test'
import { type PreparedDatabase, preparedDatabase } from '../support/prepared-database.ts'
import { apiScenarios } from './api-scenarios.ts'
import { crashed, World } from './crash-world.ts'
import { engineScenarios } from './engine-scenarios.ts'

let data: PreparedDatabase
before(async () => {
  data = await preparedDatabase({})
})
after(() => data?.[Symbol.asyncDispose]())

describe('killed at a commit', { concurrency: 2 }, () => {
  for (const row of [...engineScenarios, ...apiScenarios]) {
    for (const phase of ['before-commit', 'after-commit'] as const) {
      test(`${row.point}:${phase}: ${row.about}`, async t => {
        const world = await World.openOn(data)
        t.after(() => world.close())
        if (row.settleIn) await (await world.goOn())[Symbol.asyncDispose]()
        const server = await world.start(row.firstAt ?? `${row.point}:${phase}`)
        // Before it counts: asking for a token is a request too.
        await world.tokenOf({ user: 'alice@contoso.example' })
        const prepared = await row.prepare?.(world)
        await row.act(world, prepared)
        await crashed(server)
        if (row.firstAt) {
          await world.startAndCrash(`${row.point}:${phase}`)
        }
        await world.goOn()
        await row.check(world, { before: prepared, committed: phase === 'after-commit' })
      })
    }
  }
})
