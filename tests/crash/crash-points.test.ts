// A real server, killed with SIGKILL at each point before and after each commit that matters, and started again on the same
// data; judged by what reached a real HTTP receiver and a real SMTP server. One test per point and phase.

import { after, before, describe, test } from 'node:test'
import { type PreparedData, preparedData } from '../support/server-process.ts'
import { apiScenarios } from './api-scenarios.ts'
import { World } from './crash-world.ts'
import { engineScenarios } from './engine-scenarios.ts'

let data: PreparedData
before(async () => {
  data = await preparedData()
})
after(() => data?.[Symbol.asyncDispose]())

describe('killed at a commit', { concurrency: 2 }, () => {
  for (const row of [...engineScenarios, ...apiScenarios]) {
    for (const phase of ['before-commit', 'after-commit'] as const) {
      test(`${row.point}:${phase}: ${row.about}`, async t => {
        const world = await World.open(data)
        t.after(() => world.close())
        if (row.settleIn) await (await world.start())[Symbol.asyncDispose]()
        await world.start(row.firstAt ?? `${row.point}:${phase}`)
        // Before it counts: asking for a token is a request too.
        await world.tokenOf({ user: 'alice@contoso.example' })
        const prepared = await row.prepare?.(world)
        await row.act(world, prepared)
        await world.crashed()
        if (row.firstAt) {
          await world.startAndCrash(`${row.point}:${phase}`)
        }
        await world.start()
        await row.check(world, { before: prepared, committed: phase === 'after-commit' })
      })
    }
  }
})
