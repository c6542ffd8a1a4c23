// Limits and error shapes over HTTP: what is refused, how, and what is just accepted.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { applicationError, violations, wixServer } from './wix-calls.ts'

const wix = wixServer()
const { call } = wix

test('broken limits are named field by field', async () => {
  const id = randomUUID()
  const key = 'k'.repeat(101)
  const required = ['REQUIRED_FIELD', undefined] as const
  const format = (expected: string) => ['FORMAT', { expected }] as const
  const over = (threshold: number) => ['MAX_LENGTH', { threshold }] as const
  const cases: [string, unknown, [string, string, unknown][]][] = [
    [
      'cancel',
      {},
      [
        ['triggerKey', ...required],
        ['externalEntityId', ...required],
      ],
    ],
    [
      'cancel',
      { triggerKey: '', externalEntityId: '' },
      [
        ['triggerKey', 'MIN_LENGTH', { threshold: 1 }],
        ['externalEntityId', ...required],
      ],
    ],
    [
      'cancel',
      { triggerKey: key, externalEntityId: 'x' },
      [
        ['triggerKey', ...over(100)],
        ['externalEntityId', ...format('GUID')],
      ],
    ],
    [
      'cancel',
      { triggerKey: 1, externalEntityId: 2 },
      [
        ['triggerKey', ...format('STRING')],
        ['externalEntityId', ...format('GUID')],
      ],
    ],
    [
      'cancel',
      { triggerKey: null, externalEntityId: `{${id}}` },
      [
        ['triggerKey', ...required],
        ['externalEntityId', ...format('GUID')],
      ],
    ],
    ['report', {}, [['triggerKey', ...required]]],
    ['report', { triggerKey: 'my_trigger', payload: [] }, [['payload', ...format('OBJECT')]]],
    [
      'report',
      { triggerKey: 'my_trigger', externalEntityId: 'nope' },
      [['externalEntityId', ...format('GUID')]],
    ],
    ['report', { triggerKey: 'my_trigger', idempotency: {} }, [['idempotency.key', ...required]]],
    [
      'report',
      { triggerKey: 'my_trigger', idempotency: { key: 'x'.repeat(81) } },
      [['idempotency.key', ...over(80)]],
    ],
    [
      'report',
      { triggerKey: 'my_trigger', idempotency: { key: 'x', ttlInMilliseconds: '0' } },
      [['idempotency.ttlInMilliseconds', 'MIN', { threshold: 1 }]],
    ],
    [
      'report',
      { triggerKey: 'my_trigger', idempotency: { key: 'x', ttlInMilliseconds: '1e3' } },
      [['idempotency.ttlInMilliseconds', ...format('INT64')]],
    ],
    [
      'report',
      { triggerKey: 'my_trigger', idempotency: { key: 'x', ttlInMilliseconds: '9223372036854775808' } },
      [['idempotency.ttlInMilliseconds', ...format('INT64')]],
    ],
    [
      'report',
      { triggerKey: 'my_trigger', payload: { _secret: 1 } },
      [['payload._secret', ...format('PROPERTY_NAME')]],
    ],
    ['report', { triggerKey: 'appointment_starting' }, [['payload.startsAt', ...required]]],
    ['bulk-report', { triggerKey: 'my_trigger' }, [['eventsInfo', ...required]]],
    [
      'bulk-report',
      { triggerKey: 'my_trigger', eventsInfo: [] },
      [['eventsInfo', 'MIN_SIZE', { threshold: 1 }]],
    ],
    [
      'bulk-report',
      { triggerKey: 'my_trigger', eventsInfo: Array(101).fill({}) },
      [['eventsInfo', 'MAX_SIZE', { threshold: 100 }]],
    ],
    [
      'bulk-report',
      { triggerKey: 'my_trigger', eventsInfo: [{}, { externalEntityId: 'x' }, 7] },
      [
        ['eventsInfo[1].externalEntityId', ...format('GUID')],
        ['eventsInfo[2]', ...format('OBJECT')],
      ],
    ],
    [
      'bulk-cancel',
      { triggerKey: 'my_trigger', externalEntityIds: {} },
      [['externalEntityIds', ...format('ARRAY')]],
    ],
    [
      'bulk-cancel',
      { triggerKey: 'my_trigger', externalEntityIds: [] },
      [['externalEntityIds', 'MIN_SIZE', { threshold: 1 }]],
    ],
    [
      'bulk-cancel',
      { triggerKey: 'my_trigger', externalEntityIds: Array(101).fill(id) },
      [['externalEntityIds', 'MAX_SIZE', { threshold: 100 }]],
    ],
    [
      'bulk-cancel',
      { triggerKey: 'my_trigger', externalEntityIds: [id, 'x', null] },
      [
        ['externalEntityIds[1]', ...format('GUID')],
        ['externalEntityIds[2]', ...required],
      ],
    ],
  ]
  for (const [method, body, expected] of cases) {
    assert.deepEqual(
      violations(await call(method, { body })),
      expected,
      `${method} ${JSON.stringify(body).slice(0, 120)}`,
    )
  }
})

test('what is just within the limits is taken', async () => {
  const ids = Array.from({ length: 100 }, () => randomUUID())
  const idempotency = { key: '🙂'.repeat(80), ttlInMilliseconds: '9223372036854775807' }
  const accepted: [string, unknown][] = [
    ['report', { triggerKey: 'my_trigger', payload: null, externalEntityId: null, idempotency: null }],
    ['report', { triggerKey: 'my_trigger', idempotency }],
    [
      'report',
      {
        triggerKey: 'my_trigger',
        idempotency: { key: 'number', ttlInMilliseconds: 60_000 },
        more: 'unknown',
      },
    ],
    [
      'bulk-report',
      { triggerKey: 'my_trigger', eventsInfo: ids.map(externalEntityId => ({ externalEntityId })) },
    ],
    ['bulk-cancel', { triggerKey: 'my_trigger', externalEntityIds: ids }],
  ]
  for (const [method, body] of accepted) {
    const answer = await call(method, { body })
    assert.equal(answer.status, 200, `${method} ${answer.text}`)
  }
  for (const externalEntityId of [
    'fc81a355-3429-50fc-a4c7-def486e828f3',
    '00000000-0000-0000-0000-000000000000',
    ids[0]!.toUpperCase(),
  ]) {
    assert.equal((await call('cancel', { body: { triggerKey: 'my_trigger', externalEntityId } })).text, '{}')
  }
})

test('whatever cannot be read is a 4xx in Wix’s shape, and nothing is half done', async () => {
  const deep = `{"triggerKey":"my_trigger","payload":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`
  const cases: [string | Uint8Array, number, string][] = [
    ['{"triggerKey":', 400, 'MALFORMED_JSON'],
    [new Uint8Array([0x7b, 0xff, 0x7d]), 400, 'MALFORMED_JSON'],
    ['[]', 400, 'NOT_AN_OBJECT'],
    ['"text"', 400, 'NOT_AN_OBJECT'],
    ['null', 400, 'NOT_AN_OBJECT'],
    [deep, 400, 'TOO_DEEP'],
    ['{"triggerKey":"my_trigger","payload":{"a":"\\u0000"}}', 400, 'UNSTORABLE_TEXT'],
    ['{"triggerKey":"my_trigger","payload":{"a":"\\ud800"}}', 400, 'UNSTORABLE_TEXT'],
    ['{"triggerKey":"my\\u0000trigger"}', 400, 'UNSTORABLE_TEXT'],
    [`{"triggerKey":"my_trigger","payload":{"a":"${'x'.repeat(2_000_000)}"}}`, 413, 'BODY_TOO_LARGE'],
  ]
  for (const [body, status, code] of cases) {
    for (const method of ['report', 'bulk-report', 'cancel', 'bulk-cancel']) {
      const answer = await call(method, { body })
      assert.deepEqual(
        [answer.status, applicationError(answer).code],
        [status, code],
        String(body).slice(0, 60),
      )
    }
  }
  const form = await call('cancel', { body: 'a=b', headers: { 'content-type': 'text/plain' } })
  assert.deepEqual([form.status, applicationError(form).code], [415, 'UNSUPPORTED_MEDIA_TYPE'])
  const nowhere = await call('no-such-method')
  assert.deepEqual([nowhere.status, applicationError(nowhere).code], [404, 'NOT_FOUND'])
  assert.ok(!wix.server.log.some(line => line.includes(wix.token)), 'no token in the log')
})

// The last of this file: from here on the server is limited.
test('a tenant that keeps Wix’s rate limit answers 429 after 200 requests, and nobody else does', async () => {
  const body = { triggerKey: 'my_trigger', externalEntityId: randomUUID() }
  const crowd = async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => call('cancel', { body })))
    return Map.groupBy(answers, answer => answer.status)
  }
  assert.deepEqual([...(await crowd()).keys()], [200])
  const demo = await readFile(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
  const limited = demo.replace('    sandbox: true\n', '    sandbox: true\n    rateLimits: [wix]\n')
  await wix.server.server.workspace.apply(limited, { apply: true, demo: true })
  const answers = await crowd()
  assert.ok(answers.get(200)!.length >= 200)
  assert.equal(applicationError(answers.get(429)![0]!).code, 'RESOURCE_EXHAUSTED')
})
