// The engine's own commits, driven through the native API.

import assert from 'node:assert/strict'
import { until } from '../support/until.ts'
import type { World } from './crash-world.ts'
import { scenario } from './scenario.ts'

const HOUR = 3_600_000

/** Until an action has ended; every look waits for the server's own answer. */
async function ended(world: World, eventId: string): Promise<string[]> {
  let states: string[] = []
  await until(async () => {
    const event = await world.aliceOk('GET', `/api/v1/events/${eventId}`)
    states = event.effects.map((effect: { state: string }) => effect.state)
    return states.every(state => state !== 'pending' && state !== 'running')
  })
  return states.sort()
}

const announce = (world: World, body: object) =>
  world.aliceOk('POST', '/api/v1/events', { title: 'Test', ...body })

type Announced = { readonly id: string; readonly effectIds: readonly string[] }

/** A cancel by key, and after the crash the same request again: one receipt, nothing that it prevented ever arrives. */
function cancelOf(total: number, announceAll: (world: World) => Promise<Announced[]>) {
  const request = [
    'POST',
    '/api/v1/cancellations',
    { key: 'doomed', reason: 'crash test' },
    { 'idempotency-key': 'the-same' },
  ] as const
  return {
    prepare: announceAll,
    act: (world: World) => world.alice(...request),
    async check(world: World, { committed, before }: { committed: boolean; before: Announced[] }) {
      const found = await world.aliceOk('GET', '/api/v1/receipts?key=doomed')
      assert.equal(found.value.length, committed ? 1 : 0, 'wholly there or wholly absent')
      const event = await world.aliceOk('GET', `/api/v1/events/${before[0]?.id}`)
      // A tree that is being written down is called off already, event by event.
      if (total < 5000) assert.equal(event.state, committed ? 'cancelled' : 'announced')
      const again = await world.aliceOk(...request)
      assert.equal(again.replayed, committed)
      if (committed) assert.equal(again.receiptId, found.value[0].id)
      const receipt = await world.receipt(again.receiptId)
      assert.deepEqual([receipt.counts.total, receipt.counts.prevented], [total, total])
      await announce(world, { effects: [world.webhook('/sentinel', 2 * HOUR)] })
      await world.advance('3h')
      assert.deepEqual(world.called, ['/sentinel'])
      assert.equal((await world.aliceOk('GET', '/api/v1/receipts?key=doomed')).value.length, 1)
      assert.deepEqual(await world.receipt(again.receiptId), receipt, 'a final receipt never changes')
    },
  }
}

const threeLater = async (world: World) => [
  await announce(world, {
    key: 'doomed',
    effects: [
      world.webhook('/doomed', HOUR),
      world.webhook('/doomed', 2 * HOUR),
      { kind: 'mail', to: ['bob@contoso.example'], subject: 'doomed', text: '.', afterMs: HOUR },
    ],
  }),
]

/** More than a cancel marks in its own transaction (5,000). */
const thousandsLater = (world: World) =>
  Promise.all(
    Array.from({ length: 51 }, () =>
      announce(world, {
        key: 'doomed',
        entity: 'doomed',
        effects: Array.from({ length: 100 }, () => world.webhook('/doomed', HOUR)),
      }),
    ),
  )

const announceNow = {
  act: (world: World) =>
    world.alice('POST', '/api/v1/events', { key: 'now', title: 'Now', effects: [world.webhook('/now')] }),
}

/** The one webhook of `announceNow`: it arrives `times` times, always under the same id. */
async function arrivesOnly(world: World, times: number): Promise<void> {
  await world.receiver.arrived(times)
  const { eventIds } = await world.aliceOk('POST', '/api/v1/previews', { key: 'now' })
  assert.deepEqual(await ended(world, eventIds[0]), ['done'])
  await world.advance('1h')
  assert.equal(world.called.length, times)
  assert.equal(new Set(world.idsOf('/now')).size, 1, 'a repeat has the same webhook-id')
}

export const engineScenarios = [
  scenario({
    point: 'native.announce',
    about: 'an announcement is wholly there or wholly absent, and what is there happens',
    act: world =>
      world.alice('POST', '/api/v1/events', {
        key: 'k',
        title: 'K',
        effects: [world.webhook('/now'), world.webhook('/later', HOUR)],
      }),
    async check(world, { committed }) {
      const { eventIds = [] } = await world.aliceOk('POST', '/api/v1/previews', { key: 'k' })
      assert.equal(eventIds.length, committed ? 1 : 0)
      if (committed) await world.receiver.arrived(1)
      assert.deepEqual(world.called, committed ? ['/now'] : [], 'no timer is early')
      await world.advance('1h')
      assert.deepEqual(world.called, committed ? ['/later', '/now'] : [])
    },
  }),
  scenario({
    point: 'cancel-plain',
    about: 'a cancel and its retry get one receipt, and what it prevented never arrives',
    ...cancelOf(3, threeLater),
  }),
  scenario({
    point: 'cancel-open',
    about: 'a huge cancel and its retry get one receipt, and what it prevented never arrives',
    ...cancelOf(5100, thousandsLater),
  }),
  scenario({
    point: 'mark-open',
    about: 'a huge cancel that was acknowledged is marked to its end by the next server',
    prepare: thousandsLater,
    act: world => world.alice('POST', '/api/v1/cancellations', { key: 'doomed' }),
    async check(world) {
      const [found] = (await world.aliceOk('GET', '/api/v1/receipts?key=doomed')).value
      const receipt = await world.receipt(found.id)
      assert.deepEqual([receipt.counts.total, receipt.counts.prevented], [5100, 5100])
      await announce(world, { effects: [world.webhook('/sentinel', 2 * HOUR)] })
      await world.advance('3h')
      assert.deepEqual(world.called, ['/sentinel'])
    },
  }),
  scenario({
    point: 'start',
    about: 'what was started or not arrives once',
    ...announceNow,
    check: world => arrivesOnly(world, 1),
  }),
  scenario({
    point: 'settle',
    about: 'a call whose end was not written is repeated under its id, one whose end was written is not',
    ...announceNow,
    check: (world, { committed }) => arrivesOnly(world, committed ? 1 : 2),
  }),
  scenario({
    point: 'settle',
    about: 'the same for a mail: the repeat has the same Message-ID',
    act: world =>
      world.alice('POST', '/api/v1/events', {
        key: 'now',
        title: 'Now',
        effects: [{ kind: 'mail', to: ['bob@contoso.example'], subject: 'now', text: '.' }],
      }),
    async check(world, { committed }) {
      const times = committed ? 1 : 2
      await world.smtp.arrived(times)
      const { eventIds } = await world.aliceOk('POST', '/api/v1/previews', { key: 'now' })
      assert.deepEqual(await ended(world, eventIds[0]), ['done'])
      assert.equal(world.smtp.mails.length, times)
      assert.equal(new Set(world.messageIds()).size, 1)
    },
  }),
  scenario({
    point: 'settle',
    about: 'a timer that fell due as the server died is not lost',
    act: world =>
      world.alice('POST', '/api/v1/events', {
        key: 'now',
        title: 'Now',
        effects: [{ kind: 'delay', afterMs: 0 }],
      }),
    async check(world) {
      const { eventIds } = await world.aliceOk('POST', '/api/v1/previews', { key: 'now' })
      assert.deepEqual(await ended(world, eventIds[0]), ['done'])
    },
  }),
  scenario({
    point: 'rescue',
    about: 'who rescues may die too',
    firstAt: 'start:after-commit',
    ...announceNow,
    check: world => arrivesOnly(world, 1),
  }),
  scenario<Announced>({
    point: 'retry',
    about: 'a dead action is retried or still dead',
    async prepare(world) {
      world.receiver.answer = () => ({ status: 410 })
      const announced = await announce(world, { effects: [world.webhook('/dead')] })
      assert.deepEqual(await ended(world, announced.id), ['dead'])
      world.receiver.answer = () => ({})
      return announced
    },
    act: (world, { effectIds }) => world.alice('POST', `/api/v1/effects/${effectIds[0]}/retry`),
    async check(world, { committed, before }) {
      const { value } = await world.aliceOk('GET', '/api/v1/effects?state=dead')
      assert.equal(value.length, committed ? 0 : 1)
      if (!committed) await world.aliceOk('POST', `/api/v1/effects/${before.effectIds[0]}/retry`)
      await world.receiver.arrived(2)
      assert.deepEqual(await ended(world, before.id), ['done'])
      assert.equal(new Set(world.idsOf('/dead')).size, 1)
    },
  }),
  scenario<Announced>({
    point: 'native.revise',
    about: 'what moves is moved whole or not at all',
    prepare: world =>
      announce(world, { effects: [world.webhook('/old', HOUR), world.webhook('/old', HOUR)] }),
    act: (world, { id }) =>
      world.alice('POST', `/api/v1/events/${id}/revise`, {
        effects: [world.webhook('/new', HOUR), world.webhook('/new', HOUR)],
      }),
    async check(world, { committed }) {
      await world.advance('2h')
      assert.deepEqual(world.called, committed ? ['/new', '/new'] : ['/old', '/old'])
    },
  }),
]
