// The bench runs for half an hour and is run seldom. These run some of its rows at sizes that measure nothing, so that what
// they stand on does not rot meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redisInstalled } from '../../bench/redis.ts'
import { reportRow } from '../../bench/rows/report-row.ts'
import { runRow } from '../../bench/rows/run-row.ts'
import { STATISTICS, treeRow } from '../../bench/rows/tree-rows.ts'
import { markdown } from '../../bench/table.ts'
import { SHAPES } from '../../bench/tree-shapes.ts'

test('the row of reports has a rate of ours, and beside it one of BullMQ where there is a redis-server', async () => {
  const row = await reportRow({ runs: 1, calls: 200 })
  assert.ok(row.ours.median > 0)
  if (redisInstalled()) {
    assert.ok(row.peer!.median > 0)
    assert.ok(Math.abs(row.figures[0]!.value - row.ours.median / row.peer!.median) < 1e-9)
  } else {
    assert.match(row.note!, /no redis-server/)
    assert.deepEqual(row.figures, [])
  }
  assert.match(markdown([row]), /^\| report with one delayed action, in process, 64 callers \| /m)
})

test('the row of due effects stands beside one of graphile-worker, and ends with its database without an error', async () => {
  const unheard: unknown[] = []
  const hear = (error: unknown) => void unheard.push(error)
  process.on('uncaughtExceptionMonitor', hear)
  const row = await runRow({ runs: 1, effects: 200 })
  // What PostgreSQL says to connections when it stops arrives with its end, which was waited for.
  await new Promise(resolve => setImmediate(resolve))
  process.off('uncaughtExceptionMonitor', hear)
  assert.ok(row.ours.median > 0 && row.peer!.median > 0)
  assert.deepEqual(unheard, [])
})

test('the row of a small tree follows its cancel until the receipt is final', async () => {
  const bushy = SHAPES.find(({ id }) => id === 'bushy')!
  const row = await treeRow(bushy, STATISTICS[1], { tree: 200, smallTree: 100, trees: 1, giveUpSeconds: 60 })
  assert.equal(row.note, undefined)
  assert.equal(row.figures.length, 3)
  assert.ok(row.figures.every(({ value }) => value > 0))
})
