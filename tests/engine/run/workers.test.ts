// I4, I7 and I9: leases, lost hints, two processes on one database, a graceful stop, ends that cannot be written.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from '../../../server/src/core/effects/carrier.ts'
import type { Domain } from '../../../server/src/engine/domain.ts'
import { Engine, type EngineOptions } from '../../../server/src/engine/engine.ts'
import { rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../../server/src/engine/run/settle.ts'
import { Database } from '../../../server/src/store/database.ts'
import { type TestDatabase, testDatabase } from '../../support/database.ts'
import { random, SteeredCarrier, testEngine } from '../../support/engine.ts'
import {
  attemptOf,
  byId,
  byKey,
  cancelled,
  contextOn,
  effect,
  event,
  KIND,
  OTHER_WORKER,
  settleNow,
  startAllDue,
  TENANT,
  WORKER,
} from '../engine-parts.ts'

/** A database whose hints neither leave nor arrive. */
class DeafDatabase extends Database {
  override connect(): never {
    throw new Error('nobody listens here')
  }
}

async function process(
  database: TestDatabase,
  carriers: Carrier[],
  over: Partial<EngineOptions> & { domains?: Domain[]; deaf?: boolean } = {},
) {
  const db = over.deaf ? new DeafDatabase(database.options) : new Database(database.options)
  const engine = new Engine({ db, random, ...over })
  engine.register({ carriers, domains: over.domains })
  await engine.start()
  return {
    engine,
    db,
    async [Symbol.asyncDispose]() {
      await engine.stop()
      await db.close()
    },
  }
}

const announce = async (engine: Engine, db: Database, ...effects: Parameters<typeof event>[1]) => {
  const [result] = await db.transaction('t', tx => engine.announce(tx, [event('e', effects, { key: 'k' })]))
  assert.ok(result?.is === 'announced')
  return result
}

const abortOf = (signal: AbortSignal) =>
  new Promise<{ why: string; cancellationId: string | null }>(resolve =>
    signal.aborted ? resolve(signal.reason) : signal.addEventListener('abort', () => resolve(signal.reason)),
  )

test('a running effect hears of a cancel in another process by its heartbeat although every hint is lost', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail')
  await using one = await process(database, [mail], { deaf: true, runner: { beatMs: 20 } })
  const canceller = new Engine({ db: database.db, random })
  canceller.register({ carriers: [new SteeredCarrier('mail')] })
  await announce(one.engine, one.db, effect('runs'))
  const run = await mail.begun(1)
  const outcome = cancelled(await canceller.cancel(byKey('k')))
  const reason = await abortOf(run.signal)
  assert.deepEqual([reason.why, reason.cancellationId], ['cancelled', outcome.receiptId])
  run.end({ is: 'stopped' })
  assert.equal((await canceller.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 }))?.state, 'final')
})

test('what another process announces is run although the hint is lost, within the longest sleep', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })
  await using _ = await process(database, [mail], { deaf: true, runner: { maxSleepMs: 30 } })
  const other = new Engine({ db: database.db, random })
  other.register({ carriers: [mail] })
  await announce(other, database.db, effect('elsewhere'))
  assert.equal((await mail.begun(1)).effect.title, 'elsewhere')
})

test('with hints, a process that sleeps for a minute is woken by another', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })
  await using _one = await process(database, [mail])
  const other = new Engine({ db: database.db, random })
  other.register({ carriers: [mail] })
  await announce(other, database.db, effect('elsewhere'))
  await mail.begun(1)
})

test('two processes run three hundred effects: each once', async () => {
  await using database = await testDatabase()
  const carriers = [0, 1].map(
    () => new SteeredCarrier('mail', { slots: 1000, answer: () => ({ is: 'done' }) }),
  )
  await using one = await process(database, [carriers[0]!])
  await using _two = await process(database, [carriers[1]!])
  const { effectIds, eventId } = await announce(
    one.engine,
    one.db,
    ...Array.from({ length: 300 }, (_, i) => effect(`${i}`)),
  )
  for (;;) {
    const states = await one.engine.effectsOf(TENANT, eventId)
    if (states.every(s => s.state === 'ended')) break
  }
  const runs = carriers.flatMap(c => c.runs.map(r => r.effect.id))
  assert.deepEqual(runs.sort(), [...effectIds].sort())
})

test('a lease that ran out: the effect is rescued as its next attempt, and the late end of the first writes nothing', async () => {
  await using database = await testDatabase()
  const { db } = database
  const time = { ms: Date.now() }
  const context = contextOn(db, { clock: () => new Date(time.ms) })
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...context.carriers.values()] })
  await db.query({
    text: `insert into engine.worker values ('${WORKER}', '${new Date(time.ms + 15_000).toISOString()}', '', 0)`,
  })
  const { eventId } = await announce(engine, db, effect('mail'))
  const start = async (worker: string) => {
    return await startAllDue(context, db, worker)
  }
  time.ms += 1000
  const [first] = await start(WORKER)
  assert.equal(await rescueOnce(context), 0)
  time.ms += 15_000
  assert.equal(await rescueOnce(context), 1)
  time.ms += 3_600_000
  const [second] = await start(OTHER_WORKER)
  assert.equal(second?.attempt, 2)
  const late = (verdict: Parameters<typeof attemptOf>[1]) =>
    db.transaction('s', tx => settleAttempts(context, tx, [attemptOf(first!, verdict)]))
  assert.deepEqual(await late({ is: 'done' }), ['gone'])
  assert.deepEqual(await late({ is: 'failed', error: 'x' }), ['gone'])
  assert.deepEqual(await late({ is: 'retry', error: 'x' }), ['gone'])
  assert.deepEqual(await late({ is: 'stopped' }), ['gone'])
  assert.deepEqual(await late({ is: 'waiting' }), ['gone'])
  assert.equal((await engine.effectsOf(TENANT, eventId))[0]?.state, 'running')
  assert.equal(await settleNow(context, attemptOf(second!, { is: 'done' })), 'ended')
})

test('attempts that were lost count: the last one ends dead, shown, and retried by hand', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const engine = new Engine({ db, random })
  engine.register({ carriers: [...context.carriers.values()] })
  const { eventId } = await announce(engine, db, effect('mail', { maxAttempts: 1 }))
  await startAllDue(context, db)
  assert.equal(await rescueOnce(context), 1)
  const [state] = await engine.effectsOf(TENANT, eventId)
  assert.deepEqual([state?.ending, state?.error], ['dead', 'the process that ran it was lost'])
  assert.deepEqual(
    (await engine.dead(TENANT)).map(d => d.id),
    [state!.id],
  )
  assert.equal(await engine.retry(TENANT, state!.id), 'retried')
  assert.equal(await engine.retry(TENANT, state!.id), 'not_dead')
  assert.equal(await engine.retry('fabrikam', state!.id), 'unknown')
  await startAllDue(context, db)
  assert.equal(await rescueOnce(context), 1)
  await engine.cancel(byId(eventId))
  assert.equal(await engine.retry(TENANT, state!.id), 'cancelled')
})

test('a process that lost its lease aborts what it runs and goes on under a new name', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail')
  await using one = await process(database, [mail], {
    runner: { beatMs: 20, leaseMs: 60_000 },
    careEveryMs: 20,
  })
  await announce(one.engine, one.db, effect('mail'))
  const run = await mail.begun(1)
  await database.db.query({
    text: `update engine.worker set alive_until = clock_timestamp() - interval '1 s'`,
  })
  assert.equal((await abortOf(run.signal)).why, 'lease_lost')
  await database.db.query({
    text: `update engine.effect set due_at = clock_timestamp() where state = 'pending'`,
  })
  run.end({ is: 'retry', error: 'lease lost' })
  await database.db.query({
    text: `update engine.effect set due_at = clock_timestamp() where state = 'pending'`,
  })
  while (mail.runs.length < 2) {
    await database.db.query({
      text: `update engine.effect set due_at = clock_timestamp() where state = 'pending'`,
    })
    await database.db.query({ text: `notify standdown, 'test due'` })
  }
  const again = await mail.begun(2)
  assert.equal(again.effect.attempt, 2)
  const outcome = cancelled(await one.engine.cancel(byKey('k')))
  assert.equal(
    (await abortOf(again.signal)).cancellationId,
    outcome.receiptId,
    'the second run hears, the first does not hide it',
  )
  again.end({ is: 'stopped' })
  await one.engine.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 })
})

test('a lease that ran out is lost although nobody has taken over', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail')
  await using one = await process(database, [mail], {
    runner: { beatMs: 20, leaseMs: 60_000 },
    careEveryMs: 3_600_000,
  })
  await announce(one.engine, one.db, effect('mail'))
  const run = await mail.begun(1)
  await database.db.query({
    text: `update engine.worker set alive_until = clock_timestamp() - interval '1 s'`,
  })
  assert.equal((await abortOf(run.signal)).why, 'lease_lost')
  run.end({ is: 'failed', error: 'lease lost' })
})

test('nothing begins under a lease that ran out: the process gets a new one first', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail')
  await using one = await process(database, [mail], {
    runner: { beatMs: 3_600_000, leaseMs: 300 },
    careEveryMs: 3_600_000,
  })
  const expired = `select id from engine.worker where alive_until < clock_timestamp()`
  let [old] = await database.db.query<{ id: string }>({ text: expired })
  while (!old) [old] = await database.db.query<{ id: string }>({ text: expired })
  await announce(one.engine, one.db, effect('mail'))
  const run = await mail.begun(1)
  const [row] = await database.db.query<{ worker: string }>({
    text: `select worker from engine.effect where state = 'running'`,
  })
  assert.ok(row && row.worker !== old.id, 'by the name of the new lease')
  run.end({ is: 'done' })
})

test('a graceful stop lets go of what runs: aborted, given back as the same attempt, taken by another', async () => {
  await using database = await testDatabase()
  const mail = new SteeredCarrier('mail', { maxAttempts: 1 })
  const next = new SteeredCarrier('mail', { answer: () => ({ is: 'done' }) })
  const one = await process(database, [mail], { runner: { graceMs: 0 } })
  await announce(one.engine, one.db, effect('stopped'), effect('interrupted'))
  const runs = [await mail.begun(1), await mail.begun(2)]
  const stopping = one.engine.stop()
  for (const run of runs) {
    assert.equal((await abortOf(run.signal)).why, 'shutdown')
    run.end(run.effect.title === 'stopped' ? { is: 'stopped' } : { is: 'retry', error: 'shutdown' })
  }
  await stopping
  await one.db.close()
  assert.deepEqual(await database.db.query({ text: 'select * from engine.worker' }), [])
  await using _two = await process(database, [next])
  await next.begun(2)
  assert.deepEqual(
    next.runs.map(r => r.effect.attempt),
    [1, 1],
  )
})

test('an end that its domain will not have is dead after a while, not running for ever', async () => {
  const step = new SteeredCarrier('step', { answer: () => ({ is: 'done' }) })
  const errors: unknown[] = []
  await using t = await testEngine([step], {
    runner: { onError: (_, error) => errors.push(error) },
    domains: [
      {
        eventKind: KIND,
        settled: async () => {
          throw new Error('no next step')
        },
      },
    ],
  })
  const { eventId } = await announce(t.engine, t.database.db, effect('step', { kind: 'step' }))
  for (;;) {
    const [state] = await t.engine.effectsOf(TENANT, eventId)
    if (state?.state !== 'ended') continue
    assert.deepEqual([state.ending, state.error], ['dead', 'its end could not be written: no next step'])
    break
  }
  assert.ok(errors.length > 0)
})

test('a hanging lane holds only its own slots', async () => {
  const mail = new SteeredCarrier('mail', { slots: 2 })
  await using t = await testEngine([mail])
  const lane = (name: string, n: number) =>
    Array.from({ length: n }, (_, i) => effect(`${name} ${i}`, { lane: name }))
  await announce(t.engine, t.database.db, ...lane('hangs', 50))
  await mail.begun(2)
  await announce(t.engine, t.database.db, ...lane('works', 6))
  for (let n = 3; n <= 8; n++) {
    const run = await mail.begun(n)
    assert.match(run.effect.title, /^works/)
    run.end({ is: 'done' })
  }
  assert.equal(mail.runs.filter(r => r.effect.title.startsWith('hangs')).length, 2)
  t.engine.stop().catch(() => {})
  for (const run of mail.runs) run.end({ is: 'stopped' })
})
