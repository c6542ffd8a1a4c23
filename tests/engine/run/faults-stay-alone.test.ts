// One row that is locked, one hook that throws, one text that cannot be stored: it costs itself, and nothing beside it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import type { Settled } from '../../../server/src/engine/domain.ts'
import { Engine } from '../../../server/src/engine/engine.ts'
import { closeReceipts, rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../../server/src/engine/run/settle.ts'
import { type Attempt, withLess } from '../../../server/src/engine/run/settle-plan.ts'
import { afterUnwritten } from '../../../server/src/engine/run/settler.ts'
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
  attemptOf,
  byId,
  contextOn,
  effect,
  event,
  idleEngine,
  KIND,
  later,
  make,
  receiptOf,
  settleNow,
  startAllDue,
  TENANT,
  WORKER,
} from '../engine-parts.ts'

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
    engine.announce(tx, [event('e', [effect('locked'), effect('free'), effect('free too')])]),
  )
  await carrier.begun(3)
  const held = carrier.runs.find(run => run.effect.title === 'locked')!
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
  assert.deepEqual(await report(), ['locked', 'locked', 'ended'])
  await done.release()
  await waiting.release()
  assert.deepEqual((await report()).slice(0, 2), ['ended', 'waiting'])
})

test('somebody holds what a receipt waits for: other receipts are closed', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, { finalAfterMs: 0 })
  const engine = idleEngine(db, { finalAfterMs: 0 })
  const events = [await make(db, 'a', [effect('locked')]), await make(db, 'b', [effect('free')])]
  const rows = await startAllDue(context, db)
  const receipts = []
  for (const id of events) receipts.push(receiptOf(await engine.cancel(byId(id))))
  await using lock = await hold(database, rows.find(row => row.title === 'locked')!.id)
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
  await make(db, 'e', [effect('locked'), effect('free')])
  const rows = await startAllDue(context, db)
  await using lock = await hold(database, rows.find(row => row.title === 'locked')!.id)
  assert.equal(await rescueOnce(context), 1)
  const states = () => db.query({ text: `select title, state::text from engine.effect order by title` })
  assert.deepEqual(await states(), [
    { title: 'free', state: 'pending' },
    { title: 'locked', state: 'running' },
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
