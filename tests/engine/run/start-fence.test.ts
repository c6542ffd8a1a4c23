// What is said of one start is never taken for another's: reports that are lost, repeated, late, and starts that arrive after
// nobody waits for them any more.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StartedEffect } from '../../../server/src/core/effects/effect.ts'
import { announce } from '../../../server/src/engine/announce/announce.ts'
import { cancelBatch } from '../../../server/src/engine/cancel/cancel.ts'
import type { Domain } from '../../../server/src/engine/domain.ts'
import { rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../../server/src/engine/run/settle.ts'
import {
  type StartedRow,
  startDue,
  startedUnheard,
  type Ticket,
} from '../../../server/src/engine/run/start.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { testDatabase } from '../../support/database.ts'
import {
  ALL_ROOM,
  attemptOf,
  byId,
  contextOn,
  effect,
  event,
  KIND,
  newStartId,
  OTHER_WORKER,
  overOrWaiting,
  startAllDue,
  ticketOf,
  WORKER,
} from '../engine-parts.ts'

async function announced(db: Database, ...effects: Parameters<typeof effect>[]): Promise<string> {
  const [result] = await db.transaction('t', tx =>
    announce(contextOn(db), tx, [
      event(
        'root',
        effects.map(args => effect(...args)),
      ),
    ]),
  )
  assert.ok(result?.is === 'announced')
  return result.eventId
}

const start = (db: Database, ticket: Ticket, startId: string) =>
  startDue(contextOn(db), db, { ticket, startId, limit: 100, room: ALL_ROOM })

const report = (db: Database, row: StartedRow, verdict: Parameters<typeof attemptOf>[1]) =>
  db.transaction('settle', tx => settleAttempts(contextOn(db), tx, [attemptOf(row, verdict)]))

async function stateOf(db: Database) {
  const [row] = await db.query<{ state: string; start_id: string | null }>({
    text: 'select state::text, start_id from engine.effect',
  })
  return row
}

test('a give-back that comes again, after the effect was started again, puts nothing back', async () => {
  await using database = await testDatabase()
  const { db } = database
  const eventId = await announced(db, ['mail'])
  const [first] = await startAllDue(contextOn(db), db)
  // Its answer was lost, so it is said again; meanwhile it was started again, as the same attempt of the same process.
  assert.deepEqual(await report(db, first!, { is: 'stopped' }), ['retried'])
  const [second] = await startAllDue(contextOn(db), db)
  assert.deepEqual([second!.attempt, second!.id], [first!.attempt, first!.id])
  assert.deepEqual(await report(db, first!, { is: 'stopped' }), ['gone'])
  assert.deepEqual(await stateOf(db), { state: 'running', start_id: second!.start_id })
  const [outcome] = await db.transaction('cancel', tx => cancelBatch(contextOn(db), tx, [byId(eventId)], 100))
  assert.ok(outcome && 'counts' in outcome)
  assert.deepEqual([outcome.counts.prevented, outcome.counts.stopping], [0, 1])
})

test('no report of an earlier start changes anything of a later one', async () => {
  for (const late of [
    { is: 'done' },
    { is: 'failed', error: 'no' },
    { is: 'retry', error: 'no', afterMs: 0 },
    { is: 'waiting' },
    { is: 'stopped' },
  ] as const) {
    await using database = await testDatabase()
    const { db } = database
    await announced(db, ['mail'])
    const [first] = await startAllDue(contextOn(db), db)
    await report(db, first!, { is: 'retry', error: 'busy', afterMs: 0 })
    const [second] = await startAllDue(contextOn(db), db)
    assert.deepEqual(await report(db, first!, late), ['gone'], late.is)
    assert.deepEqual(await stateOf(db), { state: 'running', start_id: second!.start_id }, late.is)
  }
})

test('an end that is reported twice is one end, and no note', async () => {
  await using database = await testDatabase()
  const { db } = database
  const eventId = await announced(db, ['mail'])
  const [row] = await startAllDue(contextOn(db), db)
  await db.transaction('cancel', tx => cancelBatch(contextOn(db), tx, [byId(eventId)], 100))
  const verdict = { is: 'retry', error: 'cut off', mayHaveHappened: true } as const
  assert.deepEqual(await report(db, row!, verdict), ['ended'])
  assert.deepEqual(await report(db, row!, verdict), ['gone'])
  assert.deepEqual(await db.query({ text: 'select * from engine.receipt_note' }), [])
})

test('a start whose answer was lost is looked up once its ticket is gone; what arrives later starts nothing', async () => {
  await using database = await testDatabase()
  const { db } = database
  await announced(db, ['one'], ['two', { due: { afterMs: 1 } }])
  const old = await ticketOf(db, WORKER)
  const startId = newStartId()
  const rows = await start(db, old, startId)
  const next = { id: OTHER_WORKER, worker: WORKER }
  const found = await db.transaction('unheard', tx => startedUnheard(tx, { startId, old, next }))
  assert.deepEqual(found.map(row => row.id).sort(), rows.map(row => row.id).sort())
  for (const row of found) assert.deepEqual(await report(db, row, { is: 'stopped' }), ['retried'])
  assert.deepEqual(await start(db, old, newStartId()), [], 'a request that arrives late')
  assert.equal((await start(db, next, newStartId())).length, 2)
})

test('the deletion of a ticket waits for a start that is under way', async () => {
  await using database = await testDatabase()
  const { db } = database
  await announced(db, ['one'])
  const old = await ticketOf(db, WORKER)
  const startId = newStartId()
  const own = await db.connect()
  try {
    await own.query('begin')
    await own.query('select from engine.start_ticket for key share')
    const looked = db.transaction('unheard', tx =>
      startedUnheard(tx, { startId, old, next: { id: OTHER_WORKER, worker: WORKER } }),
    )
    assert.equal(await overOrWaiting(db, looked), 'waiting')
    await own.query('commit')
    assert.deepEqual(await looked, [])
  } finally {
    await own.end()
  }
})

test('a process that is gone starts nothing any more, however late its request arrives', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db, { clock: () => new Date(Date.now() + 3_600_000) })
  await announced(db, ['one'])
  const ticket = await ticketOf(db, WORKER)
  await db.query({ text: `insert into engine.worker values ('${WORKER}', now(), 'somewhere', 1)` })
  await rescueOnce(context)
  assert.deepEqual(await start(db, ticket, newStartId()), [])
  assert.deepEqual(await db.query({ text: 'select * from engine.worker' }), [])
})

test('a beat that is under way when its lease is found expired counts: the living process keeps its ticket', async () => {
  await using database = await testDatabase()
  const { db } = database
  await announced(db, ['one'])
  const ticket = await ticketOf(db, WORKER)
  await db.query({
    text: `insert into engine.worker values ('${WORKER}', now() - interval '1 s', 'here', 1)`,
  })
  const own = await db.connect()
  try {
    await own.query('begin')
    await own.query(`update engine.worker set alive_until = now() + interval '1 h'`)
    const rescue = rescueOnce(contextOn(db))
    assert.equal(await overOrWaiting(db, rescue), 'waiting')
    await own.query('commit')
    assert.equal(await rescue, 0)
  } finally {
    await own.end()
  }
  assert.equal((await start(db, ticket, newStartId())).length, 1)
})

test('a process that is lost in the last attempt of a step: its domain is asked, and what follows comes', async () => {
  await using database = await testDatabase()
  const { db } = database
  const asked: string[] = []
  const domain: Domain = {
    eventKind: KIND,
    settled: async (_tx, settled) => {
      for (const one of settled) asked.push(`${one.effect.title} ${one.ending}`)
      return new Map(settled.map(one => [one.effect.id, { effects: [effect('what follows')] }]))
    },
  }
  const context = contextOn(db, { domains: new Map([[KIND, domain]]) })
  await announced(db, ['step', { kind: 'step', maxAttempts: 1 }])
  await startAllDue(context, db)
  assert.equal(await rescueOnce(context), 1)
  assert.deepEqual(asked, ['step dead'])
  const started: readonly Pick<StartedEffect, 'title'>[] = await startAllDue(context, db)
  assert.deepEqual(
    started.map(row => row.title),
    ['what follows'],
  )
})
