// From the report to the last action: delays, conditions, failing actions, and a cancel in the middle.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { automationsWorld, mailTo, sectionOf, TENANT } from './automations-world.ts'

const subjects = (mails: readonly { readonly raw: Buffer }[]) =>
  mails.map(mail => /^Subject: (.*)$/m.exec(mail.raw.toString())![1]!.trim())

test('actions run in order to the end, over a delay and a condition', async () => {
  await using world = await automationsWorld()
  await world.apply(
    sectionOf({
      invoice_due: [
        mailTo('{{email}}', 'first {{ var("name") }}'),
        { webhook: { url: `${world.hooks.url}/due`, type: 'invoice.due' } },
        { delay: '3 days' },
        {
          if: {
            field: 'paid',
            equals: true,
            // biome-ignore lint/suspicious/noThenProperty: the workspace file's own word
            then: [mailTo('{{email}}', 'thanks')],
            else: [{ delay: '1 week' }, mailTo('{{email}}', 'reminder')],
          },
        },
        mailTo('{{email}}', 'last'),
      ],
    }),
  )
  const externalEntityId = randomUUID()
  const payload = { email: 'bob@contoso.example', name: 'Bob', paid: false }
  const id = await world.report('invoice_due', { externalEntityId, payload })
  const [call] = await world.hooks.arrived(1)
  assert.equal(call!.path, '/due')
  const { type, data } = call!.json as { type: string; data: Record<string, unknown> }
  assert.equal(type, 'invoice.due')
  assert.equal(data.activationId, id)
  assert.equal(data.triggerKey, 'invoice_due')
  assert.equal(data.externalEntityId, externalEntityId)
  assert.deepEqual(data.payload, payload)

  await world.advance(2.9)
  assert.deepEqual(subjects(world.smtp.mails), ['first Bob'])
  await world.advance(6)
  assert.deepEqual(subjects(world.smtp.mails), ['first Bob'])
  await world.advance(1.2)
  assert.deepEqual(subjects(world.smtp.mails), ['first Bob', 'reminder', 'last'])
  const effects = await world.engine.effectsOf(TENANT, id)
  assert.deepEqual(
    effects.map(effect => effect.title).sort(),
    [
      'Mail to bob@contoso.example',
      'Mail to bob@contoso.example',
      'Mail to bob@contoso.example',
      'Wait 1 week',
      'Wait 3 days',
      `Webhook invoice.due to ${world.hooks.host}:${world.hooks.port}`,
    ].sort(),
  )
  assert.ok(effects.every(effect => effect.ending === 'done'))
})

test('a cancel in a delay prevents it, names the steps behind it, and nothing more happens', async () => {
  await using world = await automationsWorld()
  await world.apply(
    sectionOf({
      invoice_due: [
        mailTo('bob@contoso.example', 'now'),
        { delay: '3 days' },
        mailTo('carol@contoso.example', 'later'),
      ],
    }),
  )
  const entity = randomUUID()
  const id = await world.report('invoice_due', { externalEntityId: entity })
  await world.advance(1)
  const { receiptId, counts } = await world.cancel('invoice_due', entity)
  assert.deepEqual(
    { total: counts.total, prevented: counts.prevented, already_ended: counts.already_ended },
    { total: 1, prevented: 0, already_ended: 1 },
  )
  const receipt = await world.receipt(receiptId)
  assert.equal(receipt.state, 'final')
  const prevented = receipt.innerSteps.filter(item => item.outcome === 'prevented')
  assert.deepEqual(
    prevented.map(({ title, next }) => ({ title, next })),
    [{ title: 'Wait 3 days', next: ['Mail to carol@contoso.example'] }],
  )
  assert.equal(receipt.by.api, 'wix')
  assert.equal(await world.cancelledBy(id), receiptId)
  await world.advance(30)
  assert.deepEqual(subjects(world.smtp.mails), ['now'])
})

test('what is reported for the pair after a cancel lives', async () => {
  await using world = await automationsWorld()
  await world.apply(sectionOf({ my_trigger: [{ delay: '1 day' }, mailTo('bob@contoso.example', 'alive')] }))
  const entity = randomUUID()
  await world.report('my_trigger', { externalEntityId: entity })
  const first = await world.cancel('my_trigger', entity)
  await world.report('my_trigger', { externalEntityId: entity.toUpperCase() })
  await world.advance(2)
  assert.deepEqual(subjects(world.smtp.mails), ['alive'])
  const second = await world.cancel('my_trigger', entity)
  assert.notEqual(second.receiptId, first.receiptId)
})

test('a failing action does not end the run, and a retry by hand brings its successor only once', async () => {
  await using world = await automationsWorld()
  await world.apply(
    sectionOf({ my_trigger: [mailTo('{{email}}', 'fails'), mailTo('carol@contoso.example', 'goes on')] }),
  )
  world.smtp.answer = (stage, line) =>
    stage === 'rcpt' && line.includes('bob') ? { code: 550, text: '5.1.1 no' } : null
  const id = await world.report('my_trigger', { payload: { email: 'bob@contoso.example' } })
  await world.smtp.arrived(1)
  await world.advance(1)
  const dead = (await world.engine.effectsOf(TENANT, id)).find(effect => effect.ending === 'dead')
  world.smtp.answer = () => null
  assert.equal(await world.engine.retry(TENANT, dead!.id), 'retried')
  await world.smtp.arrived(2)
  await world.advance(1)
  assert.deepEqual(subjects(world.smtp.mails), ['goes on', 'fails'])
})

test('a payload chooses one recipient at most', async () => {
  await using world = await automationsWorld()
  await world.apply(
    sectionOf({ my_trigger: [mailTo('{{email}}', 'to'), mailTo('carol@contoso.example', 'end')] }),
  )
  const attempts = [
    'a@contoso.example, b@contoso.example',
    'x <a@contoso.example>',
    'a@contoso.example\r\nBcc: eve@x.example',
    '',
  ]
  for (const email of attempts) await world.report('my_trigger', { payload: { email } })
  await world.smtp.arrived(attempts.length)
  await world.advance(1)
  assert.deepEqual(new Set(world.smtp.mails.flatMap(mail => mail.to)), new Set(['carol@contoso.example']))
})

test('an activation goes on with the revision that it began with', async () => {
  await using world = await automationsWorld()
  const version = (subject: string) =>
    sectionOf({ my_trigger: [{ delay: '2 days' }, mailTo('bob@contoso.example', subject)] })
  await world.apply(version('old'))
  await world.report('my_trigger')
  assert.deepEqual(
    (await world.apply(version('new'))).map(({ is, at, detail }) => [is, at, detail]),
    [['changed', 'automations.demo-app.On my_trigger', 'revision 2: - mail "old", + mail "new"']],
  )
  await world.advance(1)
  await world.report('my_trigger')
  await world.advance(1.5)
  assert.deepEqual(subjects(world.smtp.mails), ['old'])
  await world.advance(1)
  assert.deepEqual(subjects(world.smtp.mails), ['old', 'new'])
})

test('a delay of a month ends on the calendar', async () => {
  await using world = await automationsWorld()
  await world.apply(sectionOf({ my_trigger: [{ delay: '1 month' }, { delay: '1 month' }] }))
  const before = await world.engine.now(TENANT)
  const id = await world.report('my_trigger')
  const [effect] = await world.engine.effectsOf(TENANT, id)
  const due = effect!.dueAt
  const expected = new Date(Date.UTC(before.getUTCFullYear(), before.getUTCMonth() + 1, 1))
  assert.deepEqual(
    [due.getUTCFullYear(), due.getUTCMonth()],
    [expected.getUTCFullYear(), expected.getUTCMonth()],
  )
  await world.advance(32)
  const effects = await world.engine.effectsOf(TENANT, id)
  const second = effects.find(other => other.id !== effect!.id)
  assert.ok(second!.dueAt.getTime() - due.getTime() >= 28 * 86_400_000)
})

test('a scheduled event starts at, before or after its time; one whose start has passed is skipped', async () => {
  await using world = await automationsWorld()
  await world.apply({
    triggers: [{ app: 'demo-app', key: 'appointment_starting', schedule: 'startsAt' }],
    automations: [
      {
        name: '1 at',
        app: 'demo-app',
        trigger: 'appointment_starting',
        actions: [mailTo('bob@contoso.example', 'at')],
      },
      {
        name: '2 before',
        app: 'demo-app',
        trigger: 'appointment_starting',
        before: '1 day',
        actions: [mailTo('bob@contoso.example', 'before')],
      },
      {
        name: '3 after',
        app: 'demo-app',
        trigger: 'appointment_starting',
        actions: [{ delay: '1 day' }, mailTo('bob@contoso.example', 'after')],
      },
    ],
  })
  const now = await world.engine.now(TENANT)
  const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString()
  const [planned] = await world.reportAll('appointment_starting', [{ payload: { startsAt: inDays(10) } }])
  assert.ok(planned!.is === 'reported' && planned!.activationIds.length === 3)
  await world.advance(8.5)
  assert.deepEqual(subjects(world.smtp.mails), [])
  await world.advance(1)
  assert.deepEqual(subjects(world.smtp.mails), ['before'])
  await world.advance(1)
  assert.deepEqual(subjects(world.smtp.mails), ['before', 'at'])
  await world.advance(1)
  assert.deepEqual(subjects(world.smtp.mails), ['before', 'at', 'after'])

  const [passed] = await world.reportAll('appointment_starting', [{ payload: { startsAt: inDays(1) } }])
  assert.ok(passed!.is === 'reported' && passed!.activationIds.length === 3)
  for (const id of passed!.activationIds) {
    const event = await world.engine.event(TENANT, id)
    assert.equal(event!.data.skipped, 'SCHEDULE_DATE_EXPIRED')
    assert.deepEqual(await world.engine.effectsOf(TENANT, id), [])
  }
  const [unreadable] = await world.reportAll('appointment_starting', [{ payload: { startsAt: 'tomorrow' } }])
  assert.ok(unreadable!.is === 'refused' && unreadable!.fault.code === 'INVALID_ARGUMENT')
})
