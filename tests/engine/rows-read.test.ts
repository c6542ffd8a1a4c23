// How many rows a statement reads, where the plan alone does not say it: a start while a part is on hold, and a search of dead effects.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../server/src/engine/statements.ts'
import { testDatabase } from '../support/database.ts'
import { literal, type Node, nodes } from './explained-plans.ts'
import { id } from './large-tables.ts'
import { NEVER } from './planned-statements.ts'

test('partly on hold, a start and a sleep read what was released, and nothing of the backlog that is not', async () => {
  await using own = await testDatabase()
  const { db } = own
  await db.query({
    text: `insert into engine.effect (shard, id, event_id, due_at, due_shown, max_attempts, touches_world, tenant, kind, lane, title, data, released)
      select 0, gen_random_uuid(), gen_random_uuid(), now() - n * interval '1 s', now(), 3, true, case when n % 1000 = 1 then 'free' else 'contoso' end, 'mail', 'm', 't', '{}',
        n % 1000 = 2
      from generate_series(1, 5000) n`,
  })
  await db.query({ text: 'vacuum (analyze) engine.effect' })
  await db.query({ text: `insert into engine.start_ticket (id, worker) values ('${id(1)}', '${id(3)}')` })
  const statements = {
    start: [null, id(1), id(2), id(3), 1000, '{}', ['mail'], '{"mail": 100}', '{}', 2000],
    'next-due': [null, '{}', ['mail'], '{}'],
  }
  const readBy = async (name: keyof typeof statements) =>
    await db.transaction('look', async tx => {
      await tx.query({ text: `prepare looks as ${sql(name).text}` })
      await tx.query({ text: 'savepoint before' })
      const [row] = await tx.query<{ 'QUERY PLAN': [{ Plan: Node }] }>({
        text: `explain (analyze, format json) execute looks(${statements[name].map(literal).join(', ')})`,
      })
      await tx.query({ text: 'rollback to savepoint before' })
      await tx.query({ text: 'deallocate looks' })
      return nodes(row!['QUERY PLAN'][0].Plan)
        .filter(node => node['Relation Name'] === 'effect' && node['Index Name'] !== undefined)
        .map(node => ({
          by: node['Index Name'] as string,
          rows:
            ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) *
            (node['Actual Loops'] ?? 0),
        }))
        .filter(({ rows }) => rows > 0)
        .toSorted((a, b) => (a.by < b.by ? -1 : 1))
    })
  for (const name of ['start', 'next-due'] as const) {
    assert.deepEqual(
      (await readBy(name)).map(({ by }) => by),
      ['effect_due'],
      'no hold',
    )
  }
  await db.query({ text: `insert into engine.hold (since, placed_by) values (now(), 'x')` })
  for (const name of ['start', 'next-due'] as const) assert.deepEqual(await readBy(name), [])
  await db.query({ text: `update engine.hold set partly = true, released_tenants = '{free}'` })
  assert.deepEqual(await readBy('start'), [
    { by: 'effect_listed', rows: 5 },
    { by: 'effect_released', rows: 5 },
  ])
  assert.deepEqual(await readBy('next-due'), [
    { by: 'effect_listed', rows: 1 },
    { by: 'effect_released', rows: 1 },
  ])
})

test('find-dead reads what is large of a dead effect only where a receiver is asked for', async () => {
  await using own = await testDatabase()
  const { db } = own
  await db.query({
    text: `insert into engine.ended (shard, id, at, due_shown, attempt, max_attempts, touches_world, keep, tenant, ending, kind, lane, title, data)
      select 0, gen_random_uuid(), now(), now(), 1, 3, true, false, 'contoso', 'dead', 'mail', 'm', 't', '{"to": "a@b.example"}'
      from generate_series(1, 5)`,
  })
  const { text } = sql('find-dead')
  const looks = async (receiver: string | null) => {
    const values = ['contoso', null, receiver, null, null, null, null, '-infinity', id(0), NEVER, 100, 10_000]
    await db.transaction('find', async tx => {
      await tx.query({ text: `prepare found as ${text}` })
      const [row] = await tx.query<{ 'QUERY PLAN': [{ Plan: Node }] }>({
        text: `explain (analyze, format json) execute found(${values.map(literal).join(', ')})`,
      })
      await tx.query({ text: 'deallocate found' })
      const read = nodes(row!['QUERY PLAN'][0].Plan).filter(node => node['Parent Relationship'] === 'SubPlan')
      assert.equal(read.length, 1)
      assert.equal(read[0]?.['Actual Loops'], receiver === null ? 0 : 5)
    })
  }
  await looks(null)
  await looks('b.example')
})
