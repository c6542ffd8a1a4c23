// What a report starts and what a cancel reaches: ownership, the pair, idempotency, batches, races. The engine is not
// started where states should stand still.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { automationsWorld, callingApp, mailTo, otherApp, sectionOf, TENANT } from './automations-world.ts'

const waiting = [{ delay: '3 days' }, mailTo('bob@contoso.example')]

test('a cancel takes every live event of the pair, and no other trigger, entity, app, site or tenant', async () => {
  await using world = await automationsWorld({ start: false })
  const section = sectionOf({ my_trigger: waiting, form_submitted: waiting })
  const otherAppsKey = { app: 'other-app', key: 'my_trigger' }
  await world.apply({
    triggers: [...(section.triggers as []), otherAppsKey],
    automations: [
      ...(section.automations as []),
      { name: 'Theirs', app: 'other-app', trigger: 'my_trigger', actions: waiting },
    ],
  } as never)
  const entity = randomUUID()
  const site = randomUUID()
  const externalEntityId = entity
  const mine = await world.report('my_trigger', { externalEntityId })
  const again = await world.report('my_trigger', { externalEntityId: entity.toUpperCase() })
  const others = [
    await world.report('form_submitted', { externalEntityId }),
    await world.report('my_trigger', { externalEntityId: randomUUID() }),
    await world.report('my_trigger'),
    await world.report('my_trigger', { externalEntityId }, otherApp()),
    await world.report('my_trigger', { externalEntityId }, callingApp({ site })),
  ]
  const { receiptId, eventIds, counts } = await world.cancel('my_trigger', entity.toUpperCase())
  assert.deepEqual([...eventIds].sort(), [mine, again].sort())
  assert.equal(counts.total, 0, 'a wait is no item')
  assert.deepEqual(
    (await world.receipt(receiptId)).innerSteps.map(step => step.outcome),
    ['prevented', 'prevented'],
  )
  assert.equal(await world.cancelledBy(mine), receiptId)
  assert.equal(await world.cancelledBy(again), receiptId)
  for (const id of others) assert.equal(await world.cancelledBy(id), null)
  const foreign = callingApp({ tenant: 'fabrikam' })
  await assert.rejects(world.cancel('my_trigger', entity, foreign), { code: 'PERMISSION_DENIED' })
})

test('an event without an external entity id is untouched even by a cancel of what its entity is called', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  const id = await world.report('my_trigger')
  const event = await world.engine.event(TENANT, id)
  assert.equal(event!.key, null)
  for (const entity of [event!.entity, id]) {
    const { eventIds } = await world.cancel('my_trigger', entity)
    assert.deepEqual(eventIds, [])
  }
  assert.equal(await world.cancelledBy(id), null)
})

test("an unknown key and another app's key are refused in the very same way", async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  const faultOf = async (work: Promise<unknown>) => {
    const { code, status, message, data } = (await work.catch((error: unknown) => error)) as Record<
      string,
      unknown
    >
    return { code, status, message, data }
  }
  const entity = randomUUID()
  const theirs = [
    await faultOf(world.report('my_trigger', {}, otherApp())),
    await faultOf(world.cancel('my_trigger', entity, otherApp())),
  ]
  const nobodys = [
    await faultOf(world.report('no_such_key', {}, otherApp())),
    await faultOf(world.cancel('no_such_key', entity, otherApp())),
  ]
  assert.deepEqual(theirs, nobodys)
  assert.equal(theirs[0]!.status, 403)
})

test('a trigger without an active automation takes reports and starts nothing', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply({
    triggers: [{ app: 'demo-app', key: 'lonely' }],
    automations: [{ name: 'Off', app: 'demo-app', trigger: 'lonely', active: false, actions: waiting }],
  } as never)
  const [result] = await world.reportAll('lonely', [{ externalEntityId: randomUUID() }])
  assert.deepEqual(result, { is: 'reported', activationIds: [] })
})

test('the first report of an idempotency key wins, for its life on the tenant’s clock, cancelled or not', async () => {
  await using world = await automationsWorld()
  await world.apply(sectionOf({ my_trigger: waiting, form_submitted: waiting }))
  const externalEntityId = randomUUID()
  const event = { externalEntityId, idempotency: { key: 'k', ttlMs: null } }
  await world.report('my_trigger', event)
  assert.deepEqual(await world.reportAll('my_trigger', [event]), [{ is: 'repeated' }])
  await world.cancel('my_trigger', externalEntityId)
  assert.deepEqual(await world.reportAll('my_trigger', [event]), [{ is: 'repeated' }])
  // The same key elsewhere is another key.
  await world.report('form_submitted', event)
  await world.report('my_trigger', event, callingApp({ site: randomUUID() }))
  await world.report('my_trigger', { idempotency: { key: 'K', ttlMs: null } })

  await world.advance(6.9)
  assert.deepEqual(await world.reportAll('my_trigger', [event]), [{ is: 'repeated' }])
  await world.advance(0.2)
  await world.report('my_trigger', event)
  const short = { idempotency: { key: 'short', ttlMs: 60_000 } }
  await world.report('my_trigger', short)
  assert.deepEqual(await world.reportAll('my_trigger', [short]), [{ is: 'repeated' }])
  await world.advance(0.01)
  await world.report('my_trigger', short)
  const endless = { idempotency: { key: 'endless', ttlMs: Number(9_223_372_036_854_775_807n) } }
  await world.report('my_trigger', endless)
  await world.advance(3650)
  assert.deepEqual(await world.reportAll('my_trigger', [endless]), [{ is: 'repeated' }])
})

test('of reports with one key at the same moment, one starts', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  const event = { idempotency: { key: 'k', ttlMs: null } }
  const bulk = await world.reportAll('my_trigger', [event, event, event])
  assert.deepEqual(
    bulk.map(result => result.is),
    ['reported', 'repeated', 'repeated'],
  )
  for (let round = 0; round < 10; round++) {
    const key = { idempotency: { key: `k${round}`, ttlMs: null } }
    const results = await Promise.all(
      // Not all in one turn of the event loop, so that several batches meet at the database.
      Array.from({ length: 20 }, async (_, i) => {
        for (let turn = 0; turn < i % 4; turn++) await new Promise(resolve => setImmediate(resolve))
        return (await world.reportAll('my_trigger', [key]))[0]!.is
      }),
    )
    assert.equal(results.filter(is => is === 'reported').length, 1)
  }
})

test('expired idempotency keys are swept by later reports', async () => {
  await using world = await automationsWorld()
  await world.apply(sectionOf({ my_trigger: waiting }))
  const keys = (from: number) =>
    Array.from({ length: 10 }, (_, i) => ({ idempotency: { key: `k${from + i}`, ttlMs: 1000 } }))
  await world.reportAll('my_trigger', keys(0))
  await world.advance(1)
  await world.reportAll('my_trigger', keys(10))
  const left = await world.database.db.query<{ key: string }>({
    text: 'select key from automations.idempotency',
  })
  assert.deepEqual(
    left.map(row => row.key).sort(),
    keys(10)
      .map(event => event.idempotency.key)
      .sort(),
  )
})

test("one caller's fault is never another's, though they share a batch", async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting, broken: waiting }))
  // As a defect of ours would leave it: a program whose first step is not there.
  await world.database.db.query({
    text: `update automations.revision set program = '{"first": 9, "steps": [], "before": null}'
      where automation_id = (select id from automations.automation where trigger_key = 'broken')`,
  })
  const good = Array.from({ length: 8 }, () => ({ externalEntityId: randomUUID() }))
  const results = await Promise.allSettled([
    ...good.slice(0, 4).map(event => world.report('my_trigger', event)),
    world.report('broken'),
    ...good.slice(4).map(event => world.report('my_trigger', event)),
  ])
  assert.deepEqual(
    results.map(result => result.status),
    [...Array(4).fill('fulfilled'), 'rejected', ...Array(4).fill('fulfilled')],
  )
  for (const result of results) {
    if (result.status === 'fulfilled')
      assert.equal((await world.engine.effectsOf(TENANT, result.value)).length, 1)
  }
  const [{ count }] = (await world.database.db.query<{ count: number }>({
    text: 'select count(*) as count from engine.event',
  })) as [{ count: number }]
  assert.equal(count, 8)
})

test('of a list, an event that breaks a rule is refused alone', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  const results = await world.reportAll('my_trigger', [
    { payload: { fine: 1 } },
    { payload: { _bad: 1 } },
    { payload: { list: [{ deep: {} }] } },
    { payload: { fine: 2 } },
  ])
  assert.deepEqual(
    results.map(result => result.is),
    ['reported', 'refused', 'refused', 'reported'],
  )
})

test('the same cancel again gets the same receipt and changes nothing; after a new report it is a new one', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  const externalEntityId = randomUUID()
  await world.report('my_trigger', { externalEntityId })
  const first = await world.cancel('my_trigger', externalEntityId)
  const second = await world.cancel('my_trigger', externalEntityId)
  assert.deepEqual([second.receiptId, second.replayed], [first.receiptId, true])
  const later = await world.report('my_trigger', { externalEntityId })
  const withKey = await world.cancel('my_trigger', externalEntityId, callingApp(), 'key-1')
  assert.notEqual(withKey.receiptId, first.receiptId)
  assert.equal(await world.cancelledBy(later), withKey.receiptId)
  const alive = await world.report('my_trigger', { externalEntityId })
  const repeat = await world.cancel('my_trigger', externalEntityId, callingApp(), 'key-1')
  assert.deepEqual([repeat.receiptId, repeat.replayed], [withKey.receiptId, true])
  assert.equal(await world.cancelledBy(alive), null)
})

test('of a report and a cancel at the same moment, either came first, and the receipt says which', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  for (let round = 0; round < 40; round++) {
    const externalEntityId = randomUUID()
    const report = () => world.report('my_trigger', { externalEntityId })
    const cancel = () => world.cancel('my_trigger', externalEntityId)
    const [id, outcome] =
      round % 2 === 0
        ? await Promise.all([report(), cancel()])
        : (await Promise.all([cancel(), report()])).toReversed()
    const { receiptId, eventIds } = outcome as Awaited<ReturnType<typeof cancel>>
    const [effect] = await world.engine.effectsOf(TENANT, id as string)
    if (eventIds.length > 0) {
      assert.deepEqual(eventIds, [id])
      assert.equal(await world.cancelledBy(id as string), receiptId)
      assert.equal(effect!.ending, 'prevented')
    } else {
      assert.equal(await world.cancelledBy(id as string), null)
      assert.equal(effect!.state, 'pending')
    }
  }
})
