// A receiver that is away for long gets its call, if nobody has called it off meanwhile: on a sandbox clock, with real requests.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nativeDomain } from '../../server/src/apis/native/native-domain.ts'
import type { RetrySettings } from '../../server/src/core/effects/retry-plan.ts'
import type { JsonObject } from '../../server/src/core/json.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { testEngine } from '../support/engine.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'
import { webhookCarriers } from './webhook-receiver.ts'

const TENANT = 'contoso'
const HOUR = 3_600_000

/** A receiver whose name nobody can look up while it is away. */
async function world() {
  const receiver = await httpReceiver()
  let away = true
  const webhooks = webhookCarriers({
    lookup: async () => {
      if (away) throw new Error('getaddrinfo ENOTFOUND hooks.example')
      return ['127.0.0.1']
    },
  })
  const smtp = await smtpReceiver()
  const mail = createMailCarrier({ smtpUrl: smtp.url, keep: async () => {}, now: () => new Date() })
  const { engine, database, ...rest } = await testEngine([webhooks.call, webhooks.withdraw, mail], {
    domains: [nativeDomain],
  })
  await database.db.transaction('t', tx => engine.putTenant(tx, TENANT, true))
  return {
    receiver,
    smtp,
    engine,
    db: database.db,
    comesBack() {
      away = false
    },
    advance: (hours: number) => engine.advanceClock(TENANT, hours * HOUR),
    async announce(kind: 'webhook.call' | 'mail.send', retry?: RetrySettings) {
      const data: JsonObject =
        kind === 'webhook.call'
          ? { url: `http://hooks.example:${receiver.port}/`, type: 'a.b' }
          : { to: 'bob@contoso.example', subject: 's', text: 't' }
      const effect = { kind, title: 'call', due: { afterMs: 0 }, data, ...(retry ? { retry } : {}) }
      const event = { tenant: TENANT, kind: nativeDomain.eventKind, key: null, entity: 'e', title: 't' }
      const [announced] = await database.db.transaction('t', tx =>
        engine.announce(tx, [{ ...event, data: {}, effects: [effect] }]),
      )
      assert.ok(announced?.is === 'announced')
      const [effectId] = announced.effectIds
      assert.ok(effectId)
      return { eventId: announced.eventId, effectId }
    },
    async state(eventId: string) {
      const [effect] = await engine.effectsOf(TENANT, eventId)
      assert.ok(effect)
      return effect
    },
    async cancel(eventId: string) {
      const by = { principal: 'app:a', api: 'native', name: 'a' } as const
      const outcome = await engine.cancel({ tenant: TENANT, target: { eventId }, by })
      assert.ok(!('refused' in outcome))
      return await engine.receipt(TENANT, outcome.receiptId, { waitMs: 20_000 })
    },
    async [Symbol.asyncDispose]() {
      await rest[Symbol.asyncDispose]()
      webhooks.close()
      mail.close()
      await receiver.close()
      await smtp[Symbol.asyncDispose]()
    },
  }
}

suite('a receiver that is away', () => {
  test('for 25 hours gets its call', async () => {
    await using w = await world()
    const { eventId } = await w.announce('webhook.call')
    await w.advance(25)
    const waiting = await w.state(eventId)
    assert.equal(waiting.state, 'pending')
    assert.ok(waiting.attempt > 15, `attempt ${waiting.attempt}`)
    assert.equal(w.receiver.requests.length, 0)
    w.comesBack()
    await w.advance(5)
    assert.equal(w.receiver.requests.length, 1)
    assert.equal((await w.state(eventId)).ending, 'done')
  })

  test('for 25 hours never gets a call that was called off meanwhile', async () => {
    await using w = await world()
    const { eventId } = await w.announce('webhook.call')
    await w.advance(25)
    const receipt = await w.cancel(eventId)
    assert.deepEqual(
      receipt?.items.map(item => item.outcome),
      ['prevented'],
    )
    w.comesBack()
    await w.advance(24 * 7)
    assert.equal(w.receiver.requests.length, 0)
  })

  test('for more than 72 hours ends it dead, with the last attempt at their end; a retry by hand gives a whole new plan', async () => {
    await using w = await world()
    const { eventId, effectId } = await w.announce('webhook.call')
    await w.advance(71)
    assert.equal((await w.state(eventId)).state, 'pending')
    await w.advance(1.5)
    const dead = await w.state(eventId)
    assert.deepEqual([dead.ending, dead.error], ['dead', 'getaddrinfo ENOTFOUND hooks.example'])
    const hours = (dead.at!.getTime() - dead.dueAt.getTime()) / HOUR
    assert.ok(hours >= 72 && hours < 72.1, `${hours} h`)
    assert.equal(await w.engine.retry(TENANT, effectId), 'retried')
    await w.advance(71)
    assert.equal((await w.state(eventId)).state, 'pending')
    w.comesBack()
    await w.advance(1.5)
    assert.equal((await w.state(eventId)).ending, 'done')
  })

  test('for a day gets its mail; for more than 48 hours it does not', async () => {
    await using w = await world()
    w.smtp.answer = stage => (stage === 'mail' ? { code: 451, text: 'later' } : null)
    const { eventId } = await w.announce('mail.send')
    await w.advance(25)
    assert.equal((await w.state(eventId)).state, 'pending')
    w.smtp.answer = () => null
    await w.advance(3)
    assert.equal((await w.state(eventId)).ending, 'done')
    w.smtp.answer = stage => (stage === 'mail' ? { code: 451, text: 'later' } : null)
    const late = await w.announce('mail.send')
    await w.advance(49)
    assert.equal((await w.state(late.eventId)).ending, 'dead')
  })
})

suite('a plan of its own', () => {
  test('is what counts, to its end', async () => {
    await using w = await world()
    const { eventId } = await w.announce('webhook.call', { for: '2h', first: '30m', factor: 1, jitter: 0 })
    await w.advance(1.9)
    assert.deepEqual([(await w.state(eventId)).state, (await w.state(eventId)).attempt], ['pending', 5])
    await w.advance(0.2)
    const dead = await w.state(eventId)
    assert.deepEqual([dead.ending, dead.attempt], ['dead', 5])
  })

  test('with a number of attempts ends with the last of them', async () => {
    await using w = await world()
    const { eventId } = await w.announce('webhook.call', { attempts: 2 })
    await w.advance(1)
    assert.deepEqual([(await w.state(eventId)).ending, (await w.state(eventId)).attempt], ['dead', 2])
  })

  test('waits as long as the receiver wants, and no longer than a day', async () => {
    await using w = await world()
    w.comesBack()
    w.receiver.answer = () => ({ status: 429, headers: { 'retry-after': '36000' } })
    const { eventId } = await w.announce('webhook.call')
    await w.receiver.arrived(1)
    await w.advance(9.9)
    assert.equal(w.receiver.requests.length, 1)
    w.receiver.answer = () => ({ status: 503, headers: { 'retry-after': '99999999' } })
    await w.advance(0.2)
    assert.equal(w.receiver.requests.length, 2)
    w.receiver.answer = () => ({})
    await w.advance(23.5)
    assert.equal(w.receiver.requests.length, 2)
    await w.advance(0.6)
    assert.equal(w.receiver.requests.length, 3)
    assert.equal((await w.state(eventId)).ending, 'done')
  })

  test('of a tenant counts for what is announced from then on, and not before', async () => {
    await using w = await world()
    const before = await w.announce('webhook.call')
    await w.db.transaction('t', tx => w.engine.putRetryPlans(tx, TENANT, { 'webhook.call': { for: '1h' } }))
    const after = await w.announce('webhook.call')
    const own = await w.announce('webhook.call', { for: '3h' })
    await w.db.transaction('t', tx => w.engine.putRetryPlans(tx, TENANT, {}))
    await w.advance(1.1)
    assert.equal((await w.state(after.eventId)).ending, 'dead')
    assert.equal((await w.state(before.eventId)).state, 'pending')
    assert.equal((await w.state(own.eventId)).state, 'pending')
    await w.advance(2)
    assert.equal((await w.state(own.eventId)).ending, 'dead')
    await w.advance(22)
    assert.equal((await w.state(before.eventId)).state, 'pending')
  })
})
