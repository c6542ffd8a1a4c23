// One row that is held, one hook that throws, one text that cannot be stored, one tenant who cancels without end: it costs
// itself, and nothing beside it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import type { CancelOutcome } from '../../../server/src/core/cancellation.ts'
import { Overloaded } from '../../../server/src/engine/batcher.ts'
import type { Settled } from '../../../server/src/engine/domain.ts'
import { Engine } from '../../../server/src/engine/engine.ts'
import {
  MOST_OPEN,
  markSomeOpen,
  OpenMarker,
  openCancellation,
} from '../../../server/src/engine/open-cancel/cancel-open.ts'
import { closeReceipts, rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import { afterUnwritten } from '../../../server/src/engine/run/runner.ts'
import { type Attempt, settleAttempts, withLess } from '../../../server/src/engine/run/settle.ts'
import {
  Database,
  DatabaseOverloaded,
  DatabaseUnavailable,
  isUnavailable,
  type Tx,
} from '../../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { random, SteeredCarrier, testEngine } from '../../support/engine.ts'
import { until } from '../../support/until.ts'
import {
  announced,
  attemptOf,
  byId,
  byKey,
  cancelled,
  contextOn,
  effect,
  event,
  idleEngine,
  KIND,
  settleNow,
  startAllDue,
  TENANT,
  WORKER,
} from '../engine-parts.ts'

const later = { due: { afterMs: 3_600_000 } }

const make = (db: Database, ...args: Parameters<typeof event>) => announced(db, event(...args))
const receiptOf = (outcome: CancelOutcome) => cancelled(outcome).receiptId

/** Holds the row of an effect, as a process does that was frozen in the middle of a transaction. */
async function hold(database: TestDatabase, effectId: string) {
  const { host, user, database: name } = database.options
  const client = new pg.Client({ host, user, database: name })
  await client.connect()
  await client.query('begin')
  await client.query('select from engine.effect where id = $1 for update', [effectId])
  return { release: () => client.query('rollback'), [Symbol.asyncDispose]: () => client.end() }
}

async function endings(db: Database): Promise<Record<string, string>> {
  const rows = await db.query<{ title: string; ending: string }>({
    text: `select title, ending from engine.ended order by title`,
  })
  return Object.fromEntries(rows.map(row => [row.title, row.ending]))
}

test('somebody holds the row of one effect: what ends beside it is written meanwhile', async () => {
  const carrier = new SteeredCarrier('mail')
  await using world = await testEngine([carrier])
  const { engine, database } = world
  await database.db.transaction('t', tx =>
    engine.announce(tx, [event('e', [effect('held'), effect('free'), effect('free too')])]),
  )
  await carrier.begun(3)
  const held = carrier.runs.find(run => run.effect.title === 'held')!
  await using lock = await hold(database, held.effect.id)
  for (const run of carrier.runs) run.end({ is: 'done' })
  await until(async () => Object.keys(await endings(database.db)).length >= 2)
  assert.deepEqual(await endings(database.db), { free: 'done', 'free too': 'done' })
  await lock.release()
  await until(async () => Object.keys(await endings(database.db)).length >= 3)
})

test('reports of what somebody holds come back, whatever they say; the others are written', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  await make(
    db,
    'e',
    ['done', 'waiting', 'free'].map(title => effect(title)),
  )
  const rows = await startAllDue(context, db)
  const of = (title: string) => rows.find(row => row.title === title)!
  await using done = await hold(database, of('done').id)
  await using waiting = await hold(database, of('waiting').id)
  const attempts = [
    attemptOf(of('done'), { is: 'done' }),
    attemptOf(of('waiting'), { is: 'waiting' }),
    attemptOf(of('free'), { is: 'done' }),
  ]
  const report = () => db.transaction('settle', tx => settleAttempts(context, tx, attempts))
  assert.deepEqual(await report(), ['held', 'held', 'ended'])
  await done.release()
  await waiting.release()
  assert.deepEqual((await report()).slice(0, 2), ['ended', 'waiting'])
})

test('somebody holds what a receipt waits for: other receipts are closed', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, { finalAfterMs: 0 })
  const engine = idleEngine(db, { finalAfterMs: 0 })
  const events = [await make(db, 'a', [effect('held')]), await make(db, 'b', [effect('free')])]
  const rows = await startAllDue(context, db)
  const receipts = []
  for (const id of events) receipts.push(receiptOf(await engine.cancel(byId(id))))
  await using lock = await hold(database, rows.find(row => row.title === 'held')!.id)
  await closeReceipts(context)
  assert.deepEqual(await endings(db), { free: 'in_doubt' })
  assert.equal((await engine.receipt(TENANT, receipts[1]!))?.state, 'final')
  await lock.release()
  assert.equal((await engine.receipt(TENANT, receipts[0]!))?.state, 'final')
})

test('what the database could not do is waited for; what runs out of its time is tried alone; the rest comes with less', () => {
  const full = new DatabaseOverloaded('the disk is full', { cause: { code: '53100' } })
  const slow = new DatabaseOverloaded('a statement', { cause: { code: '57014' } })
  const away = new DatabaseUnavailable('away')
  const hook = new Error('a hook throws')
  const running = { stopping: false, alone: false }
  for (const waitedMs of [5, 2000]) {
    assert.equal(afterUnwritten(full, { ...running, waitedMs }), 'again')
    assert.equal(afterUnwritten(away, { ...running, waitedMs }), 'again')
    assert.equal(afterUnwritten(slow, { ...running, waitedMs }), 'alone')
  }
  assert.equal(afterUnwritten(hook, { ...running, waitedMs: 5 }), 'again')
  assert.equal(afterUnwritten(hook, { ...running, waitedMs: 2000 }), 'with less')
  const alone = { stopping: false, alone: true }
  assert.equal(afterUnwritten(slow, { ...alone, waitedMs: 5 }), 'again')
  assert.equal(afterUnwritten(slow, { ...alone, waitedMs: 2000 }), 'with less')
  assert.equal(afterUnwritten(full, { ...alone, waitedMs: 2000 }), 'again')
  const stopping = { stopping: true, alone: false }
  assert.equal(afterUnwritten(away, { ...stopping, waitedMs: 5 }), 'give up')
  assert.equal(afterUnwritten(full, { ...stopping, waitedMs: 5 }), 'again')
  assert.equal(afterUnwritten(full, { ...stopping, waitedMs: 2000 }), 'give up')
  assert.equal(afterUnwritten(hook, { ...stopping, waitedMs: 2000 }), 'give up')
})

test('a domain whose hook runs out of its time for one effect: what ends beside it is written, with its next steps', async () => {
  const carrier = new SteeredCarrier('step')
  const slow = Promise.withResolvers<void>()
  const domain = {
    eventKind: KIND,
    settled: async (tx: Tx, settled: readonly Settled[]) => {
      if (settled.some(s => s.effect.title === 'slow')) {
        slow.resolve()
        await tx.query({ text: 'select pg_sleep(60)' })
      }
      const next = (title: string) => effect(`after ${title}`, { ...later, kind: 'step' })
      return new Map(settled.map(s => [s.effect.id, { effects: [next(s.effect.title)] }]))
    },
  }
  await using database = await testDatabase()
  const db = new Database({ ...database.options, statementTimeoutMs: 300 })
  const engine = new Engine({ db, random })
  engine.register({ carriers: [carrier], domains: [domain] })
  await engine.start()
  const titles = ['slow', 'one', 'two', 'three']
  await db.transaction('t', tx =>
    engine.announce(tx, [
      event(
        'e',
        titles.map(title => effect(title, { kind: 'step' })),
      ),
    ]),
  )
  await carrier.begun(4)
  for (const run of carrier.runs) run.end({ is: 'done' })
  await slow.promise
  await until(async () => Object.keys(await endings(database.db)).length >= 3)
  assert.deepEqual(await endings(database.db), { one: 'done', three: 'done', two: 'done' })
  const next = await database.db.query({
    text: `select title from engine.effect where state = 'pending' order by title`,
  })
  assert.deepEqual(next, [{ title: 'after one' }, { title: 'after three' }, { title: 'after two' }])
  await engine.stop()
  await db.close()
})

test('a database that is a standby for a while, or has no disk below it, is waited for', () => {
  const pgError = (code: string) => Object.assign(new Error('x'), { code })
  for (const code of ['25006', '57P04', '57P05']) assert.ok(isUnavailable(pgError(code)), code)
})

test('an end that cannot be written and has no domain is the same end, with nothing beside it', () => {
  const attempt = { domainKind: null, verdict: { is: 'done', evidence: { a: 1 } } } as unknown as Attempt
  assert.deepEqual(withLess(attempt, new Error('x')).verdict, { is: 'done', evidence: undefined })
  const withDomain = { ...attempt, domainKind: 'kind' }
  assert.equal(withLess(withDomain, new Error('x')).verdict.is, 'failed')
})

test('a rescue does not wait for a row that somebody holds: the rest of its batch is rescued', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  await make(db, 'e', [effect('held'), effect('free')])
  const rows = await startAllDue(context, db)
  await using lock = await hold(database, rows.find(row => row.title === 'held')!.id)
  assert.equal(await rescueOnce(context), 1)
  const states = () => db.query({ text: `select title, state::text from engine.effect order by title` })
  assert.deepEqual(await states(), [
    { title: 'free', state: 'pending' },
    { title: 'held', state: 'running' },
  ])
  await lock.release()
  assert.equal(await rescueOnce(context), 1)
  assert.deepEqual(
    (await states()).map(row => row.state),
    ['pending', 'pending'],
  )
})

test('a hook that throws for one effect of a lost process: the others are rescued, of all batches, and it dies', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, {
    next: ({ title }) => {
      if (title === 'bad') throw new Error('this hook throws')
      return { effects: [effect(`after ${title}`, later)] }
    },
  })
  const last = { kind: 'step', maxAttempts: 1 }
  await make(db, 'e', [effect('good 1', last), effect('bad', last), effect('good 2', last)])
  await startAllDue(context, db)
  await make(db, 'f', [effect('good 3', last)])
  await startAllDue(context, db)
  // Its worker has no row, as one that left: it is found by its starts.
  await assert.rejects(rescueOnce(context), /this hook throws/)
  assert.deepEqual(await endings(db), { bad: 'dead', 'good 1': 'dead', 'good 2': 'dead', 'good 3': 'dead' })
  const [dead] = await db.query<{ error: string; doubt: boolean }>({
    text: `select error, doubt from engine.ended where title = 'bad'`,
  })
  assert.match(dead!.error, /could not be written: this hook throws/)
  assert.equal(dead!.doubt, true)
  const next = await db.query({ text: `select title from engine.effect order by title` })
  assert.deepEqual(next, [{ title: 'after good 1' }, { title: 'after good 2' }, { title: 'after good 3' }])
  assert.equal(await rescueOnce(context), 0)
  assert.deepEqual(await db.query({ text: `select from engine.start_batch where worker = '${WORKER}'` }), [])
})

test('an open cancellation that cannot be marked stops nobody else’s', async () => {
  await using database = await testDatabase()
  const { db } = database
  const { domains } = contextOn(db)
  const [[kind, domain]] = [...domains] as [[string, NonNullable<ReturnType<typeof domains.get>>]]
  const context = contextOn(db, {
    domains: new Map([
      [
        kind,
        {
          ...domain,
          cancelled: async (_tx, events) => {
            if (events.some(e => e.event.tenant === 'bad')) throw new Error('this hook throws')
            return new Map()
          },
        },
      ],
    ]),
  })
  const open = async (tenant: string) => {
    const id = await make(db, tenant, [effect('mail', later)], { tenant })
    return receiptOf(await openCancellation(context, { ...byId(id), tenant }))
  }
  const receipts = { bad: await open('bad'), good: await open('good'), zoo: await open('zoo') }
  const errors: unknown[] = []
  const marker = new OpenMarker(context, error => errors.push(error))
  while (await marker.markSome()) {}
  assert.match(String(errors), /this hook throws/)
  assert.equal(errors.length, 1)
  const engine = idleEngine(db)
  for (const tenant of ['good', 'zoo'] as const)
    assert.equal((await engine.receipt(tenant, receipts[tenant]))?.state, 'final')
  assert.equal((await engine.receipt('bad', receipts.bad))?.state, 'counting')
  // Mended, it goes on.
  while (await markSomeOpen(contextOn(db))) {}
  assert.equal((await engine.receipt('bad', receipts.bad))?.state, 'final')
})

test('open cancellations of different tenants are marked by turns', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const open = async (tenant: string, effects: number) => {
    const many = Array.from({ length: effects }, (_, i) => effect(`mail ${i}`, later))
    const id = await make(db, tenant, many, { tenant })
    return receiptOf(await openCancellation(context, { ...byId(id), tenant }))
  }
  const huge = await open('a', 400)
  const small = await open('b', 2)
  const engine = idleEngine(db)
  const marker = new OpenMarker(context, assert.ifError, 10)
  while ((await engine.receipt('b', small))?.state !== 'final') assert.ok(await marker.markSome())
  assert.equal((await engine.receipt('a', huge))?.state, 'counting')
})

test('a tenant that has many huge cancels open is told to come again; another one is not', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const open = async (tenant: string, n: number) => {
    const id = await make(db, `e${n}`, [effect('mail', later)], { tenant })
    return await openCancellation(context, { ...byId(id), tenant })
  }
  for (let n = 0; n < MOST_OPEN; n++) await open('contoso', n)
  await assert.rejects(open('contoso', MOST_OPEN), Overloaded)
  receiptOf(await open('fabrikam', 0))
  while (await markSomeOpen(context)) {}
  receiptOf(await open('contoso', 0))
})

test('a huge cancel: what it asks to stop has its time from when it was written down', async () => {
  await using database = await testDatabase()
  const { db } = database
  const start = Date.now()
  let now = start
  const clock = () => new Date(now)
  const context = contextOn(db, { clock })
  const engine = idleEngine(db, { clock })
  const id = await make(db, 'e', [effect('runs')])
  now += 1000
  const [row] = await startAllDue(context, db)
  const receipt = receiptOf(await openCancellation(context, byId(id)))
  now += 40_000
  // At every moment between two batches.
  do await closeReceipts(context)
  while (await markSomeOpen(context))
  const open = await engine.receipt(TENANT, receipt)
  assert.deepEqual([open?.state, open?.items[0]?.outcome], ['open', 'stopping'])
  assert.equal(Date.parse(open!.finalBy), now + 30_000)
  await settleNow(context, attemptOf(row!, { is: 'stopped' }))
  assert.deepEqual((await engine.receipt(TENANT, receipt))?.items[0]?.outcome, 'stopped')
})

test('evidence and errors with a NUL or half a character are stored, and their receipts close', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, { finalAfterMs: 0 })
  const engine = idleEngine(db, { finalAfterMs: 0 })
  const bad = 'nul \0, half \ud83d, backslash \\u0000, whole \u{1f600}'
  const good = 'nul \ufffd, half \ufffd, backslash \\u0000, whole \u{1f600}'
  const id = await make(db, 'e', [
    effect('waits'),
    effect('dies', { maxAttempts: 1 }),
    effect('ends'),
    effect('comes back', { maxAttempts: 2 }),
  ])
  const rows = await startAllDue(context, db)
  const of = (title: string) => rows.find(row => row.title === title)!
  const evidence = { [bad]: bad }
  await settleNow(context, attemptOf(of('waits'), { is: 'waiting', evidence }))
  await settleNow(
    context,
    attemptOf(of('dies'), { is: 'retry', error: bad, evidence, mayHaveHappened: true }),
  )
  await settleNow(context, attemptOf(of('ends'), { is: 'done', evidence }))
  await settleNow(context, attemptOf(of('comes back'), { is: 'retry', error: bad, mayHaveHappened: true }))
  const receipt = receiptOf(await engine.cancel(byId(id)))
  const items = (await engine.receipt(TENANT, receipt))?.items ?? []
  const said = Object.fromEntries(items.map(item => [item.title, item]))
  assert.equal(said.waits?.outcome, 'in_doubt')
  assert.equal(said.waits?.evidence?.[good], good)
  assert.equal(said.dies?.outcome, 'in_doubt')
  assert.equal(said.dies?.evidence?.[good], good)
  assert.equal(said.dies?.evidence?.error, good)
  assert.equal(said.ends?.evidence?.[good], good)
  assert.equal(said['comes back']?.evidence?.error, good)
})

test('what was proven not to have happened is not in doubt because a huge cancel had not reached it yet', async () => {
  await using database = await testDatabase()
  const { db } = database
  const base = contextOn(db)
  const mail = base.carriers.get('mail')!
  const askable = { ...mail, withdraw: () => null }
  const context = contextOn(db, { carriers: new Map([...base.carriers, ['mail', askable]]) })
  const id = await make(db, 'e', [effect('mail')])
  const [row] = await startAllDue(context, db)
  const receipt = receiptOf(await openCancellation(context, byId(id)))
  const stopped = attemptOf(row!, { is: 'stopped' })
  const report = () => db.transaction('settle', tx => settleAttempts(context, tx, [stopped]))
  assert.deepEqual(await report(), ['held'])
  while (await markSomeOpen(context)) {}
  assert.deepEqual(await report(), ['ended'])
  assert.equal((await idleEngine(db).receipt(TENANT, receipt))?.items[0]?.outcome, 'stopped')
})

test('one request key for two targets at once: one is cancelled, the other is told that its key was used', async () => {
  await using database = await testDatabase()
  const { db } = database
  for (let round = 0; round < 10; round++) {
    const keys = [`a${round}`, `b${round}`]
    for (const key of keys) await make(db, key, [effect('mail', later)], { key, entity: 'entity' })
    // Two processes.
    const engines = [idleEngine(db), idleEngine(db)]
    const outcomes = await Promise.all(
      keys.map((key, i) => engines[i]!.cancel(byKey(key, 'a', { requestKey: `r${round}` }))),
    )
    const refused = outcomes.filter(outcome => 'refused' in outcome)
    assert.equal(refused.length, 1, JSON.stringify(outcomes))
    assert.equal('refused' in refused[0]! && refused[0].refused, 'request_key_reused')
  }
})

test('the second receipt on what a plain cancel prevented: its items and its counts, inner steps apart, until it is swept', async () => {
  await using database = await testDatabase()
  const { db } = database
  const base = contextOn(db)
  const carriers = [
    ...base.carriers.values(),
    { ...base.carriers.get('mail')!, kind: 'delay', touchesWorld: false },
  ]
  const engine = new Engine({ db, random })
  engine.register({ carriers, domains: [...base.domains.values()] })
  const many = Array.from({ length: 900 }, (_, i) => effect(`mail ${i}`, later))
  const [result] = await db.transaction('t', tx =>
    engine.announce(tx, [event('e', [...many, effect('wait', { ...later, kind: 'delay' })])]),
  )
  assert.ok(result?.is === 'announced')
  const first = receiptOf(await engine.cancel(byId(result.eventId, 'a')))
  const second = receiptOf(await engine.cancel(byId(result.eventId, 'b')))
  const receipt = await engine.receipt(TENANT, second)
  assert.equal(receipt?.items.length, 900)
  assert.equal(receipt?.innerSteps.length, 1)
  assert.ok(receipt?.items.every(item => item.cancellationId === first && item.kind === 'mail'))
  assert.equal(receipt?.counts.already_cancelled, 900)
  // Counted without the items at hand.
  await db.query({ text: `update engine.cancellation set counts = null` })
  const page = await engine.receipt(TENANT, second, { after: receipt.items[10]!.effectId })
  assert.equal(page?.counts.already_cancelled, 900)
  assert.equal(page?.counts.total, 900)
})
