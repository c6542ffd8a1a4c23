// Telling a receiver that a call was called off: what it is sent, and what its answer makes of the call.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { httpReceiver } from '../support/http-receiver.ts'
import { calm, startedEffect } from './started-effect.ts'
import { SECRET, signatureHolds, webhookCarriers } from './webhook-receiver.ts'

function withdrawalOf(carriers: ReturnType<typeof webhookCarriers>, url: string) {
  const call = startedEffect('webhook.call', { url, type: 'booking.reminded', payload: {} })
  const notice = carriers.call.withdraw!(call)!
  const told = startedEffect(notice.kind, notice.data, {
    eventId: null,
    noticeOf: '0195f0c4-0000-8000-8000-000000000001',
  })
  return { call, notice, told }
}

suite('a withdrawal', () => {
  test('is to be sent at once, in the lane of its call', () => {
    using carriers = webhookCarriers()
    const { call, notice } = withdrawalOf(carriers, 'https://hooks.example/a')
    assert.deepEqual(
      { kind: notice.kind, due: notice.due, lane: notice.lane, title: notice.title },
      {
        kind: 'webhook.withdraw',
        due: { afterMs: 0 },
        lane: 'hooks.example:443',
        title: `Withdraw: ${call.title}`,
      },
    )
    assert.equal(carriers.call.withdraw!({ ...call, data: { url: 'nowhere' } }), null)
  })

  test('has a title that can be stored, however long its call’s is', () => {
    using carriers = webhookCarriers()
    const { call } = withdrawalOf(carriers, 'https://hooks.example/a')
    const { title } = carriers.call.withdraw!({ ...call, title: '🚀'.repeat(200) })!
    assert.ok(title.length <= 200 && title.isWellFormed())
  })

  test('carries the id of its call, and is signed like it', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers()
    const { call, told } = withdrawalOf(carriers, `${receiver.url}/hook`)
    await carriers.withdraw.run(told, calm)
    const [request] = await receiver.arrived(1)
    assert.equal(request!.headers['webhook-id'], call.id)
    assert.ok(signatureHolds(request!, SECRET))
    assert.deepEqual(request!.json, {
      type: 'effect.cancelled',
      timestamp: told.dueAt.toISOString(),
      data: { effectId: call.id, cancellationId: told.noticeOf, type: 'booking.reminded' },
    })
  })

  for (const [answered, outcome] of [
    ['stopped', 'stopped'],
    ['took_effect', 'too_late'],
  ] as const) {
    test(`that is answered ${answered} ends its call as ${outcome}`, async () => {
      await using receiver = await httpReceiver()
      const body = JSON.stringify({ outcome: answered })
      receiver.answer = () => ({ body })
      using carriers = webhookCarriers()
      const { call, told } = withdrawalOf(carriers, receiver.url)
      const evidence = { status: 200, address: '127.0.0.1', body, outcome: answered }
      assert.deepEqual(await carriers.withdraw.run(told, calm), {
        is: 'done',
        evidence,
        result: { resolves: call.id, outcome, evidence },
      })
    })
  }

  for (const body of [
    '',
    'OK',
    '{}',
    'null',
    '[]',
    '{"outcome":"perhaps"}',
    '{"outcome":{"stopped":true}}',
  ]) {
    test(`that is answered ${JSON.stringify(body)} is done, and leaves its call in doubt`, async () => {
      await using receiver = await httpReceiver()
      receiver.answer = () => ({ body })
      using carriers = webhookCarriers()
      const verdict = await carriers.withdraw.run(withdrawalOf(carriers, receiver.url).told, calm)
      assert.ok(verdict.is === 'done' && verdict.result === undefined)
      assert.deepEqual([verdict.evidence?.outcome, verdict.evidence?.body], [null, body])
    })
  }

  test('that is refused or unanswered is tried again', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers({ answerMs: 100 })
    const { told } = withdrawalOf(carriers, receiver.url)
    for (const answer of [{ status: 500 }, { status: 404 }, 'close', 'hang'] as const) {
      receiver.answer = () => answer
      assert.equal((await carriers.withdraw.run(told, calm)).is, 'retry')
    }
    receiver.answer = () => ({ status: 410 })
    assert.equal((await carriers.withdraw.run(told, calm)).is, 'failed')
  })

  test('is kept from private addresses like its call', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers({ allowed: async () => [] })
    assert.equal((await carriers.withdraw.run(withdrawalOf(carriers, receiver.url).told, calm)).is, 'failed')
    assert.equal(receiver.connections, 0)
  })
})
