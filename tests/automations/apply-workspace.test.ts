import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { JsonObject } from '../../server/src/core/json.ts'
import { automationsWorld, mailTo, sectionOf } from './automations-world.ts'

const waiting = [{ delay: '3 days' }, mailTo('bob@contoso.example')]

test('a diff changes nothing, applying changes what it said, applying again changes nothing', async () => {
  await using world = await automationsWorld({ start: false })
  const section = sectionOf({ my_trigger: waiting, invoice_due: waiting })
  const expected = [
    { is: 'added', at: 'triggers.demo-app.my_trigger' },
    { is: 'added', at: 'triggers.demo-app.invoice_due' },
    { is: 'added', at: 'automations.demo-app.On my_trigger' },
    { is: 'added', at: 'automations.demo-app.On invoice_due' },
  ]
  assert.deepEqual(await world.apply(section, { apply: false }), expected)
  assert.deepEqual(await world.apply(section), expected)
  assert.deepEqual(await world.apply(section), [])
})

test('what stands in the file no more reports no more, but what is pending can be cancelled', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting }))
  const externalEntityId = randomUUID()
  const id = await world.report('my_trigger', { externalEntityId })
  const removed = await world.apply({})
  assert.deepEqual(
    removed.map(({ is, at }) => `${is} ${at}`),
    ['removed triggers.demo-app.my_trigger', 'removed automations.demo-app.On my_trigger'],
  )
  // By which names what is under way of them is found.
  assert.deepEqual(
    removed.map(({ of }) => Object.keys(of ?? {})),
    [
      ['trigger', 'appId'],
      ['automation', 'revision'],
    ],
  )
  assert.deepEqual(await world.apply({}), [])
  await assert.rejects(world.report('my_trigger', { externalEntityId }), { code: 'PERMISSION_DENIED' })
  const { receiptId } = await world.cancel('my_trigger', externalEntityId)
  assert.equal(await world.cancelledBy(id), receiptId)

  const back = await world.apply(sectionOf({ my_trigger: waiting }))
  assert.deepEqual(back, [
    { is: 'added', at: 'triggers.demo-app.my_trigger' },
    { is: 'changed', at: 'automations.demo-app.On my_trigger', detail: 'switched on' },
  ])
  await world.report('my_trigger', { externalEntityId })
})

test('a mistake is refused with its place, and nothing of the file is applied', async () => {
  await using world = await automationsWorld({ start: false })
  const trigger = { app: 'demo-app', key: 'my_trigger' }
  const automation = { name: 'A', app: 'demo-app', trigger: 'my_trigger', actions: [] }
  const cases: [JsonObject, RegExp][] = [
    [{ triggers: [{ ...trigger, app: 'no-app' }] }, /^triggers\[0\]\.app there is no app "no-app"/],
    [{ triggers: [trigger, trigger] }, /^triggers\[1\]\.key declares my_trigger a second time/],
    [{ triggers: [{ ...trigger, kind: 'x' }] }, /^triggers\[0\]\.kind is not known/],
    [{ triggers: [{ ...trigger, key: 'x'.repeat(101) }] }, /^triggers\[0\]\.key is longer than 100/],
    [{ triggers: {} }, /^triggers must be a list/],
    [{ automations: [automation] }, /^automations\[0\]\.trigger demo-app has no trigger "my_trigger"/],
    [
      { triggers: [trigger], automations: [automation, automation] },
      /^automations\[1\]\.name "A" is used twice/,
    ],
    [{ triggers: [trigger], automations: [{ ...automation, before: '1 day' }] }, /scheduled triggers only/],
    [
      { triggers: [trigger], automations: [{ ...automation, actions: [{ wait: 1 }] }] },
      /^automations\[0\]\.actions\[0\]/,
    ],
    [
      {
        triggers: [trigger],
        automations: Array.from({ length: 101 }, (_, i) => ({ ...automation, name: `A${i}` })),
      },
      /more than 100 active/,
    ],
  ]
  for (const [section, message] of cases) {
    await assert.rejects(world.apply(section), { message })
  }
  await assert.rejects(world.report('my_trigger'), { code: 'PERMISSION_DENIED' })
})
