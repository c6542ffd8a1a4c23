import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readActions } from '../../server/src/automations/actions/read-actions.ts'
import { firstEffect, flowIn, stepsAhead } from '../../server/src/automations/activations/next-step.ts'
import { moveBy, readDuration } from '../../server/src/automations/language/duration.ts'
import { payloadViolation, scheduledTime } from '../../server/src/automations/language/payload.ts'
import { fill, fillLine, templateFault } from '../../server/src/automations/language/template.ts'
import type { JsonObject } from '../../server/src/core/json.ts'
import { Mistakes, pathText } from '../../server/src/core/mistakes.ts'

const mail = (to: string) => ({ mail: { to, subject: 'Hello', text: 'Text' } })

function read(actions: unknown) {
  const mistakes = new Mistakes()
  const program = readActions(actions, { path: ['actions'], mistakes, webhookRefusal: () => null })
  return { program, mistakes: mistakes.kept.map(({ path, problem }) => `${pathText(path)} ${problem}`) }
}

function names(actions: unknown, payload: JsonObject): string[] {
  const program = { ...read(actions).program, before: null }
  return stepsAhead(program, program.first, payload).map(({ step }) =>
    step.do === 'mail' ? step.to : step.do === 'delay' ? `${step.wait.amount} ${step.wait.unit}` : step.do,
  )
}

test('actions run one after another, and go on behind a condition', () => {
  const actions = [
    mail('a@x'),
    {
      if: {
        field: 'paid',
        equals: true,
        // biome-ignore lint/suspicious/noThenProperty: the workspace file's own word
        then: [mail('paid@x')],
        else: [
          { delay: '3 days' },
          { if: { field: 'customer.phone', isEmpty: true, else: [mail('phone@x')] } },
        ],
      },
    },
    mail('z@x'),
  ]
  assert.deepEqual(names(actions, { paid: true }), ['a@x', 'paid@x', 'z@x'])
  assert.deepEqual(names(actions, { paid: false }), ['a@x', '3 days', 'z@x'])
  assert.deepEqual(names(actions, { paid: 'true', customer: { phone: '1' } }), [
    'a@x',
    '3 days',
    'phone@x',
    'z@x',
  ])
})

test('equals: strings without regard to case, other values by type; isEmpty: missing, null, empty', () => {
  // biome-ignore lint/suspicious/noThenProperty: the workspace file's own word
  const when = (test: object) => [{ if: { field: 'f', ...test, then: [mail('yes@x')] } }]
  assert.deepEqual(names(when({ equals: 'Open' }), { f: 'OPEN' }), ['yes@x'])
  assert.deepEqual(names(when({ equals: 1 }), { f: '1' }), [])
  for (const f of [null, '', [], {}]) assert.deepEqual(names(when({ isEmpty: true }), { f }), ['yes@x'])
  for (const f of [0, false, ' ', [{}]]) assert.deepEqual(names(when({ isEmpty: false }), { f }), ['yes@x'])
  assert.deepEqual(names([{ if: { field: 'constructor', isEmpty: true } }, mail('end@x')], {}), ['end@x'])
})

test('an action that cannot be understood is refused with its place', () => {
  const deep = (levels: number): unknown =>
    // biome-ignore lint/suspicious/noThenProperty: the workspace file's own word
    levels === 0 ? mail('a@x') : { if: { field: 'f', isEmpty: true, then: [deep(levels - 1)] } }
  const cases: [unknown, RegExp][] = [
    ['mail', /^actions must be a list/],
    [[{ sms: {} }], /^actions\[0\] has an unknown action "sms"/],
    [[{ mail: {}, delay: '1 day' }], /^actions\[0\] must be one action/],
    [[{ mail: { to: 'a@x', subject: 's', text: 't', html: 'h' } }], /^actions\[0\]\.mail\.html is not known/],
    [
      [{ mail: { to: 'a@x', subject: 's', text: '{{lower(x)}}' } }],
      /^actions\[0\]\.mail\.text has "\{\{lower/,
    ],
    [[{ delay: '400 days' }], /^actions\[0\]\.delay/],
    [[{ delay: '0 days' }], /^actions\[0\]\.delay/],
    [[{ webhook: { url: 'http://{{host}}/', type: 't' } }], /^actions\[0\]\.webhook\.url/],
    [[{ webhook: { url: 'http://a:b@x/', type: 't' } }], /^actions\[0\]\.webhook\.url/],
    [[{ webhook: { url: 'file:///etc/passwd', type: 't' } }], /^actions\[0\]\.webhook\.url/],
    [[{ if: { field: 'f' } }], /^actions\[0\]\.if needs either/],
    [[{ if: { field: 'f', equals: 1, isEmpty: true } }], /^actions\[0\]\.if needs either/],
    [[{ if: { field: 'f', equals: [] } }], /^actions\[0\]\.if\.equals/],
    [[deep(12)], /is nested deeper than 10/],
    [Array.from({ length: 46 }, () => mail('a@x')), /^actions has more than 45/],
  ]
  for (const [actions, message] of cases) {
    const { mistakes } = read(actions)
    assert.ok(mistakes.length >= 1 && message.test(mistakes[0]!), `${message}: ${mistakes}`)
  }
  assert.equal(
    read(cases.map(([actions]) => (actions as unknown[])[0])).mistakes.length > 8,
    true,
    'all at once',
  )
})

test('delays: calendar months end on the last day of a short month; bounds are those of the builder', () => {
  const at = new Date('2027-01-31T10:00:00Z')
  assert.equal(moveBy(at, { amount: 1, unit: 'months' }, 1).toISOString(), '2027-02-28T10:00:00.000Z')
  assert.equal(moveBy(at, { amount: 2, unit: 'months' }, -1).toISOString(), '2026-11-30T10:00:00.000Z')
  assert.equal(moveBy(at, { amount: 2, unit: 'weeks' }, 1).toISOString(), '2027-02-14T10:00:00.000Z')
  assert.deepEqual(readDuration('1 month'), { amount: 1, unit: 'months' })
  for (const bad of [
    '13 months',
    '53 weeks',
    '366 days',
    '1000 hours',
    '1.5 days',
    '-1 day',
    'soon',
    3,
    null,
  ]) {
    assert.equal(readDuration(bad), null, String(bad))
  }
})

test('a template takes payload fields, and what they bring in is never read again', () => {
  const payload = { name: '{{secret}}', secret: 'x', order: { id: 7 }, list: [{ a: 1 }], gone: null }
  assert.equal(
    fill('{{name}} {{ var("order.id") }} {{list}} {{gone}}{{missing}}.', payload),
    '{{secret}} 7 [{"a":1}] .',
  )
  assert.equal(fillLine('Re: {{s}}', { s: 'a\r\nBcc: eve@x\u2028b' }), 'Re: a Bcc: eve@x b')
  assert.equal(templateFault('{{ok}} {{ var("a.b") }}'), null)
  assert.equal(templateFault('{{ concat(a;b) }}'), '{{ concat(a;b) }}')
  assert.equal(templateFault('{{open'), '{{open')
})

test('an effect names the steps behind it and carries what they need; the last one carries nothing', () => {
  const actions = [
    mail('{{email}}'),
    { webhook: { url: 'https://hooks.example:8443/in', type: 'invoice.due' } },
    { delay: '3 days' },
    mail('{{email}}'),
  ]
  const program = { ...read(actions).program, before: null }
  const run = {
    activationId: 'a',
    automationId: 'b',
    revision: 1,
    triggerKey: 'invoice_due',
    externalEntityId: 'E',
    payload: { email: 'bob@contoso.example' },
  }
  const first = firstEffect(program, program.first, { run, at: null })!
  assert.equal(first.title, 'Mail to bob@contoso.example')
  assert.deepEqual(first.due, { afterMs: 0 })
  assert.deepEqual(first.next, [
    'Webhook invoice.due to hooks.example:8443',
    'Wait 3 days',
    'Mail to bob@contoso.example',
  ])
  const at = new Date('2026-05-01T00:00:00Z')
  const second = firstEffect(program, flowIn(first.data)!.goOnAt, { run, at })!
  assert.equal(second.lane, 'hooks.example:8443')
  assert.deepEqual(second.data.payload, {
    activationId: 'a',
    automationId: 'b',
    triggerKey: 'invoice_due',
    externalEntityId: 'E',
    payload: run.payload,
  })
  const third = firstEffect(program, flowIn(second.data)!.goOnAt, { run, at })!
  assert.deepEqual(third.due, { at: new Date('2026-05-04T00:00:00Z') })
  const last = firstEffect(program, flowIn(third.data)!.goOnAt, { run, at })!
  assert.equal(flowIn(last.data), null)
  assert.deepEqual(last.next, [])
})

test('payload rules: names, flat objects, lists of flat objects', () => {
  const good: JsonObject = {
    a: 1,
    B_2: 'x',
    c: true,
    d: null,
    list: [{ x: 1 }, {}],
    object: { y: 'z' },
    '1st': 0,
  }
  assert.equal(payloadViolation(good, 'payload'), null)
  const bad: [JsonObject, string][] = [
    [{ _id: 1 }, 'payload._id'],
    [{ 'a b': 1 }, 'payload.a b'],
    [{ '': 1 }, 'payload.'],
    [{ list: [1] }, 'payload.list[0]'],
    [{ list: [{}, { x: { y: 1 } }] }, 'payload.list[1].x'],
    [{ list: [[{}]] }, 'payload.list[0]'],
    [{ object: { x: [] } }, 'payload.object.x'],
    [{ object: { _x: 1 } }, 'payload.object._x'],
  ]
  for (const [payload, field] of bad) assert.equal(payloadViolation(payload, 'payload')?.field, field)
})

test('the time of a scheduled event is a date-time with an offset', () => {
  const read = (value: string) => scheduledTime({ at: value }, 'at', 'payload')
  assert.deepEqual(read('2026-05-01T09:00:00+02:00'), new Date('2026-05-01T07:00:00Z'))
  for (const value of ['2026-05-01', '2026-05-01T09:00:00', '2026-02-31T99:00:00Z', 'tomorrow']) {
    const found = read(value)
    assert.ok(!(found instanceof Date) && found.violatedRule === 'FORMAT', value)
  }
  const missing = scheduledTime({}, 'at', 'payload')
  assert.ok(!(missing instanceof Date) && missing.violatedRule === 'REQUIRED_FIELD')
})
