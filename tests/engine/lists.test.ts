// Lists of events and effects: every page together is all that there is, once each, in order; at a bounded cost; told apart by tenant.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { cursorOf, readCursor } from '../../server/src/core/cursor.ts'
import type { Announcement } from '../../server/src/core/event.ts'
import type { Engine } from '../../server/src/engine/engine.ts'
import type { EventFilter, EventQuery, ListedEvent } from '../../server/src/engine/lists/list-events.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import {
  announced,
  attemptOf,
  byId,
  contextOn,
  effect,
  event,
  idleEngine,
  settleNow,
  startAllDue,
} from './engine-parts.ts'

const DAY = 86_400_000
const TENANT = 'contoso'

let own: TestDatabase
let engine: Engine

before(async () => {
  own = await testDatabase()
  engine = idleEngine(own.db)
})
after(() => own?.[Symbol.asyncDispose]())

const announce = (over: Partial<Announcement>, effects: Announcement['effects'] = []) =>
  announced(own.db, event('an event', effects, { tenant: TENANT, ...over }))

async function pages(filter: EventFilter, over: Partial<EventQuery> & { tenant: string; limit: number }) {
  const found: ListedEvent[] = []
  let asked = 0
  for (let after: string | null = null; ; ) {
    const place = after === null ? undefined : (readCursor(after) ?? undefined)
    const list = await engine.lists.events({ filter, ...over, ...(place ? { after: place } : {}) })
    found.push(...list.events)
    asked += 1
    if (list.next === null) return { found, asked }
    after = list.next
  }
}

const idsOf = (events: readonly { readonly id: string }[]) => events.map(({ id }) => id)
const newestFirst = (ids: readonly string[]) => ids.toSorted().reverse()

test('pages of any size hold each event once, newest first, whatever kinds and apps they are of', async () => {
  const tenant = 'paged'
  const made: { id: string; kind: string; app: string | null }[] = []
  for (let n = 0; n < 60; n++) {
    const kind = ['calendar.meeting', 'native.event', 'automations.activation'][n % 3] as string
    const app = [null, 'app-1', 'app-2', 'app-3'][n % 4] as string | null
    made.push({ id: await announce({ tenant, kind, app }), kind, app })
  }
  await announce({ tenant: 'another', kind: 'native.event', app: 'app-1' })
  for (const limit of [1, 7, 50, 200]) {
    const { found } = await pages({}, { tenant, limit })
    assert.deepEqual(idsOf(found), newestFirst(idsOf(made)), `pages of ${limit}`)
  }
  for (const [filter, fits] of [
    [{ kinds: ['native.event'] }, (e: (typeof made)[number]) => e.kind === 'native.event'],
    [{ app: 'app-2' }, (e: (typeof made)[number]) => e.app === 'app-2'],
    [
      { app: 'app-1', kinds: ['calendar.meeting', 'native.event'] },
      (e: (typeof made)[number]) => e.app === 'app-1' && e.kind !== 'automations.activation',
    ],
    [{ app: 'nobody' }, () => false],
    [{ kinds: ['nothing'] }, () => false],
  ] as const) {
    const { found } = await pages(filter, { tenant, limit: 4 })
    assert.deepEqual(idsOf(found), newestFirst(idsOf(made.filter(fits))), JSON.stringify(filter))
    const counted = await engine.lists.countEvents({ tenant, filter })
    assert.deepEqual(counted, { count: found.length, isExact: true })
  }
})

test('a state, a key, an entity and a text narrow a list', async () => {
  const tenant = 'narrowed'
  const live = await announce(
    { tenant, title: 'Order Größe 17', key: 'people\u001forder-17', bareKey: 'order-17', entity: 'order-17' },
    [effect('m', { due: { afterMs: DAY } })],
  )
  const over = await announce({
    tenant,
    title: 'Nothing to do',
    entity: 'order-17',
    data: { data: { colour: 'Grün "hell"' } },
  })
  const off = await announce(
    { tenant, title: 'Off', entity: 'x', data: { announcedBy: 'user:somebody', data: {} } },
    [effect('m', { due: { afterMs: DAY } })],
  )
  await engine.cancel({ ...byId(off), tenant })
  const list = async (filter: EventFilter) => idsOf((await pages(filter, { tenant, limit: 2 })).found)
  assert.deepEqual(await list({ state: 'announced' }), [live])
  assert.deepEqual(await list({ state: 'ended' }), [over])
  assert.deepEqual(await list({ state: 'cancelled' }), [off])
  assert.deepEqual(await list({ key: 'order-17' }), [live])
  assert.deepEqual(await list({ entity: 'order-17' }), newestFirst([live, over]))
  assert.deepEqual(await list({ entity: 'order-17', state: 'ended' }), [over])
  assert.deepEqual(await list({ text: 'GRÖSSE' }), [])
  assert.deepEqual(await list({ text: 'ORDER GRÖßE' }), [live])
  assert.deepEqual(await list({ text: 'grün "HELL"' }), [over], 'as its caller wrote it')
  assert.deepEqual(await list({ text: 'somebody' }), [], 'what is ours around the data is not searched')
  assert.deepEqual(await list({ text: '%' }), [], 'no pattern')
  const [shown] = (await engine.lists.events({ tenant, filter: { state: 'announced' }, limit: 1 })).events
  assert.deepEqual([shown?.next?.title, shown?.state, shown?.bareKey], ['m', 'announced', 'order-17'])
})

test('a span of time lists by what falls due, each event once, at its first there', async () => {
  const tenant = 'due'
  const at = (hours: number) => new Date(Date.UTC(2031, 0, 1, hours))
  const due = (...hours: number[]) => hours.map(h => effect(`at ${h}`, { due: { at: at(h) } }))
  const first = await announce({ tenant, title: 'first' }, due(9, 1, 5))
  const second = await announce({ tenant, title: 'second' }, due(3, 4))
  const third = await announce({ tenant, title: 'third', app: 'app-1' }, due(4, 8))
  const list = async (filter: EventFilter, limit: number) =>
    (await pages(filter, { tenant, limit })).found.map(({ id, next }) => [id, next?.title])
  for (const limit of [1, 2, 50]) {
    assert.deepEqual(await list({ dueAfter: at(0), dueBefore: at(24) }, limit), [
      [first, 'at 1'],
      [second, 'at 3'],
      [third, 'at 4'],
    ])
    const late = await list({ dueAfter: at(4), dueBefore: at(6) }, limit)
    assert.deepEqual(late.at(-1), [first, 'at 5'])
    // Of two that fall due together, the one comes first whose action has the lower id.
    assert.deepEqual(
      late.slice(0, -1).sort(),
      [
        [second, 'at 4'],
        [third, 'at 4'],
      ].sort(),
    )
    assert.deepEqual(await list({ dueBefore: at(1) }, limit), [], 'before is before')
    assert.deepEqual(await list({ dueAfter: at(2), app: 'app-1' }, limit), [[third, 'at 4']])
  }
})

test('within what somebody may see, nothing else is found', async () => {
  const tenant = 'within'
  const mine = await announce({ tenant, entity: 'agent:1' })
  const meeting = await announce({ tenant, entity: 'm' })
  await announce({ tenant, entity: 'other' })
  const foreign = await announce({ tenant: 'foreign', entity: 'agent:1' })
  const within = { entities: ['agent:1'], ids: [meeting, foreign] }
  for (const limit of [1, 50])
    assert.deepEqual(idsOf((await pages({}, { tenant, within, limit })).found), newestFirst([mine, meeting]))
  assert.deepEqual((await pages({}, { tenant, within: { entities: [], ids: [] }, limit: 5 })).found, [])
})

test('what fits nowhere in 10,000 rows is not searched without end, and the next page goes on there', async () => {
  const tenant = 'large'
  const needle = await announce({ tenant, title: 'needle' })
  await own.db.query({
    text: `insert into engine.event (shard, id, tenant, kind, entity, root_id, cancel_path, title, data, created_at)
      select 0, i.id, '${tenant}', 'native.event', 'hay', i.id, array[i.id], 'hay', '{}', now()
      from (select ('f0000000-0000-8000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id from generate_series(1, 12000) n) i`,
  })
  const first = await engine.lists.events({ tenant, filter: { text: 'needle' }, limit: 50 })
  assert.deepEqual([first.events, first.stoppedAfter], [[], 10_000])
  const rest = await engine.lists.events({
    tenant,
    filter: { text: 'needle' },
    limit: 50,
    after: readCursor(first.next as string)!,
  })
  assert.deepEqual([idsOf(rest.events), rest.next, rest.stoppedAfter], [[needle], null, null])
  assert.deepEqual(await engine.lists.countEvents({ tenant, filter: {} }), { count: 10_000, isExact: false })
  assert.deepEqual(await engine.lists.countEvents({ tenant, filter: { text: 'needle' } }), {
    count: 0,
    isExact: false,
  })
  // Of a small app nothing is hidden by a large one.
  const small = await announce({ tenant, app: 'small', title: 'needle' })
  const found = await engine.lists.events({ tenant, filter: { app: 'small', text: 'needle' }, limit: 50 })
  assert.deepEqual([idsOf(found.events), found.stoppedAfter], [[small], null])
})

test('a search stops at so many octets of data, and comes to its end all the same', async () => {
  const tenant = 'heavy'
  const random = () => randomBytes(750_000).toString('base64')
  const made: string[] = []
  for (let n = 0; n < 5; n++)
    made.push(
      await announce({ tenant, data: { data: { text: `${random()} needle ${n}` } } }, [
        effect('m', { due: { afterMs: DAY } }),
      ]),
    )
  for (const filter of [{ text: 'needle' }, { text: 'needle', dueAfter: new Date(0) }]) {
    const { found, asked } = await pages(filter, { tenant, limit: 50 })
    assert.deepEqual(idsOf(found).sort(), made.toSorted())
    assert.ok(asked > 1, 'more than one page')
  }
})

test('effects are listed by how they stand, and counted', async () => {
  await using database = await testDatabase()
  const { db } = database
  const reads = idleEngine(db).lists
  const context = contextOn(db)
  const webhook = (n: number) => effect(`call ${n}`, { lane: 'hooks.example', due: { afterMs: DAY * n } })
  const later = await announced(
    db,
    event('later', [
      webhook(1),
      webhook(2),
      effect('mail', { lane: '', due: { afterMs: 3 * DAY }, data: { to: 'bob@Mail.Example' } }),
    ]),
  )
  await announced(db, event('foreign', [webhook(1)], { tenant: 'fabrikam' }))
  const nowDue = await announced(
    db,
    event(
      'now',
      ['done', 'skipped', 'dead', 'retried', 'running', 'waiting'].map(title => effect(title)),
    ),
  )
  const started = await startAllDue(context, db)
  await db.query({
    text: `insert into engine.worker (id, alive_until, host, pid) select distinct worker, now(), '', 0 from engine.start_batch`,
  })
  const verdicts = {
    done: { is: 'done' },
    skipped: { is: 'skipped', evidence: { reason: 'nobody is there' } },
    dead: { is: 'failed', error: 'no such host' },
    retried: { is: 'retry', error: 'refused', afterMs: DAY / 2 },
    waiting: { is: 'waiting' },
  } as const
  for (const row of started) {
    const verdict = verdicts[row.title as keyof typeof verdicts]
    if (verdict) await settleNow(context, attemptOf(row, verdict))
  }
  const titles = async (state: Parameters<typeof reads.effects>[0]['state'], over: object = {}) => {
    const found: string[] = []
    for (let after: string | null = null; ; ) {
      const place = after === null ? {} : { after: readCursor(after)! }
      const list = await reads.effects({ tenant: TENANT, state, limit: 1, ...over, ...place })
      found.push(...list.effects.map(({ title }) => title))
      if (list.next === null) return found
      after = list.next
    }
  }
  assert.deepEqual(await titles('pending'), ['retried', 'call 1', 'call 2', 'mail'])
  assert.deepEqual(await titles('pending', { receiver: 'hooks.example' }), ['call 1', 'call 2'])
  assert.deepEqual(await titles('pending', { receiver: 'mail.example' }), ['mail'])
  for (const state of ['running', 'waiting', 'done', 'skipped', 'dead'] as const)
    assert.deepEqual(await titles(state), [state])
  assert.deepEqual(await titles('superseded'), [])
  assert.deepEqual(await titles('dead', { kind: 'other' }), [])
  const counts = await reads.countEffects(TENANT)
  const numbers = ([name, value]: [string, unknown]) => [name, (value as { count?: number }).count]
  assert.deepEqual(Object.fromEntries(Object.entries(counts).slice(0, 5).map(numbers)), {
    pending: 4,
    due: 0,
    running: 1,
    waiting: 1,
    dead: 1,
  })
  assert.deepEqual(
    counts.failing.map(({ receiver, effects, error, attempts }) => ({ receiver, effects, error, attempts })),
    [{ receiver: 'retried', effects: 1, error: 'refused', attempts: 2 }],
  )
  const shown = await reads.event(TENANT, nowDue)
  assert.equal(shown?.state, 'announced')
  assert.deepEqual(
    shown?.skipped.map(({ title, evidence }) => [title, evidence]),
    [['skipped', { reason: 'nobody is there' }]],
  )
  const page = await reads.effectsOf(TENANT, later, {
    after: '00000000-0000-0000-0000-000000000000',
    limit: 2,
  })
  const behind = await reads.effectsOf(TENANT, later, { after: page[1]!.id, limit: 2 })
  assert.deepEqual(
    [...page, ...behind].map(({ title, receiver }) => [title, receiver]),
    [
      ['call 1', 'hooks.example'],
      ['call 2', 'hooks.example'],
      ['mail', 'mail.example'],
    ],
  )
  assert.deepEqual(
    await reads.effectsOf('fabrikam', later, { after: '00000000-0000-0000-0000-000000000000', limit: 2 }),
    [],
  )
})

test("where a list of what ended stops among another tenant's, it gives no id of theirs away, and loses nothing", async () => {
  await using database = await testDatabase()
  const { db } = database
  const ended = (tenant: string, ids: string) => ({
    text: `insert into engine.ended (shard, id, event_id, at, due_shown, attempt, max_attempts, touches_world, keep, tenant, ending, kind, lane, title, data)
      select 0, i.id, i.id, now(), now(), 1, 3, true, false, '${tenant}', 'done', 'mail', '', i.id, '{}' from (${ids}) i`,
  })
  // One time and shard for every hundred of theirs; ours in the middle of those, before them and behind.
  const id = (n: string, last: string) =>
    `(lpad(to_hex(1760000000000 + ${n} / 100), 12, '0') || '8000' || '8000' || lpad(to_hex(${last}), 12, '0'))::uuid`
  await db.query(ended('fabrikam', `select ${id('n', 'n * 10')} as id from generate_series(1, 25000) n`))
  const mine = [-5, 4_999, 14_990, 15_010, 24_000, 30_000]
  await db.query(
    ended(TENANT, `select ${id('n', 'greatest(n, 0) * 10 + 5')} as id from unnest(array[${mine}]) n`),
  )
  const theirs = new Set(
    (await db.query<{ id: string }>({ text: `select id from engine.ended where tenant = 'fabrikam'` })).map(
      row => row.id,
    ),
  )
  const reads = idleEngine(db).lists
  const found: string[] = []
  for (let after: string | null = null, asked = 0; ; asked++) {
    assert.ok(asked < 10, 'it comes to an end')
    const place = after === null ? {} : { after: readCursor(after)! }
    const list = await reads.effects({ tenant: TENANT, state: 'done', limit: 50, ...place })
    found.push(...idsOf(list.effects))
    if (list.next === null) break
    assert.ok(!theirs.has(readCursor(list.next)!.id))
    after = list.next
  }
  assert.equal(found.length, mine.length)
  assert.deepEqual(found, newestFirst([...new Set(found)]))
})

test('what a cancel prevented stands among the effects of its event', async () => {
  const id = await announce({}, [
    effect('a', { due: { afterMs: DAY } }),
    effect('b', { due: { afterMs: DAY } }),
  ])
  await engine.cancel(byId(id))
  const [a] = await engine.lists.effectsOf(TENANT, id, {
    after: '00000000-0000-0000-0000-000000000000',
    limit: 1,
  })
  const [b, ...none] = await engine.lists.effectsOf(TENANT, id, { after: a!.id, limit: 5 })
  assert.deepEqual([a?.title, a?.ending, b?.title, b?.ending, none], ['a', 'prevented', 'b', 'prevented', []])
})

test('an event shows its path to the root and its children, page by page', async () => {
  const root = await announce({ title: 'root' })
  const middle = await announce({ title: 'middle', parent: { id: root, link: 'keep' } })
  const below: string[] = []
  for (let n = 0; n < 3; n++)
    below.push(await announce({ title: `leaf ${n}`, parent: { id: middle, link: 'cancel' } }))
  const path = await engine.lists.pathOf(TENANT, below[0]!)
  assert.deepEqual(
    path.map(({ title, link }) => [title, link]),
    [
      ['middle', 'cancel'],
      ['root', 'keep'],
    ],
  )
  const first = await engine.lists.childrenOf(TENANT, middle, {
    after: '00000000-0000-0000-0000-000000000000',
    limit: 2,
  })
  const rest = await engine.lists.childrenOf(TENANT, middle, { after: first[1]!.id, limit: 2 })
  assert.deepEqual(idsOf([...first, ...rest]), below.toSorted())
  assert.deepEqual(
    await engine.lists.childrenOf('fabrikam', middle, {
      after: '00000000-0000-0000-0000-000000000000',
      limit: 2,
    }),
    [],
  )
  assert.deepEqual(await engine.lists.pathOf('fabrikam', below[0]!), [])
})

test('a cursor is read back strictly', () => {
  const id = '019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42'
  for (const time of [null, 'infinity', '-infinity', '2031-01-01T09:00:00.000001Z'])
    assert.deepEqual(readCursor(cursorOf({ id, time })), { id, time })
  const encoded = (text: string) => Buffer.from(text).toString('base64url')
  for (const bad of [
    '',
    'x',
    '%',
    encoded('x'),
    encoded(`${id} now`),
    encoded(`${id} infinity x`),
    encoded(`${id} 2031-13-01T09:00:00.000001Z`),
    'A'.repeat(200),
  ])
    assert.equal(readCursor(bad), null, bad)
})
