// Offers from raise to end, on a real engine: the documented outcomes, the queue, and what survives a restart.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Offer } from '../../server/src/notifications/offer.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { DANA, ERIN, notificationWorld, shows, TENANT } from './notification-world.ts'

test("the documentation's template with empty parameters is shown, and accepted", async () => {
  await using world = await notificationWorld()
  const offer = await world.raise({ token: 'cancellationtoken123456' })
  const screen = await world.screen(shows(offer.id))
  assert.equal(screen.displayed?.offer.card.title, 'Incoming chat')
  assert.deepEqual(screen.displayed?.offer.card.fields, [], 'known slugs without a value leave no empty rows')
  assert.equal(
    (screen.displayed.deadline?.getTime() ?? 0) - (screen.displayed.offer.displayedAt?.getTime() ?? 0),
    120_000,
    'the documented default',
  )

  const answered = await world.notifications.answerOffer(DANA, offer.id, 'accept')
  assert.deepEqual(answered.result, { actionName: 'Accept', responseReason: 'Accept' })
  assert.equal(answered.endedBy, 'dana')
  const states = await world.engine.effectsOf(TENANT, offer.id)
  assert.deepEqual(states.map(effect => `${effect.kind} ${effect.ending}`).sort(), [
    'notifications.offer done',
    'notifications.timeout superseded',
  ])
})

test('rejected, and the same answer given twice is the same answer', async () => {
  await using world = await notificationWorld()
  const offer = await world.raise()
  await world.screen(shows(offer.id))
  const first = await world.notifications.answerOffer(DANA, offer.id, 'reject')
  assert.deepEqual(first.result, { actionName: 'Reject', responseReason: 'DeclinedByAgent' })
  assert.deepEqual(await world.notifications.answerOffer(DANA, offer.id, 'reject'), first)
  await assert.rejects(world.notifications.answerOffer(DANA, offer.id, 'accept'), {
    code: 'OFFER_GONE',
    status: 410,
  })
})

test('a template that accepts by itself needs no click, at once or when its turn comes', async () => {
  await using world = await notificationWorld()
  const atOnce = await world.ended(await world.raise({ template: 'contoso_auto' }))
  assert.deepEqual(atOnce.result, { actionName: 'Accept', responseReason: 'AutoAccept' })

  const before = await world.raise()
  await world.screen(shows(before.id))
  const behind = await world.raise({ template: 'contoso_auto' })
  const screen = await world.screen(now => now.open.find(each => each.id === behind.id)?.state === 'queued')
  assert.equal(screen.waiting, 1)
  await world.notifications.answerOffer(DANA, before.id, 'reject')
  assert.deepEqual((await world.ended(behind)).result, { actionName: 'Accept', responseReason: 'AutoAccept' })
})

test('of twelve at once one is shown, ten wait, and the twelfth is turned away', async () => {
  await using world = await notificationWorld()
  const offers = []
  for (let i = 0; i < 12; i++) offers.push(await world.raise({ token: `token-${i}` }))
  const last = await world.ended(offers[11]!)
  assert.deepEqual(last.result, { actionName: 'Reject', responseReason: 'NotificationQueueLimitExceeded' })
  const screen = await world.screen(now => now.open.every(offer => offer.state !== 'arriving'))
  assert.equal(screen.displayed?.offer.id, offers[0]!.id)
  assert.deepEqual(
    screen.open.map(offer => offer.id),
    offers.slice(0, 11).map(offer => offer.id),
    'in the order in which they came',
  )
  const other = await world.raise({ agent: ERIN })
  assert.ok(await world.screen(shows(other.id), ERIN), "another agent's queue is another queue")

  await world.notifications.answerOffer(DANA, offers[0]!.id, 'accept')
  assert.ok(await world.screen(shows(offers[1]!.id)), 'first come, first shown')
})

test('a displayed offer that nobody answers runs out, in full time and not before', async () => {
  await using world = await notificationWorld()
  const offer = await world.raise({ template: 'contoso_call', parameters: { number: '+1 555 0100' } })
  const { displayed } = await world.screen(shows(offer.id))
  assert.equal(displayed?.offer.card.title, 'Call from +1 555 0100')
  await world.advance(29)
  assert.ok(shows(offer.id)(await world.notifications.agentScreen(DANA)), 'one second is left')
  await world.advance(2)
  assert.deepEqual((await world.ended(offer)).result, {
    actionName: 'Timeout',
    responseReason: 'DisplayTimeout',
  })
})

test('in line its time counts from arrival; on the screen it has its full time again', async () => {
  await using world = await notificationWorld()
  const first = await world.raise()
  await world.screen(shows(first.id))
  const waits = await world.raise({ template: 'contoso_call', parameters: { number: '1' } })
  await world.screen(now => now.open.some(offer => offer.id === waits.id && offer.state === 'queued'))
  await world.advance(31)
  assert.deepEqual((await world.ended(waits)).result, {
    actionName: 'Reject',
    responseReason: 'NotificationQueueTimeLimitExceeded',
  })

  const lucky = await world.raise({ template: 'contoso_call', parameters: { number: '2' }, token: 'lucky' })
  await world.screen(now => now.open.some(offer => offer.id === lucky.id && offer.state === 'queued'))
  await world.advance(20)
  await world.notifications.answerOffer(DANA, first.id, 'reject')
  await world.screen(shows(lucky.id))
  await world.advance(20)
  assert.ok(
    shows(lucky.id)(await world.notifications.agentScreen(DANA)),
    '40 s after arrival, 20 s after display',
  )
  await world.advance(11)
  assert.deepEqual((await world.ended(lucky)).result, {
    actionName: 'Timeout',
    responseReason: 'DisplayTimeout',
  })
})

test('accept in one tab and reject in another at once: one wins, the other is told how it ended', async () => {
  await using world = await notificationWorld()
  for (let round = 0; round < 12; round++) {
    const offer = await world.raise()
    await world.screen(shows(offer.id))
    const answers = await Promise.allSettled([
      world.notifications.answerOffer(DANA, offer.id, 'accept'),
      world.notifications.answerOffer(DANA, offer.id, 'reject'),
    ])
    assert.deepEqual(answers.map(answer => answer.status).sort(), ['fulfilled', 'rejected'])
    const after = await world.notifications.readOffer(DANA, offer.id)
    assert.equal(after?.result?.actionName, answers[0].status === 'fulfilled' ? 'Accept' : 'Reject')
    const [effect] = (await world.engine.effectsOf(TENANT, offer.id)).filter(
      each => each.kind === 'notifications.offer',
    )
    assert.equal(
      effect?.evidence?.actionName,
      after?.result?.actionName,
      'the record of the engine says the same',
    )
  }
})

test('offers survive a restart of the server, timers included', async () => {
  await using database = await testDatabase()
  const [shown, waits] = await raiseTwoAndStop(database)
  await using world = await notificationWorld({ on: database })
  assert.ok(shows(shown.id)(await world.notifications.agentScreen(DANA)))
  await world.notifications.answerOffer(DANA, shown.id, 'accept')
  assert.ok(await world.screen(shows(waits.id)))
  await world.advance(121)
  assert.equal((await world.ended(waits)).result?.responseReason, 'DisplayTimeout')
})

async function raiseTwoAndStop(on: TestDatabase): Promise<readonly [Offer, Offer]> {
  await using world = await notificationWorld({ on })
  const shown = await world.raise({ token: 'a' })
  await world.screen(shows(shown.id))
  const waits = await world.raise({ token: 'b' })
  await world.screen(now => now.open.some(offer => offer.id === waits.id && offer.state === 'queued'))
  return [shown, waits]
}

test('a screen that a crash left empty is filled by whoever looks at it', async () => {
  await using database = await testDatabase()
  const [shown, waits] = await raiseTwoAndStop(database)
  await using world = await notificationWorld({ on: database, started: false })
  // As if the server had died between the commit that ended the one and the one that shows the next.
  await database.db.query(
    {
      text: `update notifications.offer set state = 'ended', action_name = 'Reject', response_reason = 'DeclinedByAgent',
      ended_at = now() where id = $1`,
    },
    [shown.id],
  )
  assert.ok(shows(waits.id)(await world.notifications.agentScreen(DANA)))
})

test('behind a screen that a crash left empty, one that accepts by itself is accepted though nobody looks', async () => {
  await using world = await notificationWorld()
  const shown = await world.raise({ template: 'contoso_patient', token: 'shown' })
  await world.screen(shows(shown.id))
  const waits = await world.raise({ template: 'contoso_patient_auto', token: 'waits' })
  await world.screen(({ waiting }) => waiting === 1)
  await world.database.db.query(
    {
      text: `update notifications.offer set state = 'ended', action_name = 'Reject', response_reason = 'DeclinedByAgent',
      ended_at = now() where id = $1`,
    },
    [shown.id],
  )
  await world.advance(61)
  // Read by its id: looking at the screen would show it.
  assert.equal((await world.notifications.readOffer(DANA, waits.id))?.result?.responseReason, 'AutoAccept')
})

test('another process hears that the screen changed', async () => {
  await using database = await testDatabase()
  await using here = await notificationWorld({ on: database })
  await using there = await notificationWorld({ on: database, started: false })
  // It listens before anything happens, or it would see the offer by looking.
  const listening = there.screen(now => now.displayed !== null)
  const offer = await here.raise()
  assert.equal((await listening).displayed?.offer.id, offer.id)
})

test('an offer that cannot be placed at all ends, and its caller is told', async () => {
  await using world = await notificationWorld({ started: false })
  const offer = await world.raise()
  const [effect] = await world.engine.effectsOf(TENANT, offer.id)
  assert.ok(effect)
  await world.database.db.transaction('test.settle', async tx => {
    const started = { ...effect, tenant: TENANT, eventId: offer.id, noticeOf: null, startId: offer.id }
    const dead = { effect: started, ending: 'dead', result: null, error: 'broken', at: new Date() } as const
    await world.notifications.domain.settled?.(tx, [dead])
  })
  const ended = await world.notifications.readOffer(DANA, offer.id)
  assert.equal(ended?.result?.responseReason, 'NotificationQueueTimeLimitExceeded')
})

test('a template that is not there is refused by its documented name; a slug that nothing fills leaves a gap', async () => {
  await using world = await notificationWorld()
  await assert.rejects(world.raise({ template: 'contoso_none' }), {
    code: 'NotificationTemplateNotFoundError',
  })
  assert.deepEqual((await world.notifications.agentScreen(DANA)).open, [])
  const named = await world.raise({
    template: 'MSDYN_chat_incoming_unauthenticated',
    parameters: { customerName: 7 },
  })
  assert.deepEqual(named.card.fields, [{ header: 'Customer', value: '7' }])
})

test('a call is not lost for its decoration: what a template cannot show leaves a gap, and is said where it is more than fits', async () => {
  await using world = await notificationWorld()
  const notesOf = async (templateParameters: unknown) => {
    const request = { channelLabel: 'Telephone', templateName: 'contoso_call', templateParameters }
    const { card, notes } = await world.notifications.fillCard(TENANT, request)
    return [card.title, ...notes]
  }
  const withNumber = 'Call from 030 1'
  assert.deepEqual(await notesOf({ number: '030 1' }), [withNumber])
  for (const gap of [undefined, null, {}, { number: null }, { number: {} }, { number: ['030 1'] }])
    assert.deepEqual(await notesOf(gap), ['contoso_call'], JSON.stringify(gap))
  assert.deepEqual(await notesOf({ number: '030 1', other: { deep: [1] }, another: null }), [withNumber])
  assert.deepEqual(await notesOf('text'), [
    'contoso_call',
    'templateParameters is not an object, and is passed over.',
  ])
  const many = (count: number) =>
    Object.fromEntries([['number', '030 1'], ...Array.from({ length: count - 1 }, (_, i) => [`p${i}`, 'x'])])
  assert.deepEqual(await notesOf(many(250)), [withNumber])
  assert.deepEqual(await notesOf(many(251)), [
    withNumber,
    'templateParameters has 251 members; the first 250 are used.',
  ])
})

test('timeoutSeconds 0: on the screen and in line for as long as it takes', async () => {
  await using world = await notificationWorld()
  const shown = await world.raise({ template: 'contoso_patient', token: 'shown' })
  const screen = await world.screen(shows(shown.id))
  assert.equal(screen.displayed?.deadline, null)
  const waits = await world.raise({ template: 'contoso_patient', token: 'waits' })
  await world.screen(({ waiting }) => waiting === 1)
  await world.advance(86_400)
  assert.deepEqual(
    (await world.notifications.agentScreen(DANA)).open.map(offer => offer.state),
    ['displayed', 'queued'],
  )
  await world.notifications.answerOffer(DANA, shown.id, 'accept')
  await world.screen(shows(waits.id))
  await world.cancel('waits')
  assert.equal((await world.ended(waits)).result?.responseReason, 'Cancelled')
})
