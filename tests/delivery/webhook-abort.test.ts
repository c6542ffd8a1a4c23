// A call that is called off at every point of its way: what has left, and what is said of it.

import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AddressInfo, createServer } from 'node:net'
import { suite, test } from 'node:test'
import { EffectAborted } from '../../server/src/core/effects/effect.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { byCancel, calm, startedEffect } from './started-effect.ts'
import { webhookCarriers } from './webhook-receiver.ts'

const callTo = (url: string) => startedEffect('webhook.call', { url, type: 'booking.reminded', payload: {} })

suite('a webhook that is aborted', () => {
  test('before it began is stopped without a connection', async () => {
    await using receiver = await httpReceiver()
    using carriers = webhookCarriers()
    const verdict = await carriers.call.run(callTo(receiver.url), AbortSignal.abort(byCancel()))
    assert.equal(verdict.is, 'stopped')
    assert.equal(receiver.connections, 0)
  })

  test('while its name is looked up is stopped', async () => {
    const asked = Promise.withResolvers<void>()
    using carriers = webhookCarriers({
      lookup: () => {
        asked.resolve()
        return new Promise(() => {})
      },
    })
    const abort = new AbortController()
    const verdict = carriers.call.run(callTo('http://hooks.example/'), abort.signal)
    await asked.promise
    abort.abort(byCancel())
    assert.deepEqual(await verdict, { is: 'stopped', evidence: { phase: 'connect' } })
  })

  test('during the TLS handshake is stopped: not an octet of it has left', async () => {
    const reached = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const silent = createServer(socket => {
      socket
        .on('error', () => {})
        .on('close', () => gone.resolve())
        .resume()
      reached.resolve()
    })
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    using carriers = webhookCarriers()
    const abort = new AbortController()
    const port = (silent.address() as AddressInfo).port
    const verdict = carriers.call.run(callTo(`https://127.0.0.1:${port}`), abort.signal)
    await reached.promise
    abort.abort(byCancel())
    assert.equal((await verdict).is, 'stopped')
    await gone.promise
    silent.close()
  })

  test('after it was sent closes its connection, and waits for what the receiver says', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => 'hang'
    using carriers = webhookCarriers()
    const abort = new AbortController()
    const verdict = carriers.call.run(callTo(receiver.url), abort.signal)
    const [request] = await receiver.arrived(1)
    abort.abort(byCancel())
    // By the abort, and not by the time limit of an answer.
    const evidence = { phase: 'sent', error: 'effect aborted: cancelled' }
    assert.deepEqual(await verdict, { is: 'waiting', evidence })
    await request!.gone
  })

  test('after the answer began is done: too late', async () => {
    await using receiver = await httpReceiver()
    const abort = new AbortController()
    receiver.answer = () => ({ slowly: response => response.write('{') })
    // Published when a status has reached the caller.
    const answered = () => abort.abort(byCancel())
    subscribe('http.client.response.finish', answered)
    using carriers = webhookCarriers()
    try {
      const verdict = await carriers.call.run(callTo(receiver.url), abort.signal)
      assert.deepEqual([verdict.is, abort.signal.aborted], ['done', true])
    } finally {
      unsubscribe('http.client.response.finish', answered)
    }
  })

  for (const why of ['shutdown', 'lease_lost'] as const) {
    test(`for ${why} is tried again: it may have happened`, async () => {
      await using receiver = await httpReceiver()
      receiver.answer = () => 'hang'
      using carriers = webhookCarriers()
      const abort = new AbortController()
      const verdict = carriers.call.run(callTo(receiver.url), abort.signal)
      await receiver.arrived(1)
      abort.abort(new EffectAborted(why))
      const ended = await verdict
      assert.ok(ended.is === 'retry' && ended.mayHaveHappened)
    })
  }

  test('by closing the carriers is tried again', async () => {
    await using receiver = await httpReceiver()
    receiver.answer = () => 'hang'
    const carriers = webhookCarriers()
    const verdict = carriers.call.run(callTo(receiver.url), calm)
    const [request] = await receiver.arrived(1)
    carriers.close()
    assert.equal((await verdict).is, 'retry')
    await request!.gone
  })

  test('leaves other calls alone: a receiver that hangs holds only its own', async () => {
    await using hanging = await httpReceiver()
    await using quick = await httpReceiver()
    hanging.answer = () => 'hang'
    using carriers = webhookCarriers()
    const abort = new AbortController()
    const held = Array.from({ length: 20 }, () => carriers.call.run(callTo(hanging.url), abort.signal))
    await hanging.arrived(20)
    assert.equal((await carriers.call.run(callTo(quick.url), calm)).is, 'done')
    abort.abort(byCancel())
    assert.ok((await Promise.all(held)).every(({ is }) => is === 'waiting'))
  })
})
