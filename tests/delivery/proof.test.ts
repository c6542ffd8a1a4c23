// Which answers prove that nothing happened, one by one, and what a cancel says of an action whose attempt was answered so.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nativeDomain } from '../../server/src/apis/native/native-domain.ts'
import { proofOf as proofOfMail } from '../../server/src/delivery/mail/proof.ts'
import { proofOf } from '../../server/src/delivery/webhook/proof.ts'
import { testEngine } from '../support/engine.ts'
import { type HttpAnswer, httpReceiver } from '../support/http-receiver.ts'
import { webhookCarriers } from './webhook-receiver.ts'

const REFUSED = new Set([400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 416, 417, 422, 429, 431])

const NOW = new Date('2026-03-01T09:00:00Z')

const answered = (status: number, headers: { 'retry-after'?: string } = {}) =>
  proofOf({ is: 'answered', status, headers, body: '', address: '127.0.0.1' }, NOW)

suite('proof', () => {
  test('of every status: 2xx did it, a list of refusals did nothing, all others may have', () => {
    for (let status = 200; status <= 999; status++) {
      const wanted = status < 300 ? 'done' : REFUSED.has(status) ? 'nothing' : 'doubt'
      assert.equal(answered(status), wanted, `${status}`)
      const again = status === 503 ? 'nothing' : wanted
      assert.equal(answered(status, { 'retry-after': '60' }), again, `${status} with Retry-After`)
    }
  })

  for (const header of [
    '0',
    '86400',
    ' 7 ',
    'Sun, 01 Mar 2026 09:02:00 GMT',
    'Sunday, 01-Mar-26 09:02:00 GMT',
  ])
    test(`of 503 with Retry-After: ${header}`, () =>
      assert.equal(answered(503, { 'retry-after': header }), 'nothing'))
  for (const header of ['', 'soon', '-1', '1.5', '1234567890123', 'Mon, 01 Mar 2026 09:02:00 GMT'])
    test(`is none of 503 with Retry-After: ${JSON.stringify(header)}, which is no time`, () =>
      assert.equal(answered(503, { 'retry-after': header }), 'doubt'))

  test('of a request that did not begin, and none of one that was not answered', () => {
    assert.equal(proofOf({ is: 'not_begun', error: 'x', refused: false }, NOW), 'nothing')
    assert.equal(proofOf({ is: 'not_begun', error: 'x', refused: true }, NOW), 'nothing')
    assert.equal(proofOf({ is: 'no_answer', error: 'x' }, NOW), 'doubt')
  })

  test('of an SMTP conversation', () => {
    assert.equal(proofOfMail({ is: 'accepted', reply: '250 Ok' }), 'done')
    for (const code of [421, 451, 550, 554])
      for (const command of ['CONN', 'EHLO', 'AUTH LOGIN', 'MAIL FROM', 'RCPT TO', 'DATA'])
        assert.equal(proofOfMail({ is: 'refused', reply: `${code} no`, code, command }), 'nothing')
    for (const phase of ['connect', 'login', 'envelope', 'body'] as const)
      assert.equal(proofOfMail({ is: 'unsent', phase, error: 'x', aborted: false }), 'nothing')
    assert.equal(proofOfMail({ is: 'unknown', error: 'x', aborted: false }), 'doubt')
  })
})

type Outcome = 'prevented' | 'stopped' | 'too_late' | 'in_doubt'

/** Answers the first attempt so, cancels while the second is waited for, and answers the withdrawal, if one comes, with `told`. */
async function calledOffAfter(answer: HttpAnswer, told: HttpAnswer = {}) {
  await using receiver = await httpReceiver()
  receiver.answer = request =>
    (request.json as { type?: string } | null)?.type === 'effect.cancelled' ? told : answer
  using webhooks = webhookCarriers()
  await using world = await testEngine([webhooks.call, webhooks.withdraw], {
    domains: [nativeDomain],
    finalAfterMs: 1000,
  })
  const { engine, database } = world
  const [announced] = await database.db.transaction('t', tx =>
    engine.announce(tx, [
      {
        tenant: 'contoso',
        kind: nativeDomain.eventKind,
        key: null,
        entity: 'e',
        title: 'call',
        data: {},
        effects: [
          {
            kind: 'webhook.call',
            title: 'call',
            due: { afterMs: 0 },
            data: { url: receiver.url, type: 'a.b' },
            retry: { first: '1h' },
          },
        ],
      },
    ]),
  )
  assert.ok(announced?.is === 'announced')
  await receiver.arrived(1)
  for (;;) {
    const [effect] = await engine.effectsOf('contoso', announced.eventId)
    if (effect?.state === 'pending' && effect.attempt === 2) break
    assert.notEqual(effect?.state, 'ended')
  }
  const outcome = await engine.cancel({
    tenant: 'contoso',
    target: { eventId: announced.eventId },
    by: { principal: 'app:a', api: 'native', name: 'a' },
  })
  assert.ok(!('refused' in outcome))
  const receipt = await engine.receipt('contoso', outcome.receiptId, { waitMs: 20_000 })
  const types = receiver.requests.map(({ json }) => (json as { type: string }).type)
  return { outcome: receipt?.items[0]?.outcome as Outcome, asked: types.includes('effect.cancelled') }
}

suite('a call that is called off while it waits for its next attempt', () => {
  for (const [what, answer] of [
    ['422', { status: 422 }],
    ['429', { status: 429 }],
    ['404', { status: 404 }],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '5' } }],
  ] as const)
    test(`is prevented after ${what}, and nobody is asked`, async () => {
      assert.deepEqual(await calledOffAfter(answer), { outcome: 'prevented', asked: false })
    })

  for (const [what, answer] of [
    ['302', { status: 302, headers: { location: '/elsewhere' } }],
    ['524', { status: 524 }],
    ['500', { status: 500 }],
    ['503 without Retry-After', { status: 503 }],
    ['409', { status: 409 }],
    ['a broken connection', 'close'],
  ] as const)
    test(`is in doubt after ${what}, and its receiver is asked`, async () => {
      assert.deepEqual(await calledOffAfter(answer), { outcome: 'in_doubt', asked: true })
    })

  test('is what its receiver then says', async () => {
    const say = (outcome: string) => ({ body: JSON.stringify({ outcome }) })
    assert.equal((await calledOffAfter({ status: 524 }, say('stopped'))).outcome, 'stopped')
    assert.equal((await calledOffAfter({ status: 302 }, say('took_effect'))).outcome, 'too_late')
  })
})
