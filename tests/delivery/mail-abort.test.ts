// An abort at every phase of an SMTP session, against a real server that hangs there: what was sent, and what is said of it.

import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { suite, test } from 'node:test'
import { EffectAborted } from '../../server/src/core/effects/effect.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { type SmtpReceiver, type SmtpStage, smtpReceiver } from '../support/smtp-receiver.ts'
import { byCancel, now, startedEffect } from './started-effect.ts'

const order = { to: 'bob@contoso.example', subject: 'Hello', text: 'Bob' }

function carrierFor(smtpUrl: string, more: object = {}) {
  const carrier = createMailCarrier({
    smtpUrl,
    keep: () => Promise.reject(new Error('not in keep mode')),
    now,
    graceMs: { cancelled: 20, lease_lost: 20, shutdown: 20 },
    ...more,
  })
  return { carrier, [Symbol.dispose]: () => carrier.close() }
}

/** Hangs at `stage`, aborts when it is reached, and gives the verdict. */
async function abortedAt(smtp: SmtpReceiver, stage: SmtpStage, reason = byCancel()) {
  smtp.answer = at => (at === stage ? 'hang' : null)
  using made = carrierFor(smtp.url)
  const abort = new AbortController()
  const verdict = made.carrier.run(startedEffect('mail.send', order), abort.signal)
  await smtp.reached(stage)
  abort.abort(reason)
  return await verdict
}

suite('a mail that is aborted', () => {
  for (const pipelining of [false, true]) {
    for (const [stage, phase] of [
      ['connect', 'connect'],
      ['ehlo', 'connect'],
      ['mail', 'envelope'],
      ['rcpt', 'envelope'],
      ['data', 'envelope'],
    ] as const) {
      test(`at ${stage}${pipelining ? ' (pipelining)' : ''} is stopped: nothing was sent`, async () => {
        await using smtp = await smtpReceiver({ pipelining })
        assert.deepEqual(await abortedAt(smtp, stage), { is: 'stopped', evidence: { phase } })
        assert.equal(smtp.seen.length, 0)
      })
    }
  }

  test('before anything began is stopped without a connection', async () => {
    await using smtp = await smtpReceiver()
    using made = carrierFor(smtp.url)
    const verdict = await made.carrier.run(startedEffect('mail.send', order), AbortSignal.abort(byCancel()))
    assert.equal(verdict.is, 'stopped')
    assert.equal(smtp.connections, 0)
  })

  test('while the TLS handshake hangs is stopped', async () => {
    const connected = Promise.withResolvers<void>()
    const silent = createServer(() => connected.resolve())
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    using made = carrierFor(`smtps://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    const abort = new AbortController()
    const verdict = made.carrier.run(startedEffect('mail.send', order), abort.signal)
    await connected.promise
    abort.abort(byCancel())
    assert.deepEqual(await verdict, { is: 'stopped', evidence: { phase: 'connect' } })
    silent.close()
  })

  test('in the middle of a large body is stopped, and the server never sees its end', async () => {
    await using smtp = await smtpReceiver()
    smtp.answer = stage => (stage === 'body' ? 'hang' : null)
    using made = carrierFor(smtp.url)
    const abort = new AbortController()
    // Far more than the sockets' buffers hold: the sender is still in the body when the server reads nothing.
    const text = `${'a line of text\n'.repeat(1000)}`.repeat(2000)
    const verdict = made.carrier.run(startedEffect('mail.send', { ...order, text }), abort.signal)
    await smtp.reached('body')
    abort.abort(byCancel())
    assert.deepEqual(await verdict, { is: 'stopped', evidence: { phase: 'body' } })
    assert.equal(smtp.seen.length, 0)
  })

  test('after the final dot, without an answer, is in doubt', async () => {
    await using smtp = await smtpReceiver()
    const verdict = await abortedAt(smtp, 'message')
    assert.equal(verdict.is, 'in_doubt')
    assert.equal(smtp.seen.length, 1)
  })

  test('after the final dot, with 250 within the grace, is done: too late', async () => {
    await using smtp = await smtpReceiver()
    const abort = new AbortController()
    const held = Promise.withResolvers<null>()
    smtp.answer = stage => (stage === 'message' ? held.promise : null)
    using made = carrierFor(smtp.url, {
      graceMs: { cancelled: 60_000, lease_lost: 60_000, shutdown: 60_000 },
    })
    const verdict = made.carrier.run(startedEffect('mail.send', order), abort.signal)
    await smtp.reached('message')
    abort.abort(byCancel())
    held.resolve(null)
    assert.equal((await verdict).is, 'done')
    assert.equal(smtp.mails.length, 1)
  })

  test('after the final dot, refused within the grace, is stopped', async () => {
    await using smtp = await smtpReceiver()
    const abort = new AbortController()
    const held = Promise.withResolvers<{ code: number; text: string }>()
    smtp.answer = stage => (stage === 'message' ? held.promise : null)
    using made = carrierFor(smtp.url, {
      graceMs: { cancelled: 60_000, lease_lost: 60_000, shutdown: 60_000 },
    })
    const verdict = made.carrier.run(startedEffect('mail.send', order), abort.signal)
    await smtp.reached('message')
    abort.abort(byCancel())
    held.resolve({ code: 451, text: '4.3.0 disk full' })
    const { is, evidence } = (await verdict) as { is: string; evidence?: { reply?: string } }
    assert.equal(is, 'stopped')
    assert.match(String(evidence?.reply), /^451 .*disk full/)
    assert.equal(smtp.mails.length, 0)
  })

  for (const why of ['shutdown', 'lease_lost'] as const) {
    test(`for ${why} is tried again, and says whether it may have happened`, async () => {
      await using smtp = await smtpReceiver()
      const before = await abortedAt(smtp, 'rcpt', new EffectAborted(why))
      assert.deepEqual([before.is, 'mayHaveHappened' in before], ['retry', false])
      await using other = await smtpReceiver()
      const after = await abortedAt(other, 'message', new EffectAborted(why))
      assert.ok(after.is === 'retry' && after.mayHaveHappened)
    })
  }
})
