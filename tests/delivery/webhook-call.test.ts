// Calls of webhooks against real receivers: what arrives, and what each kind of answer means.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readWebhookSecret, webhookHeaders } from '../../server/src/delivery/webhook/signature.ts'
import { type HttpAnswer, httpReceiver } from '../support/http-receiver.ts'
import { selfSigned } from '../support/self-signed.ts'
import { calm, NOW, startedEffect } from './started-effect.ts'
import { errorOf, SECRET, signatureHolds, webhookCarriers } from './webhook-receiver.ts'

const callTo = (url: string, more: object = {}) =>
  startedEffect('webhook.call', { url, type: 'booking.reminded', payload: { seat: '12ä🚀' }, ...more })

suite('a webhook', () => {
  test('arrives signed, as Standard Webhooks says', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => ({ status: 202, body: '{"ok":true}' })
    using carriers = webhookCarriers()
    const effect = callTo(`${receiver.url}/hooks/a?b=c`)
    const verdict = await carriers.call.run(effect, calm)
    assert.deepEqual(verdict, {
      is: 'done',
      evidence: { status: 202, address: '127.0.0.1', body: '{"ok":true}' },
    })
    const [request] = await receiver.arrived(1)
    assert.deepEqual([request!.method, request!.path], ['POST', '/hooks/a?b=c'])
    assert.deepEqual(request!.json, {
      type: 'booking.reminded',
      timestamp: effect.dueAt.toISOString(),
      data: { seat: '12ä🚀' },
    })
    assert.equal(request!.headers['webhook-id'], effect.id)
    assert.equal(request!.headers['webhook-timestamp'], String(NOW.getTime() / 1000))
    assert.equal(request!.headers['content-type'], 'application/json')
    assert.equal(request!.headers.host, `127.0.0.1:${receiver.port}`)
    assert.ok(signatureHolds(request!, SECRET))
    assert.ok(!signatureHolds({ ...request!, body: `${request!.body} ` }, SECRET))
  })

  test('is the same, id and octets, at the next attempt', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers()
    const effect = callTo(receiver.url)
    await carriers.call.run(effect, calm)
    await carriers.call.run({ ...effect, attempt: 2 }, calm)
    const [first, second] = await receiver.arrived(2)
    assert.equal(first!.headers['webhook-id'], second!.headers['webhook-id'])
    assert.equal(first!.body, second!.body)
  })

  test('that is not answered is waited for up to half as long again, by its id, so that what began together does not end together', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => 'hang'
    using carriers = webhookCarriers({ answerMs: 100 })
    const errors = ['0000', '8000', 'ffff'].map(async end => {
      const effect = callTo(receiver.url)
      return errorOf(await carriers.call.run({ ...effect, id: `${effect.id.slice(0, -4)}${end}` }, calm))
    })
    assert.deepEqual(await Promise.all(errors), [
      'no answer within 100 ms',
      'no answer within 125 ms',
      'no answer within 150 ms',
    ])
  })

  test('is signed with every secret while one is being changed', async () => {
    await using receiver = await httpReceiver()
    const old = Buffer.alloc(24, 7)
    const asked: string[][] = []
    using carriers = webhookCarriers({
      secretFor: async (tenant, ref) => {
        asked.push([tenant, ref])
        return [SECRET, old]
      },
    })
    await carriers.call.run(callTo(receiver.url), calm)
    await carriers.call.run(callTo(receiver.url, { secretRef: 'crm' }), calm)
    const [request] = await receiver.arrived(2)
    assert.ok(signatureHolds(request!, SECRET) && signatureHolds(request!, old))
    assert.ok(!signatureHolds(request!, Buffer.alloc(24, 8)))
    assert.deepEqual(asked, [
      ['contoso', receiver.url],
      ['contoso', 'crm'],
    ])
  })

  test('goes over https only to a certificate that can be trusted', async () => {
    const { cert, key } = await selfSigned(['hooks.example'])
    await using receiver = await httpReceiver({ tls: { cert, key } })
    const lookup = async () => ['127.0.0.1']
    using trusting = webhookCarriers({ ca: cert, lookup })
    assert.equal((await trusting.call.run(callTo(`https://hooks.example:${receiver.port}`), calm)).is, 'done')
    assert.equal(receiver.requests[0]!.headers.host, `hooks.example:${receiver.port}`)
    const other = await trusting.call.run(callTo(`https://other.example:${receiver.port}`), calm)
    assert.equal(other.is, 'retry')
    using doubting = webhookCarriers({ lookup })
    const refused = await doubting.call.run(callTo(`https://hooks.example:${receiver.port}`), calm)
    assert.equal(refused.is, 'retry')
    assert.equal(receiver.requests.length, 1)
  })

  test('without a secret is failed, unsent', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers({ secretFor: async () => null })
    assert.equal((await carriers.call.run(callTo(receiver.url), calm)).is, 'failed')
    assert.equal(receiver.connections, 0)
  })

  for (const [what, data] of [
    ['no URL', { url: 'nowhere' }],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['credentials in its URL', { url: 'https://user:geheim@hooks.example/' }],
    ['a URL that is too long', { url: `https://hooks.example/${'a'.repeat(2100)}` }],
    ['a type that is no name', { type: 'a b' }],
    ['a type with a line end', { type: 'a\r\nb' }],
  ] as const) {
    test(`with ${what} is failed, and its error repeats no secret`, async () => {
      using carriers = webhookCarriers()
      const verdict = await carriers.call.run(callTo('https://hooks.example/', data), calm)
      assert.equal(verdict.is, 'failed')
      assert.doesNotMatch(errorOf(verdict), /geheim/)
    })
  }
})

suite('an answer', () => {
  const cases: readonly (readonly [string, HttpAnswer, object])[] = [
    ['204', { status: 204, body: '' }, { is: 'done' }],
    [
      '301',
      { status: 301, headers: { location: '/elsewhere' } },
      { is: 'retry', error: /301: redirects are not followed/, mayHaveHappened: true },
    ],
    [
      '307',
      { status: 307, headers: { location: '/elsewhere' } },
      { is: 'retry', error: /307: redirects/, mayHaveHappened: true },
    ],
    ['400', { status: 400 }, { is: 'retry', error: /400/ }],
    ['404', { status: 404 }, { is: 'retry', error: /404/ }],
    ['410', { status: 410 }, { is: 'failed', error: /410/, mayHaveHappened: true }],
    [
      '429 with seconds',
      { status: 429, headers: { 'retry-after': '7' } },
      { is: 'retry', notBeforeMs: 7000 },
    ],
    [
      '503 with a date',
      { status: 503, headers: { 'retry-after': 'Sun, 01 Mar 2026 09:02:00 GMT' } },
      { is: 'retry', notBeforeMs: 120_000 },
    ],
    [
      '503 with a date gone by',
      { status: 503, headers: { 'retry-after': 'Sun, 01 Mar 2026 08:00:00 GMT' } },
      { is: 'retry', notBeforeMs: 0 },
    ],
    [
      '429 with a year',
      { status: 429, headers: { 'retry-after': '31536000' } },
      { is: 'retry', notBeforeMs: 86_400_000 },
    ],
    [
      '429 with nonsense',
      { status: 429, headers: { 'retry-after': 'soon' } },
      { is: 'retry', notBeforeMs: undefined },
    ],
    ['500', { status: 500 }, { is: 'retry', mayHaveHappened: true }],
    ['504', { status: 504 }, { is: 'retry', mayHaveHappened: true }],
    ['a closed connection', 'close', { is: 'retry', mayHaveHappened: true }],
    ['200 and a body that breaks off', 'close-in-body', { is: 'done' }],
  ]
  for (const [what, answer, wanted] of cases) {
    test(`of ${what} means ${JSON.stringify(wanted, (_, value) => (value instanceof RegExp ? String(value) : value))}`, async () => {
      await using receiver = await httpReceiver()
      receiver.answer = () => answer
      using carriers = webhookCarriers()
      const verdict = (await carriers.call.run(callTo(receiver.url), calm)) as Record<string, unknown>
      for (const [key, value] of Object.entries(wanted)) {
        if (value instanceof RegExp) assert.match(String(verdict[key]), value)
        else assert.equal(verdict[key], value, key)
      }
      assert.equal('mayHaveHappened' in verdict, 'mayHaveHappened' in wanted)
      assert.equal(receiver.requests.length, 1, 'a redirect was followed')
    })
  }

  test('is kept as a short, storable text, however long and strange it is', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => ({
      body: Buffer.concat([Buffer.from([0, 0xff, 0xfe, 7]), Buffer.from('🚀'.repeat(100_000))]),
    })
    using carriers = webhookCarriers()
    const verdict = await carriers.call.run(callTo(receiver.url), calm)
    assert.ok(verdict.is === 'done')
    const body = String(verdict.evidence?.body)
    assert.ok(body.isWellFormed() && body.length <= 400 && !body.includes('\0') && body.includes('🚀'))
  })

  test('that does not come in time is tried again: it may have happened', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => 'hang'
    using carriers = webhookCarriers({ answerMs: 50 })
    const verdict = await carriers.call.run(callTo(receiver.url), calm)
    assert.ok(verdict.is === 'retry' && verdict.mayHaveHappened)
    await receiver.requests[0]!.gone
  })

  test('200 whose body does not end in time is done all the same', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => ({ slowly: response => response.write('{"so far":') })
    using carriers = webhookCarriers({ answerMs: 200 })
    const verdict = await carriers.call.run(callTo(receiver.url), calm)
    assert.ok(verdict.is === 'done' && verdict.evidence?.body === '{"so far":')
  })

  test('from nobody is tried again: it cannot have happened', async () => {
    const receiver = await httpReceiver()
    await receiver.close()
    using carriers = webhookCarriers()
    const verdict = await carriers.call.run(callTo(receiver.url), calm)
    assert.equal(verdict.is, 'retry')
    assert.ok(!('mayHaveHappened' in verdict))
  })
})

suite('lanes and secrets', () => {
  test('a signature is that of the specification’s own example', () => {
    // Secret, message and signature as they stand in the libraries of standard-webhooks.
    const key = readWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    const headers = webhookHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' },
      [key],
    )
    assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  for (const text of [
    '',
    'whsec_',
    'geheim',
    `whsec_${'A'.repeat(8)}`,
    `whsec_${'A'.repeat(120)}`,
    'whsec_!!!!',
  ]) {
    test(`${JSON.stringify(text)} is no secret, and is not repeated`, () => {
      assert.throws(
        () => readWebhookSecret(text),
        (error: Error) => text === '' || !error.message.includes(text.slice(6) || 'never'),
      )
    })
  }
})
