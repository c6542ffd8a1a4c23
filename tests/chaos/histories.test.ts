// Histories of an engine whose way to the database is bad: slow, broken, with answers lost and requests that arrive late,
// each by its seed; and one mail whose start and end are struck on purpose. `npm run chaos` runs as many as one wants.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runHistories } from './histories.ts'
import type { Report } from './history-worker.ts'
import { searchMeetings } from './judge/meeting-search.ts'
import { SITUATIONS } from './situations.ts'

const COUNT = 300

/** What is to be replayed: `npm run chaos -- --replay SEED`, or `--blows JSON`. */
function wrong(reports: readonly Report[]) {
  return reports
    .filter(({ violations, broken }) => violations.length > 0 || broken !== null)
    .map(({ task, violations, broken }) => ({ task: JSON.stringify(task), violations, broken }))
}

test(`whatever goes wrong on the way to the database, the promise holds (${COUNT} histories)`, async () => {
  const tasks = Array.from({ length: COUNT }, (_, i) => ({ seed: i + 1 }))
  const reports = await runHistories({ tasks })
  assert.deepEqual(wrong(reports), [])
  const met = new Set(reports.flatMap(({ situations }) => situations))
  assert.deepEqual(
    SITUATIONS.filter(situation => !met.has(situation)),
    [],
    'the histories come into every situation',
  )
})

test('a mail that is called off while its receiver has it is never called prevented, whichever two units of its start were struck', async () => {
  const reports = await searchMeetings(tasks => runHistories({ tasks }), 2)
  assert.deepEqual(wrong(reports), [])
  const pairs = reports.filter(({ task }) => 'blows' in task && task.blows.length === 2)
  assert.ok(pairs.length > 20, `pairs of blows: ${pairs.length}`)
})
