import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { load, pacedP99 } from '../../bench/load.ts'
import { inProcess } from '../../bench/processes.ts'
import { page, type Results } from '../../bench/results.ts'
import { atLeast, atMost, beside, markdown, type Row, spread } from '../../bench/table.ts'
import { turns } from '../../bench/turns.ts'

const rate = (rate: number, node: number | null = null) => ({ rate, cpu: { node, database: node } })

test('turns drops the first round of each side, and lets the sides begin by turns', async () => {
  const order: string[] = []
  const side = (name: string) => async (round: number) => {
    order.push(`${name}${round}`)
    return `${name}${round}`
  }
  assert.deepEqual(await turns(2, side('a'), side('b')), { ours: ['a1', 'a2'], peer: ['b1', 'b2'] })
  assert.deepEqual(order, ['a0', 'b0', 'b1', 'a1', 'a2', 'b2'])
  assert.deepEqual(await turns(1, side('a'), null), { ours: ['a1'], peer: [] })
})

test('a ratio is the median of the ratios of the rounds, not that of the medians', () => {
  const { figures, ours, peer } = beside(
    { ours: [rate(10), rate(100), rate(30)], peer: [rate(10), rate(200), rate(10)] },
    { name: 'peer', missing: '', goal: 1 },
  )
  assert.equal(ours.median / peer!.median, 3)
  assert.deepEqual(figures, [{ text: 'ratio (0.50–3)', value: 1, goal: { text: '≥ 1', met: true } }])
})

test('a row without its peer says why, and has no figure that could be met', () => {
  const row = beside({ ours: [rate(10)], peer: [] }, { name: 'peer', missing: 'not installed', goal: 1 })
  assert.equal(row.peer, null)
  assert.deepEqual(row.figures, [])
  assert.equal(row.note, 'not installed: without its peer')
})

test('a goal is met at its very bound and missed beyond', () => {
  assert.deepEqual(
    [atLeast('', 1.5, 1.5), atLeast('', 1.49, 1.5), atMost('', 20, 20), atMost('', 20.1, 20)].map(
      ({ goal }) => goal!.met,
    ),
    [true, false, true, false],
  )
})

test('the table shows medians, CPU time where it is known, several figures, and what was before', () => {
  const row: Row = {
    id: 'one',
    what: 'something',
    ours: { ...spread([3, 1, 2000.4], '/s'), cpu: { node: 30.4, database: 50.6 } },
    peer: { name: 'other', ...spread([1.5], '/s'), cpu: { node: null, database: null } },
    figures: [atMost('ms', 19.994, 20), { text: 'by the way', value: 4 }],
    note: 'a sentence',
  }
  assert.equal(
    markdown([row], { one: '7 ms' }),
    `| what | ours | CPU each, µs | peer | CPU each, µs | figure | goal | before |
| --- | --- | --- | --- | --- | --- | --- | --- |
| something | 3 /s (1–2,000) | 51 + 30 | other: 1.50 /s (1.50–1.50) | – | 19.99 ms<br>4 by the way | ≤ 20 met<br>– | 7 ms |

- *something*: a sentence.`,
  )
})

test('the page is written anew above its first heading; what is explained below, by hand, stays', () => {
  const row: Row = { id: 'log', what: 'log', ours: spread([1], 'B'), peer: null, figures: [] }
  const results: Results = {
    before: { commit: 'abc', figures: { log: '2 B' } },
    measured: { storage: { machine: 'a machine', runs: 5, rows: [row] } },
  }
  const written = page(results, '# Bench\n\nold\n\n## Why\n\n- because\n\n## More\n')
  assert.match(written, /\| log \| 1 B \(1–1\) \|.*\| 2 B \|\n\n## Why\n\n- because\n\n## More\n$/)
  assert.match(written, /- 5 runs on a machine\n/)
  assert.ok(!written.includes('old'))
  assert.equal(page(results, written), written)
})

test('the CPU time of a process tree counts children that have ended', () => {
  const meter = inProcess(process.pid)
  const before = meter()
  spawnSync(process.execPath, ['-e', 'const end = Date.now() + 300; while (Date.now() < end);'])
  const after = meter()
  assert.ok(after.node! >= before.node!)
  if (process.platform === 'linux') assert.ok(after.database! - before.database! >= 50_000)
  else assert.equal(after.database, null)
})

test('a load makes each call once, by so many callers at a time', async () => {
  const seen = new Set<number>()
  let now = 0
  let most = 0
  const result = await load({
    callers: 3,
    calls: 10,
    call: async i => {
      now += 1
      most = Math.max(most, now)
      seen.add(i)
      await new Promise(resolve => setImmediate(resolve))
      now -= 1
    },
  })
  assert.equal(seen.size, 10)
  assert.equal(most, 3)
  assert.ok(result.rate > 0 && result.p50 <= result.p99)
})

test('a paced load counts from when a call was to begin, however long the one before it takes', async () => {
  const gate = Promise.withResolvers<void>()
  let begun = 0
  const p99 = pacedP99(
    1000,
    () => begun < 5,
    async () => {
      begun += 1
      if (begun === 5) gate.resolve()
      await gate.promise
    },
  )
  assert.ok((await p99) >= 3)
})
