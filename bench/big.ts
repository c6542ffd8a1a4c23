// npm run bench:big: the lists on large tables. Fills a database of its own, asks each list some dozens of times, and prints how long
// that took and by which indexes the answers came.

import { parseArgs } from 'node:util'
import { systemRandom } from '../server/src/app/random.ts'
import type { EventQuery } from '../server/src/engine/lists/list-events.ts'
import { createLists, type Lists } from '../server/src/engine/lists/lists.ts'
import type { Database, Queries } from '../server/src/store/database.ts'
import type { Statement } from '../server/src/store/statements.ts'
import { APPS, fillTables, LARGE_TABLES, SMALL_TENANT } from './big-tables.ts'
import { openStand, TENANT } from './stand.ts'

const HELP = `Usage: npm run bench:big [-- --rows N]

  --rows N  events, each with an action that is pending or has ended. Default 10,000,000: about 12 GB of disk and half an hour
  --runs N  how often each list is asked. Default 50
  --help    this`

const { values } = parseArgs({
  options: { rows: { type: 'string' }, runs: { type: 'string' }, help: { type: 'boolean' } },
})

/** What is asked, and of whom. */
const ASKED: { readonly [what: string]: (lists: Lists, at: Places) => Promise<unknown> } = {
  'events, newest first': lists => lists.events(of({})),
  'events, a page in the middle': (lists, { middle }) =>
    lists.events({ ...of({}), after: { id: middle, time: null } }),
  'events to come': lists => lists.events(of({ state: 'announced' })),
  'events that were called off': lists => lists.events(of({ state: 'cancelled' })),
  'events that are over': lists => lists.events(of({ state: 'ended' })),
  'events by key': (lists, { key }) => lists.events(of({ key, entity: key, kinds: ['native.event'] })),
  'events about one thing': (lists, { key }) => lists.events(of({ entity: key })),
  'events of an API': lists => lists.events(of({ kinds: ['calendar.meeting'] })),
  'events of an app': lists => lists.events(of({ app: APPS[1] })),
  'events of a small app': lists => lists.events(of({ app: APPS.at(-1) })),
  'events of a small tenant': lists => lists.events({ ...of({}), tenant: SMALL_TENANT }),
  'events by a text that is found': lists => lists.events(of({ text: 'somebody' })),
  'events by a text that is nowhere': lists => lists.events(of({ text: 'nowhere to be found' })),
  'events due in an hour': lists => lists.events(of({ dueAfter: new Date(), dueBefore: soon() })),
  'events of a small app due in an hour': lists =>
    lists.events(of({ dueAfter: new Date(), dueBefore: soon(), app: APPS.at(-1) })),
  'events, counted': lists => lists.countEvents(of({})),
  'actions, pending': lists => lists.effects({ tenant: TENANT, state: 'pending', limit: 50 }),
  'actions, pending for a receiver': lists =>
    lists.effects({ tenant: TENANT, state: 'pending', receiver: 'hooks-7.example', limit: 50 }),
  'actions, running': lists => lists.effects({ tenant: TENANT, state: 'running', limit: 50 }),
  'actions, waiting': lists => lists.effects({ tenant: TENANT, state: 'waiting', limit: 50 }),
  'actions, dead': lists => lists.effects({ tenant: TENANT, state: 'dead', limit: 50 }),
  'actions, done': lists => lists.effects({ tenant: TENANT, state: 'done', limit: 50 }),
  'actions, in doubt (none)': lists => lists.effects({ tenant: TENANT, state: 'in_doubt', limit: 50 }),
  'actions, counted': lists => lists.countEffects(TENANT),
  'one event': async (lists, { middle }) => {
    const page = { after: '00000000-0000-0000-0000-000000000000', limit: 51 }
    await Promise.all([lists.event(TENANT, middle), lists.effectsOf(TENANT, middle, page)])
    await Promise.all([lists.pathOf(TENANT, middle), lists.childrenOf(TENANT, middle, page)])
  },
}

type Places = { readonly middle: string; readonly key: string }

function of(filter: EventQuery['filter']): EventQuery {
  return { tenant: TENANT, filter, limit: 50 }
}

function soon(): Date {
  return new Date(Date.now() + 3_600_000)
}

async function main(): Promise<void> {
  if (values.help) return console.log(HELP)
  const rows = wholeNumber('rows', values.rows ?? '10000000')
  const runs = wholeNumber('runs', values.runs ?? '50')
  await using stand = await openStand()
  await fillTables(stand.db, rows, done =>
    console.error(`${done.toLocaleString('en')} of ${rows.toLocaleString('en')} …`),
  )
  const [places] = await stand.db.query<Places>({
    text: `select id::text as middle, entity as key from engine.event where tenant = '${TENANT}' and kind = 'native.event'
      order by id offset 50000 limit 1`,
  })
  if (!places) throw new Error('--rows is too small: 200,000 at least')
  const recorder = recording(stand.db)
  const lists = createLists(contextOf(recorder.db))
  console.log(`| list | p50 ms | p99 ms | by |\n|---|---|---|---|`)
  for (const [what, ask] of Object.entries(ASKED)) {
    recorder.seen.length = 0
    await ask(lists, places)
    const by = await indexesOf(stand.db, recorder.seen)
    const took: number[] = []
    for (let run = 0; run < runs; run++) {
      const begun = performance.now()
      await ask(lists, places)
      took.push(performance.now() - begun)
    }
    took.sort((a, b) => a - b)
    const quantile = (q: number) =>
      (took[Math.min(took.length - 1, Math.floor(took.length * q))] as number).toFixed(1)
    console.log(`| ${what} | ${quantile(0.5)} | ${quantile(0.99)} | ${by.join(', ')} |`)
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} ${text} is not a number\n\n${HELP}`)
  return number
}

type Seen = { readonly statement: Statement; readonly values: readonly unknown[] }

function recording(db: Database): { readonly db: Database; readonly seen: Seen[] } {
  const seen: Seen[] = []
  const query: Queries['query'] = (statement, values = []) => {
    seen.push({ statement, values })
    return db.query(statement, values)
  }
  return { db: Object.assign(Object.create(db), { query }) as Database, seen }
}

function contextOf(db: Database): Parameters<typeof createLists>[0] {
  return {
    db,
    clock: () => null,
    random: systemRandom(),
    carriers: new Map(),
    domains: new Map(),
    hints: { due() {}, stopRequested() {} },
    maxMarkedAtOnce: 5000,
    finalAfterMs: 30_000,
  }
}

type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Node[] }

/** What the statements read large tables by. A table that is read whole is shouted out. */
async function indexesOf(db: Database, seen: readonly Seen[]): Promise<readonly string[]> {
  const by = new Set<string>()
  for (const { statement, values } of seen) {
    const [row] = await db.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      { text: `explain (format json) ${statement.text}` },
      values,
    )
    for (const node of nodes(row!['QUERY PLAN'][0].Plan)) {
      if (node['Index Name']) by.add(node['Index Name'])
      if (node['Node Type'] === 'Seq Scan' && LARGE_TABLES.has(node['Relation Name'] ?? ''))
        by.add(`THE WHOLE OF ${node['Relation Name']}`)
    }
  }
  return [...by].filter(name => !/^(tenant|worker)/.test(name)).sort()
}

function nodes(plan: Node): readonly Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
process.exit()
