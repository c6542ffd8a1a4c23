// What every request runs goes by an index, whatever stands in the tables: planned on large ones, once for the values at hand
// and once for any (what PostgreSQL falls back to after five runs of a prepared statement).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { sql } from '../../server/src/engine/context.ts'
import { type Database, PLAN_OPTIONS, type Queries } from '../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const ROWS = 200_000
const LARGE = new Set([
  'event',
  'alias',
  'effect',
  'pending',
  'running',
  'ended',
  'cancellation',
  'receipt_item',
  'request_key',
])

const SHARDED = `('00000000-0000-80' || lpad(to_hex(n % 256), 2, '0') || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid`
const id = (n: number) =>
  `00000000-0000-80${(n % 256).toString(16).padStart(2, '0')}-8000-${n.toString(16).padStart(12, '0')}`
const fill = (rows: number) => `
  insert into engine.event (shard, id, birth, tenant, kind, key, entity, parent_id, root_id, line, title, data, created_at, cancellation_id, correlation_id)
  select n % 256, ${SHARDED}, n, 'contoso', 'k', 'key ' || n, 'e', case when n % 4 = 0 and n > 256 then ('00000000-0000-80' || lpad(to_hex(n % 256), 2, '0') || '-8000-' || lpad(to_hex(n - 256), 12, '0'))::uuid end,
    ${SHARDED}, array[${SHARDED}], 't', '{}', now(), case when n % 10 = 0 then ${SHARDED} end, 'c ' || n
  from generate_series(1, ${rows}) n;
  insert into engine.alias select n % 256, 'contoso', 'alias ' || n, n % 256, ${SHARDED} from generate_series(1, ${rows / 10}) n;
  insert into engine.effect (shard, id, birth, tenant, event_id, kind, title, due_at, max_attempts, data)
  select n % 256, ${SHARDED}, n, 'contoso', ${SHARDED}, 'mail', 't', now(), 3, '{}' from generate_series(1, ${rows}) n;
  insert into engine.pending (shard, effect_id, due_at, tenant, lane, kind, event_id)
  select n % 256, ${SHARDED}, now() + n * interval '1 s', 'contoso', 'contoso mail ', 'mail', ${SHARDED} from generate_series(1, ${rows}) n where n % 2 = 0;
  insert into engine.running (shard, effect_id, event_id, tenant, kind, attempt, worker, started_at, cancellation_id)
  select n % 256, ${SHARDED}, ${SHARDED}, 'contoso', 'mail', 1, '${id(1)}', now(), case when n % 90 = 1 then ${SHARDED} end
  from generate_series(1, ${rows / 10}) n where n % 2 = 1;
  insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id)
  select n % 256, ${SHARDED}, ${SHARDED}, 'contoso', 'prevented', now(), 1, ${SHARDED} from generate_series(${rows / 10}, ${rows}) n where n % 2 = 1;
  insert into engine.cancellation (shard, id, birth, tenant, target_key, target_entity, caller, caller_api, caller_name, at, final_by, correlation_id, request_key)
  select n % 256, ${SHARDED}, n, 'contoso', 'key ' || n, 'e', 'app:a', 'native', 'a', now(), now(), 'c ' || n, 'r ' || n from generate_series(1, ${rows / 2}) n;
  insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome)
  select n % 256, ${SHARDED}, ${SHARDED}, 'kept' from generate_series(1, ${rows / 4}) n;
  insert into engine.request_key (shard, tenant, caller, key, fingerprint, at)
  select n % 256, 'contoso', 'app:a', 'r ' || n, 'f', now() - n * interval '1 s' from generate_series(1, ${rows / 4}) n;
`

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
  Plans?: Node[]
}

function nodes(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  const text = Array.isArray(value)
    ? `{${value.map(v => (v === null ? 'null' : `"${v}"`)).join(',')}}`
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
    text: `explain (format json) execute p(${values.map(literal).join(', ')})`,
  })
  await on.query({ text: 'deallocate p' })
  return nodes(row!['QUERY PLAN'][0].Plan)
}

const some = Array.from({ length: 50 }, (_, i) => 1000 + i * 37)
const ids = some.map(id)
const shards = some.map(n => n % 256)
const same = <T>(value: T) => some.map(() => value)
const keys = some.map(n => `key ${n}`)

const STATEMENTS: {
  readonly [name: string]: {
    readonly values: readonly unknown[]
    readonly by?: string
    bound?: string
    walks?: string
  }
} = {
  peek: { values: [null, 2000, 1000, [], [], [], ['mail'], [100]], by: 'pending_due', bound: 'due_at' },
  'next-due': { values: [null, [], ['mail']], by: 'pending_due', bound: 'due_at' },
  start: { values: [null, id(1), shards, ids], by: 'pending_pkey' },
  settle: {
    values: [
      null,
      id(1),
      shards,
      ids,
      same(1),
      same('done'),
      same('too_late'),
      same(null),
      same(null),
      same(false),
    ],
    by: 'running_pkey',
  },
  'back-to-pending': {
    values: [null, id(1), shards, ids, same(1), same(2), same(1000), same('x'), same(false)],
    by: 'running_pkey',
  },
  // What runs and was called off is little, and no more than that stands in this index.
  'asked-to-stop': { values: [id(1)], walks: 'running_asked' },
  'close-receipts': { values: [null, id(1000)] },
  'expired-workers': { values: [null] },
  'note-late': { values: [null, shards, ids, same('x'), same(null)], by: 'ended_pkey' },
  'read-dead': { values: ['contoso', 100], by: 'ended_dead' },
  'read-effect': { values: [shards[0], ids[0], 'contoso'], by: 'effect_pkey' },
  'started-by': { values: [id(1), shards, ids], by: 'running_pkey' },
  'wait-for-pending': { values: [shards, ids], by: 'pending_pkey' },
  'read-request-key': { values: [shards[0], 'contoso', 'app:a', 'r 1'], by: 'request_key_pkey' },
  'still-mine': { values: [id(1), shards, ids, same(1)], by: 'running_pkey' },
  'leave-waiting': { values: [id(1), shards, ids, same(1), same(null)], by: 'running_pkey' },
  'prevent-pending': { values: [null, shards, ids, ids, same(false)], by: 'pending_pkey' },
  'ask-running': { values: [shards, ids, ids], by: 'running_pkey' },
  'states-of-effects': { values: [shards, ids] },
  'lock-events': { values: [shards, ids], by: 'event_pkey' },
  'lock-parents': { values: [shards, ids], by: 'event_pkey' },
  'lock-parents-free': { values: [shards, ids], by: 'event_pkey' },
  'mark-events': { values: [shards, ids, ids], by: 'event_pkey' },
  'covered-events': { values: [shards, ids] },
  'find-targets': { values: [shards, same('contoso'), keys, same('e'), same(null), 5000], by: 'event_key' },
  'find-requests': {
    values: [shards, same('contoso'), same('app:a'), same(null), keys, same('e'), same(null), null],
    by: 'cancellation_key',
  },
  'find-early': { values: [null, shards, same('contoso'), keys, same('e')], by: 'cancellation_key' },
  'find-children': { values: [shards, ids, 5001], by: 'event_parent' },
  'effects-of-events': { values: [shards, ids, 5001], by: 'effect_event' },
  supersede: { values: [null, shards[0], ids[0]], by: 'effect_event' },
  revive: { values: [null, shards[0], ids[0], 'contoso'] },
  'announced-since': { values: [shards[0], 'contoso', keys[0], 'e', 5] },
  'open-roots': { values: [shards[0], 'contoso', null, keys[0], 1_000_000, 2000, 'e'] },
  'open-marked': { values: [id(1000), 0, 2000], by: 'event_cancelled' },
  'open-children': { values: [shards, ids, 2000], by: 'event_parent' },
  'open-prevent': { values: [null, id(1000), 0, id(0), 2000], by: 'pending_pkey' },
  'open-mark-events': { values: [shards, ids, id(7), ['k']], by: 'event_pkey' },
  'open-untouched': { values: [shards, ids, id(7), false] },
  'read-cancellation': { values: [null, shards[0], ids[0], 'contoso'], by: 'cancellation_pkey' },
  'read-items': { values: [ids[0], 'contoso', id(0), 1001] },
  'count-items': { values: [ids[0]], by: 'ended_cancellation' },
  'read-notices': { values: [ids[0], 1000], by: 'effect_notice' },
  'read-receipt-events': { values: [shards[0], ids[0], 1000], by: 'event_cancelled' },
  'read-event': { values: [shards[0], ids[0], 'contoso'], by: 'event_pkey' },
  'read-effects': { values: [shards[0], ids[0], 'contoso'], by: 'effect_event' },
  'read-events-by-key': { values: [shards[0], 'contoso', keys[0], 'e'], by: 'event_key' },
  'receipts-of-event': { values: ['contoso', shards[0], ids[0], 20] },
  'receipts-of-key': { values: ['contoso', keys[0], 20] },
  'receipts-of-correlation': { values: ['contoso', 'c 1000', 20] },
  'receipts-recent': { values: ['contoso', 20], by: 'cancellation_recent' },
  'sweep-seeds': { values: [shards[0], id(0), ids.at(-1), 100], by: 'event_pkey', bound: 'id >' },
  'sweep-finished': { values: [shards[0], ids, '2030-01-01'], by: 'event_pkey' },
  'sweep-look': {
    values: [shards, ids, same(true), '2030-01-01', [], true, 2001],
    by: 'receipt_item_effect',
  },
  'sweep-lock': { values: [shards, ids], by: 'event_pkey' },
  'sweep-notices': { values: [ids, '2030-01-01', 2000], by: 'effect_notice' },
  'sweep-receipts': { values: [shards, ids, '2030-01-01'], by: 'cancellation_pkey' },
  'sweep-effects': { values: [shards, ids, '2030-01-01', 2000], by: 'effect_event' },
  'sweep-events': { values: [shards, ids, '2030-01-01'], by: 'event_pkey' },
  'sweep-aliases': { values: [shards, same('contoso'), keys, ids], by: 'alias_pkey' },
  'sweep-request-keys': { values: [null, 1000, 1000], by: 'request_key_age' },
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

// A plan is kept prepared while its tables grow, until the next analyze: it must be a good one whatever was known when it
// was made. On the connections that the server uses, with nothing known of the tables; with it known that they were empty,
// before the first row or, as what waits and what runs are at every quiet moment, after the last.
for (const [state, make] of Object.entries({
  'never analyzed': async () => {},
  'analyzed before the first row': db => db.query({ text: 'analyze' }),
  'analyzed after the last row': emptied,
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
