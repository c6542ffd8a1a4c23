// What every request runs goes by an index, whatever stands in the tables: planned on large ones, once for the values at hand
// and once for any (what PostgreSQL falls back to after five runs of a prepared statement).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { sql } from '../../server/src/engine/statements.ts'
import { PLAN_OPTIONS, type Queries } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { LARGE, literal, type Node, plan } from './explained-plans.ts'
import { fill, id, ROWS } from './large-tables.ts'
import { NEVER, STATEMENTS, walkValues } from './planned-statements.ts'

let database: TestDatabase
let client: pg.Client

before(async () => {
  database = await testDatabase()
  client = await database.db.connect()
  for (const setting of PLAN_OPTIONS.matchAll(/-c (\w+=\w+)/g)) await client.query(`set ${setting[1]}`)
  await client.query(fill(ROWS))
  await client.query('vacuum (analyze)')
})

after(async () => {
  await client.end()
  await database[Symbol.asyncDispose]()
})

async function plans(name: string, values: readonly unknown[]): Promise<Node[][]> {
  const found: Node[][] = []
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await client.query(`set plan_cache_mode = ${mode}`)
    found.push(await plan(onClient, name, values))
  }
  return found
}

/** The large database. */
const onClient: Queries = {
  query: async (statement, values = []) =>
    (await client.query({ ...statement, values: values as unknown[] })).rows,
}

for (const [name, values] of [
  ['list-live-effects', ['contoso', 'waiting', '-infinity', id(0), 10_000, 51, null, null, null, null]],
  [
    'list-live-effects',
    ['contoso', 'pending', '-infinity', id(0), 10_000, 51, null, null, '9999-01-01', null],
  ],
  ['walk-due', ['contoso', '9999-01-01', null, '-infinity', id(0), 51]],
] as const) {
  test(`${name} passes over nothing that lies before its bound: ${values[1]}`, async () => {
    await client.query(`prepare p as ${sql(name).text}`)
    const { rows } = await client.query(
      `explain (analyze, buffers, format json) execute p(${values.map(literal).join(', ')})`,
    )
    await client.query('deallocate p')
    const { Plan: read } = rows[0]['QUERY PLAN'][0]
    const blocks = read['Shared Hit Blocks'] + read['Shared Read Blocks']
    assert.ok(blocks < 30, `${blocks} blocks`)
  })
}

for (const [name, { values, by, bound }] of Object.entries(STATEMENTS)) {
  test(`${name} reads no large table whole`, async () => {
    for (const [i, plan] of (await plans(name, values)).entries()) {
      const kind = i === 0 ? 'for these values' : 'for any values'
      const whole = plan.filter(
        node => node['Node Type'] === 'Seq Scan' && LARGE.has(node['Relation Name'] ?? ''),
      )
      assert.deepEqual(
        whole.map(node => node['Relation Name']),
        [],
        kind,
      )
      if (by !== undefined) {
        const used = plan.flatMap(node => node['Index Name'] ?? [])
        assert.ok(used.includes(by), `${kind}: by ${used.join(', ')}, not ${by}`)
        if (bound === undefined) continue
        const conditions = plan.flatMap(node => (node['Index Name'] === by ? (node['Index Cond'] ?? '') : []))
        assert.ok(
          conditions.some(condition => condition.includes(bound)),
          `${kind}: the whole of ${by} is read, not up to ${bound}`,
        )
      }
    }
  })
}

// Whatever a list is narrowed by, its streams are read by their indexes, newest first, and no further than the look goes: nothing is
// sorted but what is given.
for (const [what, filters] of Object.entries({
  nothing: {},
  'kind, app, site and key': { 9: ['k'], 10: 'a', 11: 's', 12: 'key 1' },
  entity: { 13: 'e' },
  'what is to come': { 14: 'announced' },
  'what is over': { 14: 'ended' },
  'a span of time': { 15: '2026-01-01', 16: NEVER },
  'a text': { 17: 'text', 18: 'text', 19: 1_000_000 },
  everything: {
    9: ['k'],
    10: 'a',
    11: 's',
    12: 'k',
    13: 'e',
    14: 'ended',
    15: NEVER,
    16: NEVER,
    17: 't',
    18: 't',
    19: 1,
  },
} satisfies Record<string, { readonly [place: number]: unknown }>)) {
  test(`a list of events by ${what} goes through its streams by their indexes`, async () => {
    for (const plan of await plans('walk-events', walkValues(filters))) {
      const used = new Set(plan.flatMap(node => node['Index Name'] ?? []))
      for (const index of ['event_listed', 'event_entity', 'event_pkey'])
        assert.ok(used.has(index), `by ${[...used].join(', ')}, not ${index}`)
      for (const node of plan.filter(node =>
        ['event_listed', 'event_entity'].includes(node['Index Name'] ?? ''),
      )) {
        assert.equal(node['Scan Direction'], 'Backward')
        assert.match(node['Index Cond'] ?? '', /id </)
      }
      const effects = plan.filter(node => node['Relation Name'] === 'effect')
      assert.ok(effects.every(node => node['Index Name'] === 'effect_event'))
    }
  })
}
