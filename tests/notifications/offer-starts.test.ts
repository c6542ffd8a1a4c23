// An offer and the start that placed it: whichever process dies, or is late, what stands on a screen is under the one start
// that its answer names, and an answer that somebody gave is kept.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type { Verdict } from '../../server/src/core/effects/effect.ts'
import { NOTIFICATIONS_OFFER } from '../../server/src/core/effects/effect-kinds.ts'
import { rescueOnce } from '../../server/src/engine/run/rescue.ts'
import { settleAttempts } from '../../server/src/engine/run/settle.ts'
import { type StartedRow, startedEffect } from '../../server/src/engine/run/start.ts'
import { OFFER_EVENT } from '../../server/src/notifications/offer.ts'
import { contextOn, OTHER_WORKER, startAllDue, WORKER } from '../engine/engine-parts.ts'
import { DANA, notificationWorld, TENANT, type World } from './notification-world.ts'

/** The loop's steps by hand, for processes that die between two of them. */
function byHand({ database: { db }, notifications }: World) {
  const carriers = new Map(notifications.carriers.map(carrier => [carrier.kind, carrier]))
  const domains = new Map([[notifications.domain.eventKind, notifications.domain]])
  const context = contextOn(db, { carriers, domains })
  return {
    async start(worker: string): Promise<StartedRow> {
      await db.query({
        text: `insert into engine.worker values ('${worker}', 'infinity', '', 0) on conflict do nothing`,
      })
      await db.query({
        text: `update engine.effect set due_at = clock_timestamp() where state = 'pending' and kind = '${NOTIFICATIONS_OFFER}'`,
      })
      const [row] = await startAllDue(context, db, worker)
      assert.equal(row?.kind, NOTIFICATIONS_OFFER)
      return row as StartedRow
    },
    run: (row: StartedRow) =>
      (carriers.get(row.kind) as Carrier).run(startedEffect(row), new AbortController().signal),
    async report(row: StartedRow, verdict: Verdict) {
      const attempt = {
        effect: startedEffect(row),
        maxAttempts: row.max_attempts,
        keep: row.keep,
        domainKind: OFFER_EVENT,
        verdict,
      }
      return await db.transaction('settle', tx => settleAttempts(context, tx, [attempt]))
    },
    async lose(worker: string): Promise<number> {
      await db.query({
        text: `update engine.worker set alive_until = '-infinity' where id = '${worker}'`,
      })
      return await rescueOnce(context)
    },
  }
}

/** What the engine knows of the offer itself, live or ended. */
async function effectOf({ database: { db } }: World) {
  const rows = await db.query({
    text: `select state::text as stands, start_id, doubt, null as evidence from engine.effect where kind = '${NOTIFICATIONS_OFFER}'
      union all
      select ending::text, start_id, doubt, evidence::jsonb from engine.ended where kind = '${NOTIFICATIONS_OFFER}'`,
  })
  assert.equal(rows.length, 1)
  return rows[0]!
}

async function startOf({ database: { db } }: World, offerId: string): Promise<string | null> {
  const [row] = await db.query<{ start_id: string | null }>(
    { text: 'select start_id from notifications.offer where id = $1' },
    [offerId],
  )
  return row!.start_id
}

const acceptedBy = (evidence: unknown) => (evidence as { actionName?: string } | null)?.actionName

test('the process that placed an offer dies before it says so: the answer ends it as done, and nothing is in doubt', async () => {
  await using world = await notificationWorld({ started: false })
  const hand = byHand(world)
  const offer = await world.raise({ token: 'a' })
  const row = await hand.start(WORKER)
  assert.equal((await hand.run(row)).is, 'waiting')
  assert.equal(await hand.lose(WORKER), 0, 'nothing of it is left to be rescued')
  assert.deepEqual(
    { ...(await effectOf(world)), evidence: null },
    { stands: 'waiting', start_id: row.start_id, doubt: false, evidence: null },
  )
  assert.equal(await startOf(world, offer.id), row.start_id)
  await world.notifications.answerOffer(DANA, offer.id, 'accept')
  const { evidence, ...ended } = await effectOf(world)
  assert.deepEqual(ended, { stands: 'done', start_id: row.start_id, doubt: false })
  assert.equal(acceptedBy(evidence), 'Accept')
  // What its runner says, had it only been slow.
  assert.deepEqual(await hand.report(row, { is: 'waiting' }), ['gone'])
})

test('the process that placed an offer dies before it says so: a cancel takes it from the screen, and says so', async () => {
  await using world = await notificationWorld({ started: false })
  const hand = byHand(world)
  await world.raise({ token: 'a' })
  await hand.run(await hand.start(WORKER))
  await hand.lose(WORKER)
  const cancelled = await world.cancel('a')
  const receipt = await world.engine.receipt(TENANT, cancelled.receiptId)
  assert.deepEqual(
    receipt?.items.map(({ outcome, evidence }) => [outcome, evidence]),
    [['stopped', { shown: true, was: 'displayed' }]],
  )
})

test('a start that was lost and given again: the late one places nothing, and the one that counts does', async () => {
  await using world = await notificationWorld({ started: false })
  const hand = byHand(world)
  const offer = await world.raise()
  const lost = await hand.start(WORKER)
  assert.equal(await hand.lose(WORKER), 1)
  assert.equal((await hand.run(lost)).is, 'retry', 'late, while it is pending again')
  const second = await hand.start(OTHER_WORKER)
  assert.equal((await hand.run(lost)).is, 'retry', 'late, while it runs elsewhere')
  assert.equal((await world.notifications.readOffer(DANA, offer.id))?.state, 'arriving')
  assert.equal((await hand.run(second)).is, 'waiting')
  assert.equal(await startOf(world, offer.id), second.start_id)
  assert.deepEqual(await hand.report(lost, await hand.run(lost)), ['gone'], 'late, when it is placed')
  assert.deepEqual(await hand.report(second, { is: 'waiting' }), ['gone'], 'it was let go of already')
  assert.equal(await startOf(world, offer.id), second.start_id)

  const { db } = world.database
  const answer = { effectId: second.id, verdict: { is: 'done' } } as const
  assert.deepEqual(
    await db.transaction('t', tx => world.engine.end(tx, [{ ...answer, startId: lost.start_id }])),
    ['gone'],
    'an answer to a start that was lost ends no other',
  )
  await world.notifications.answerOffer(DANA, offer.id, 'accept')
  const { stands, start_id } = await effectOf(world)
  assert.deepEqual([stands, start_id], ['done', second.start_id])
})

test('an offer in line is let go of too; shown and answered later, it ends under the start that put it in line', async () => {
  await using world = await notificationWorld({ started: false })
  const hand = byHand(world)
  const first = await world.raise()
  const rowOfFirst = await hand.start(WORKER)
  await hand.run(rowOfFirst)
  const second = await world.raise()
  const row = await hand.start(WORKER)
  assert.deepEqual(await hand.run(row), { is: 'waiting', evidence: { placed: 'queued' } })
  await hand.lose(WORKER)
  await world.notifications.answerOffer(DANA, first.id, 'reject')
  await world.screen(screen => screen.displayed?.offer.id === second.id)
  await world.notifications.answerOffer(DANA, second.id, 'accept')
  const rows = await world.database.db.query({
    text: `select ending::text, start_id from engine.ended where kind = '${NOTIFICATIONS_OFFER}' order by id = '${row.id}'`,
  })
  assert.deepEqual(rows, [
    { ending: 'done', start_id: rowOfFirst.start_id },
    { ending: 'done', start_id: row.start_id },
  ])
})

test('an offer that an earlier version placed names no start: its answer ends it all the same', async () => {
  await using world = await notificationWorld({ started: false })
  const hand = byHand(world)
  const offer = await world.raise()
  await hand.run(await hand.start(WORKER))
  await world.database.db.query({ text: 'update notifications.offer set start_id = null' })
  await world.notifications.answerOffer(DANA, offer.id, 'accept')
  assert.equal((await effectOf(world)).stands, 'done')
})
