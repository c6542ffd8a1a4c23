// What every request runs goes by an index, whatever stands in the tables: planned on large ones, once for the values at hand
// and once for any (what PostgreSQL falls back to after five runs of a prepared statement).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { sql } from '../../server/src/engine/statements.ts'
import { type Database, PLAN_OPTIONS, type Queries } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { fill, id, ROWS } from './large-tables.ts'

const LARGE = new Set([
  'event',
  'alias',
  'effect',
  'ended',
  'cancellation',
  'receipt_item',
  'receipt_event',
  'request_key',
  'start_batch',
])

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

type Node = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Scan Direction'?: string
  'Parent Relationship'?: string
  'Actual Loops'?: number
  'Actual Rows'?: number
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

function nodes(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  const text = Array.isArray(value)
    ? `{${value.map(v => (v === null ? 'null' : JSON.stringify(String(v)))).join(',')}}`
    : String(value)
  return `'${text.replaceAll("'", "''")}'`
}

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

async function plan(on: Queries, name: string, values: readonly unknown[]): Promise<Node[]> {
  await on.query({ text: `prepare p as ${sql(name).text}` })
  const [row] = await on.query<{ 'QUERY PLAN': [{ Plan: Node }] }>({
    text: `explain (format json) execute p${values.length > 0 ? `(${values.map(literal).join(', ')})` : ''}`,
  })
  await on.query({ text: 'deallocate p' })
  return nodes(row!['QUERY PLAN'][0].Plan)
}

const some = Array.from({ length: 50 }, (_, i) => 1000 + i * 37)
const ids = some.map(id)
const shards = some.map(n => n % 256)
const same = <T>(value: T) => some.map(() => value)
const keys = some.map(n => `key ${n}`)
const NEVER = '2030-01-01'
const NOBODY = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Of walk-events: one stream of each sort, and these filters by their place. */
function walkValues(filters: { readonly [place: number]: unknown }): readonly unknown[] {
  const values = ['contoso', NOBODY, 10_000, 51, [1, null], [2, null], [null, 'e'], ids]
  return [...values, ...Array.from({ length: 11 }, (_, i) => filters[i + 9] ?? null)]
}

const STATEMENTS: {
  readonly [name: string]: {
    readonly values: readonly unknown[]
    readonly by?: string
    bound?: string
    walks?: string
  }
} = {
  start: {
    values: [null, id(1), id(2), id(3), 1000, '{}', ['mail'], '{"mail": 100}', '{}', 2000],
    by: 'effect_due',
    bound: 'due_at',
  },
  'next-due': { values: [null, '{}', ['mail'], '{}'], by: 'effect_due', bound: 'due_at' },
  'hold-mark-lost': { values: [null], walks: 'start_batch_pkey' },
  'hold-forget-released': { values: [], walks: 'effect_released' },
  'hold-doubt-overdue': { values: [null], by: 'effect_due', bound: 'due_at' },
  'hold-doubt-batch': { values: [null, '-infinity', id(0), 100], by: 'effect_due', bound: 'due_at' },
  'hold-doubt-waiting': { values: [], by: 'effect_due', bound: 'due_at' },
  'hold-items': {
    values: [null, 'contoso', null, ids[0], null, null, null, id(0), 100],
    by: 'event_pkey',
  },
  'hold-release-effects': { values: ['contoso', ids], by: 'effect_pkey' },
  'hold-drop-notices': { values: [null, 'contoso', ids, 'x', 5], by: 'effect_pkey' },
  'started-in-batch': { values: [id(1)], by: 'effect_pkey' },
  'read-started': { values: [ids], by: 'effect_pkey' },
  'forget-batches': { values: [ids], by: 'start_batch_pkey' },
  abandoned: { values: [id(1), id(0)], by: 'start_batch_worker' },
  settle: {
    values: [
      null,
      ids,
      ids,
      same('done'),
      same('too_late'),
      same(null),
      same(null),
      same(false),
      same(false),
      same(false),
    ],
    by: 'effect_pkey',
  },
  'back-to-pending': {
    values: [null, ids, ids, same(2), same(1000), same('x'), same(false), same(0)],
    by: 'effect_pkey',
  },
  // What was called off and still runs is little, and no more than that stands in this index.
  'asked-to-stop': { values: [id(1), ids, ids], walks: 'effect_stopping' },
  'close-receipts': { values: [null, id(1000)], walks: 'effect_stopping' },
  'expired-workers': { values: [null], walks: 'start_batch_worker' },
  'note-late': { values: [null, ids, ids, same('x'), same(null)], by: 'ended_pkey' },
  'read-dead': { values: ['contoso', 100], by: 'ended_dead' },
  'read-effect': { values: [ids[0], 'contoso'], by: 'effect_pkey' },
  'find-dead': {
    values: ['contoso', null, 'x', null, null, null, null, '-infinity', id(0), NEVER, 100, 10_000],
    by: 'ended_dead',
  },
  'pending-owners': { values: ['contoso', ['k'], ['app']], by: 'effect_listed' },
  'pending-events': { values: ['contoso', ['k'], ['app'], ['k'], ['["a"]'], 100], by: 'event_pkey' },
  'mark-replaced': { values: [ids[0], 'contoso', ids[1]], by: 'ended_pkey' },
  'read-request-key': { values: [shards[0], 'contoso', 'app:a', 'r 1'], by: 'request_key_pkey' },
  'not-yet-asked': { values: [ids, ids], by: 'effect_pkey' },
  'held-effects': { values: [ids], by: 'effect_pkey' },
  'leave-waiting': { values: [ids, ids, same(null), same(false), same(false)], by: 'effect_pkey' },
  'prevent-pending': { values: [null, ids, ids, same(false)], by: 'effect_pkey' },
  'request-stop': { values: [ids, ids], by: 'effect_pkey' },
  'doubt-ended': { values: [ids, ids, same(false)], by: 'ended_pkey' },
  'states-of-effects': { values: [ids] },
  'lock-events': { values: [ids], by: 'event_pkey' },
  'lock-parents': { values: [ids], by: 'event_pkey' },
  'lock-parents-free': { values: [ids], by: 'event_pkey' },
  'mark-events': { values: [ids, ids], by: 'event_pkey' },
  'covered-events': { values: [ids] },
  'find-targets': { values: [same('contoso'), keys, same('e'), same(null), 5000], by: 'event_key' },
  'find-requests': {
    values: [same('contoso'), same('app:a'), same(null), keys, same('e'), same(null), null],
    by: 'cancellation_key',
  },
  'find-early': { values: [null, same('contoso'), keys, same('e')], by: 'cancellation_early' },
  'find-children': { values: [ids, 5001], by: 'event_parent', bound: 'parent_id' },
  'effects-of-events': { values: [ids, 5001], by: 'effect_event' },
  supersede: { values: [null, ids[0]], by: 'effect_event' },
  revive: { values: [null, [ids[0]], 'contoso'], by: 'ended_pkey' },
  'announced-since': { values: ['contoso', keys[0], 'e', 5], by: 'event_key' },
  'is-called-off': { values: [same('contoso'), keys, same('e')], by: 'event_called_off' },
  'find-known': { values: ['contoso', 'app:a', keys, same('e'), same('r 1'), ['k']], by: 'event_called_off' },
  'open-roots-before': {
    values: ['contoso', keys[0], 'e', 0, 1_000_000, 2000, ids],
    by: 'event_called_off',
    bound: 'sequence',
  },
  'open-roots': { values: ['contoso', null, keys[0], 'e', 1_000_000, 2000, id(7)], by: 'event_key' },
  'open-parents': { values: [id(7), 0, 2000], by: 'receipt_event_order', bound: 'sequence' },
  'open-children': { values: [ids, id(0), 2000], by: 'event_parent', bound: 'id >' },
  'open-effects': {
    values: [null, id(7), ids, some, same('called_off'), id(0), 2000],
    by: 'effect_event',
    bound: 'id >',
  },
  'open-prevented-before': { values: [id(7), ids], by: 'event_pkey' },
  'open-mark-events': { values: [ids, id(7), ['k']], by: 'event_pkey' },
  'read-cancellation': { values: [null, ids[0], 'contoso'], by: 'cancellation_pkey' },
  'read-items': { values: [ids[0], 'contoso', id(0), 1001] },
  'count-items': { values: [ids[0]], by: 'ended_cancellation' },
  'read-notices': { values: [ids[0], 1000], by: 'effect_notice' },
  'read-receipt-events': { values: [ids[0], 1000], by: 'receipt_event_order' },
  'preview-children': { values: [ids[0], id(0), 1000, null, null], by: 'event_parent', bound: 'id >' },
  'preview-effects': { values: [ids, id(0), 1000], by: 'effect_event', bound: 'id >' },
  'preview-path': { values: [ids[0], 'contoso', ids[1], null, null], by: 'event_pkey' },
  'preview-targets': { values: ['contoso', keys[0], 'e', null, id(0), 1000], by: 'event_key' },
  'read-event': { values: [ids[0], 'contoso'], by: 'event_pkey' },
  'read-effects': { values: [ids[0], 'contoso'], by: 'effect_event' },
  'read-events-by-key': { values: ['contoso', keys[0], 'e'], by: 'event_key' },
  'receipts-of-event': { values: ['contoso', ids[0], 20] },
  'receipts-of-keys': { values: ['contoso', keys, 20], by: 'cancellation_key' },
  'receipts-of-correlation': { values: ['contoso', 'c 1000', 20] },
  'receipts-recent': { values: ['contoso', 20], by: 'cancellation_recent' },
  'event-streams': { values: ['contoso', null, null], by: 'event_listed' },
  'event-details': { values: [ids, 'contoso', null], by: 'event_pkey' },
  'event-path': { values: [ids[0], 'contoso', 50], by: 'event_pkey' },
  'event-children': { values: [ids[0], 'contoso', id(0), 51], by: 'event_parent', bound: 'id >' },
  'read-effects-page': { values: [ids[0], 'contoso', id(0), 1001], by: 'effect_event', bound: 'id >' },
  'walk-due': {
    values: ['contoso', null, null, '-infinity', id(0), 51],
    by: 'effect_listed',
    bound: 'due_at',
  },
  'list-live-effects': {
    values: ['contoso', 'pending', '-infinity', id(0), 10_000, 51, null, null, null, null],
    by: 'effect_listed',
    bound: 'due_at',
  },
  'list-running-effects': { values: ['contoso', id(0), 51, null, null], by: 'start_batch_worker' },
  'list-dead-effects': { values: ['contoso', 'infinity', NOBODY, 10_000, 51, null, null], by: 'ended_dead' },
  'list-ended-effects': {
    values: ['contoso', 'done', NOBODY, 10_000, 51, null, null],
    by: 'ended_pkey',
    bound: 'id <',
  },
  // Three looks at a bounded number of rows, each along its index.
  backlog: { values: [null, 10_000], by: 'effect_due', bound: 'due_at' },
  'status-effects': { values: ['contoso', 10_000], by: 'effect_listed', bound: 'due_at' },
  // Each of its three sources by its own index: see below.
  'walk-events': { values: walkValues({}), by: 'event_listed', bound: 'id <' },
  'sweep-seeds': { values: [id(0), ids.at(-1), 100], by: 'event_pkey', bound: 'id >' },
  'sweep-finished': { values: [ids, NEVER], by: 'event_pkey' },
  'sweep-look': { values: [ids, same(true), NEVER, [], true, 2001], by: 'receipt_item_effect' },
  'sweep-lock': { values: [ids], by: 'event_pkey' },
  'sweep-notices': { values: [ids, NEVER, 2000], by: 'ended_notice' },
  'sweep-receipts': { values: [ids, NEVER], by: 'cancellation_pkey' },
  'sweep-effects': { values: [ids, NEVER, 2000], by: 'ended_event' },
  'sweep-events': { values: [ids, NEVER], by: 'event_pkey' },
  'sweep-aliases': { values: [shards, same('contoso'), keys, ids], by: 'alias_pkey' },
  'sweep-request-keys': { values: [null, 1000, 1000], by: 'request_key_age' },
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

// A plan is kept prepared while its tables grow, until the next analyze: it must be a good one whatever was known when it
// was made. On the connections that the server uses, with nothing known of the tables; with it known that they were empty,
// before the first row or, as what waits and what runs are at every quiet moment, after the last.
for (const [state, make] of Object.entries({
  'never analyzed': async () => {},
  'analyzed before the first row': db => db.query({ text: 'analyze' }),
  'analyzed after the last row': emptied,
  'analyzed when one parent owned ninety-nine rows in a hundred': async db => {
    const own = await db.connect()
    try {
      await own.query(fill(20_000, true))
      await own.query('analyze')
    } finally {
      await own.end()
    }
  },
} satisfies Record<string, (db: Database) => Promise<unknown>>)) {
  test(`no plan walks a table that was ${state}`, async () => {
    await using young = await testDatabase()
    const { db } = young
    await make(db)
    const walks: Record<string, string[]> = {}
    await db.transaction('young', async tx => {
      for (const [name, { values, walks: may }] of Object.entries(STATEMENTS)) {
        const found = (await plan(tx, name, values))
          .filter(node => isWalk(node) && (may === undefined || node['Index Name'] !== may))
          .map(node => node['Index Name'] ?? 'no index')
        if (found.length > 0) walks[name] = found
      }
    })
    assert.deepEqual(walks, {})
  })
}

/** A scan of a large table that is not told what to look for. */
function isWalk(node: Node): boolean {
  return (
    /Scan/.test(node['Node Type']) &&
    node['Node Type'] !== 'Bitmap Heap Scan' &&
    // By the place of a row that was found before: what it is told stands elsewhere in the plan.
    node['Node Type'] !== 'Tid Scan' &&
    LARGE.has(node['Relation Name'] ?? '') &&
    node['Index Cond'] === undefined
  )
}

async function emptied(db: Database): Promise<void> {
  const own = await db.connect()
  try {
    await own.query(fill(20_000))
    for (const table of LARGE) await own.query(`delete from engine.${table}`)
    await own.query('vacuum (truncate off, analyze)')
  } finally {
    await own.end()
  }
}
