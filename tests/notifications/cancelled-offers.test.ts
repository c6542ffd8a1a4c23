// Offers that are called off, on a real engine: displayed, in the queue, before and after an answer; what the receipts say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Receipt } from '../../server/src/core/cancellation.ts'
import { CHANNEL, DANA, ERIN, notificationWorld, shows, TENANT, type World } from './notification-world.ts'

async function receiptOf(world: World, receiptId: string): Promise<Receipt> {
  const receipt = await world.engine.receipt(TENANT, receiptId)
  assert.ok(receipt)
  return receipt
}

const outcomes = (receipt: Receipt) => receipt.items.map(item => `${item.kind} ${item.outcome}`).sort()

test('cancelled while displayed: stopped, shown, and the next is on the screen', async () => {
  await using world = await notificationWorld()
  const shown = await world.raise({ token: 'a' })
  await world.screen(shows(shown.id))
  const next = await world.raise({ token: 'b' })
  await world.screen(now => now.open.some(offer => offer.id === next.id && offer.state === 'queued'))

  const cancelled = await world.cancel('a')
  assert.deepEqual((await world.ended(shown)).result, { actionName: 'Cancel', responseReason: 'Cancelled' })
  assert.equal(cancelled.counts.stopping, 0, 'known at once: nothing runs that could still show it')
  const receipt = await receiptOf(world, cancelled.receiptId)
  assert.equal(receipt.state, 'final')
  assert.deepEqual(outcomes(receipt), ['notifications.offer stopped'])
  assert.deepEqual(
    receipt.innerSteps.map(step => `${step.kind} ${step.outcome}`),
    ['notifications.timeout prevented'],
  )
  assert.deepEqual(receipt.items.find(item => item.outcome === 'stopped')?.evidence, {
    shown: true,
    was: 'displayed',
  })
  assert.ok(await world.screen(shows(next.id)))
})

test('cancelled while in line: stopped, never shown, and nothing else moves', async () => {
  await using world = await notificationWorld()
  const shown = await world.raise({ token: 'a' })
  await world.screen(shows(shown.id))
  const waits = await world.raise({ token: 'b' })
  await world.screen(now => now.open.some(offer => offer.id === waits.id && offer.state === 'queued'))
  const cancelled = await world.cancel('b')
  const receipt = await receiptOf(world, cancelled.receiptId)
  const offerItem = receipt.items.find(item => item.kind === 'notifications.offer')
  assert.equal(offerItem?.outcome, 'stopped')
  assert.deepEqual(offerItem?.evidence, { shown: false, was: 'queued' })
  assert.ok(shows(shown.id)(await world.notifications.agentScreen(DANA)))
  assert.deepEqual((await world.ended(waits)).result, { actionName: 'Cancel', responseReason: 'Cancelled' })
})

test('cancelled before it was started: prevented', async () => {
  await using world = await notificationWorld({ started: false })
  const offer = await world.raise({ token: 'a' })
  const cancelled = await world.cancel('a')
  assert.deepEqual((await world.ended(offer)).result, { actionName: 'Cancel', responseReason: 'Cancelled' })
  assert.deepEqual(outcomes(await receiptOf(world, cancelled.receiptId)), ['notifications.offer prevented'])
  await world.engine.start()
  const after = await world.raise({ token: 'b' })
  await world.screen(shows(after.id))
})

test('cancelled first, notified later: withdrawn at once, and nothing is shown', async () => {
  await using world = await notificationWorld()
  const cancelled = await world.cancel('early')
  assert.equal(cancelled.early, true)
  const offer = await world.raise({ token: 'early' })
  assert.equal(offer.state, 'ended')
  assert.deepEqual(offer.result, { actionName: 'Cancel', responseReason: 'Cancelled' })
  assert.deepEqual(await world.engine.effectsOf(TENANT, offer.id), [])
  const receipt = await receiptOf(world, cancelled.receiptId)
  assert.deepEqual(receipt.early?.metEventIds, [offer.id])
})

test('a cancel that came first is used up by the first notify; a second page of that call gets the same end', async () => {
  await using world = await notificationWorld()
  const cancelled = await world.cancel('early')
  const first = await world.raise({ token: 'early', page: 'one' })
  const joined = await world.raise({ token: 'early', page: 'two' })
  assert.deepEqual([first.state, joined.id], ['ended', first.id])
  const next = await world.raise({ token: 'early', page: 'one' })
  await world.screen(shows(next.id))
  const receipt = await receiptOf(world, cancelled.receiptId)
  assert.deepEqual(receipt.early?.metEventIds, [first.id])
})

test('pages that announce one call at one moment share the cancel that came first', async () => {
  await using world = await notificationWorld()
  for (let i = 0; i < 10; i++) {
    const token = `early-${i}`
    await world.cancel(token)
    const raised = await Promise.all(['one', 'two', 'three'].map(page => world.raise({ token, page })))
    assert.equal(new Set(raised.map(offer => offer.id)).size, 1)
    assert.ok(raised.every(offer => offer.result?.actionName === 'Cancel'))
    const next = await world.raise({ token, page: 'one' })
    assert.equal(next.result, null)
    await world.cancel(token)
  }
})

test('two different tokens: either cancels, before and after', async () => {
  await using world = await notificationWorld()
  for (const by of ['in-input', 'third-argument']) {
    const offer = await world.raise({ tokens: ['in-input', 'third-argument'] })
    await world.screen(shows(offer.id))
    await world.cancel(by)
    assert.deepEqual((await world.ended(offer)).result, { actionName: 'Cancel', responseReason: 'Cancelled' })
  }
  for (const by of ['one', 'two']) {
    const tokens = ['one', 'two'].map(token => `${token}-before-${by}`)
    await world.cancel(`${by}-before-${by}`)
    const offer = await world.raise({ tokens })
    assert.equal(offer.result?.actionName, 'Cancel', `early by ${by}`)
  }
})

test('the same token while open joins the open offer; once it has ended a new one is made', async () => {
  await using world = await notificationWorld()
  const [first, second] = await Promise.all([world.raise({ token: 'call' }), world.raise({ token: 'call' })])
  assert.equal(first.id, second.id)
  await world.screen(shows(first.id))
  assert.deepEqual(
    (await world.notifications.openOffers({ agent: DANA, channel: CHANNEL, token: 'call' })).map(
      offer => offer.id,
    ),
    [first.id],
  )
  await world.notifications.answerOffer(DANA, first.id, 'accept')
  assert.notEqual((await world.raise({ token: 'call' })).id, first.id)
})

test('a tab that is behind gets the end of the call that it announces late; the same page again means a new call', async () => {
  await using world = await notificationWorld()
  const first = await world.ended(
    await world.raise({ token: 'call', page: 'tab 1', template: 'contoso_auto' }),
  )
  const late = await world.raise({ token: 'call', page: 'tab 2', template: 'contoso_auto' })
  assert.equal(late.id, first.id)
  assert.deepEqual(late.result, { actionName: 'Accept', responseReason: 'AutoAccept' })
  for (const page of ['tab 1', 'tab 2']) {
    const again = await world.raise({ token: 'call', page, template: 'contoso_auto' })
    assert.notEqual(again.id, first.id, `${page} announces it a second time`)
    await world.ended(again)
    assert.equal((await world.raise({ token: 'call', page: 'tab 3', template: 'contoso_auto' })).id, again.id)
    await world.database.db.query({
      text: "update notifications.offer set ended_at = ended_at - interval '11 seconds'",
    })
  }
})

test("a token reaches neither another agent's offer nor another provider's", async () => {
  await using world = await notificationWorld()
  const danas = await world.raise({ token: 'same' })
  const erins = await world.raise({ token: 'same', agent: ERIN })
  const others = await world.raise({ token: 'same', channel: 'chat', agent: ERIN })
  await world.screen(shows(danas.id))
  await world.screen(shows(erins.id), ERIN)
  await world.cancel('same', ERIN)
  assert.equal((await world.ended(erins)).result?.actionName, 'Cancel')
  assert.equal((await world.notifications.readOffer(DANA, danas.id))?.state, 'displayed')
  assert.ok(await world.screen(shows(others.id), ERIN))
  assert.equal(await world.notifications.readOffer(DANA, erins.id), null, "nor may one read another's")
  const seen = await world.notifications.receiptsOfToken({ agent: DANA, channel: CHANNEL, token: 'same' })
  assert.deepEqual(seen, [], 'nor its receipts')
})

test('called off by its event id, from another API: withdrawn just the same, and the receipt names who', async () => {
  await using world = await notificationWorld()
  const offer = await world.raise()
  await world.screen(shows(offer.id))
  const by = { principal: 'app:crm', api: 'native', name: 'the CRM' } as const
  const cancelled = await world.engine.cancel({ tenant: TENANT, target: { eventId: offer.id }, by })
  assert.ok('receiptId' in cancelled)
  const ended = await world.ended(offer)
  assert.deepEqual(ended.result, { actionName: 'Cancel', responseReason: 'Cancelled' })
  assert.equal(ended.endedBy, 'the CRM')
  assert.equal((await receiptOf(world, cancelled.receiptId)).by.name, 'the CRM')
})

test('cancel beats accept: of both at once exactly one wins, and the receipt says which', async () => {
  await using world = await notificationWorld()
  for (let round = 0; round < 12; round++) {
    const token = `race-${round}`
    const offer = await world.raise({ token })
    await world.screen(shows(offer.id))
    const [answer, cancelled] = await Promise.allSettled([
      world.notifications.answerOffer(DANA, offer.id, 'accept'),
      world.cancel(token),
    ])
    assert.equal(cancelled.status, 'fulfilled')
    const receipt = await receiptOf(world, cancelled.value.receiptId)
    const item = receipt.items.find(each => each.kind === 'notifications.offer')
    const after = await world.notifications.readOffer(DANA, offer.id)
    if (answer.status === 'fulfilled') {
      assert.equal(after?.result?.actionName, 'Accept')
      assert.equal(item?.outcome, 'already_ended')
    } else {
      assert.equal(answer.reason.code, 'OFFER_GONE')
      assert.equal(after?.result?.actionName, 'Cancel')
      assert.equal(item?.outcome, 'stopped')
    }
  }
})

test('a cancel after the answer changes nothing and says so', async () => {
  await using world = await notificationWorld()
  const offer = await world.raise({ token: 'late', correlationId: 'no guid' })
  await world.screen(shows(offer.id))
  await world.notifications.answerOffer(DANA, offer.id, 'accept')
  const cancelled = await world.cancel('late')
  const receipt = await receiptOf(world, cancelled.receiptId)
  assert.deepEqual(receipt.items.map(item => `${item.kind} ${item.outcome} ${item.ending}`).sort(), [
    'notifications.offer already_ended done',
  ])
  const item = receipt.items.find(each => each.kind === 'notifications.offer')
  assert.equal(item?.evidence?.responseReason, 'Accept')
  assert.equal((await world.notifications.readOffer(DANA, offer.id))?.result?.actionName, 'Accept')
  const again = await world.cancel('late')
  assert.equal(again.receiptId, cancelled.receiptId, 'the same request again gets the same receipt')
  assert.deepEqual(
    (await world.notifications.receiptsOfToken({ agent: DANA, channel: CHANNEL, token: 'late' })).map(
      r => r.id,
    ),
    [cancelled.receiptId],
  )
})
