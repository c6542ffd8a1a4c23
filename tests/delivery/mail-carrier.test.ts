// Handing mail over to a real mail server: answers, repeats, connections, time limits, TLS, and what never shows.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import PostalMime from 'postal-mime'
import type { Verdict } from '../../server/src/core/effects/effect.ts'
import { createMailCarrier, type MailCarrierOptions } from '../../server/src/delivery/mail/mail-carrier.ts'
import { selfSigned } from '../support/self-signed.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'
import { calm, now, startedEffect } from './started-effect.ts'

const order = { to: { name: 'Bob', address: 'bob@contoso.example' }, subject: 'Hello', text: 'Bob' }

function carrierFor(smtpUrl: string, more: Partial<MailCarrierOptions> = {}) {
  const keep = () => Promise.reject(new Error('not in keep mode'))
  const carrier = createMailCarrier({ smtpUrl, keep, now, ...more })
  return Object.assign(carrier, { [Symbol.dispose]: () => carrier.close() })
}

const send = (carrier: { run: ReturnType<typeof carrierFor>['run'] }, data: object = {}) =>
  carrier.run(startedEffect('mail.send', { ...order, ...data }), calm)

function errorOf(verdict: Verdict): string {
  return 'error' in verdict ? verdict.error : ''
}

const certificate = () => selfSigned(['127.0.0.1'])

suite('a mail that is sent', () => {
  test('arrives whole, and its evidence is the server’s reply', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url, { mailFrom: 'Standdown <desk@mail.example>' })
    const effect = startedEffect('mail.send', { ...order, text: 'Line\r\n.\r\n..dots\r\n' })
    const verdict = await carrier.run(effect, calm)
    assert.ok(verdict.is === 'done')
    assert.match(String(verdict.evidence?.reply), /^250 /)
    const [mail] = await smtp.arrived(1)
    assert.deepEqual([mail!.from, mail!.to], ['desk@mail.example', ['bob@contoso.example']])
    const parsed = await PostalMime.parse(mail!.raw)
    assert.equal(parsed.messageId, `<${effect.id}@mail.example>`)
    assert.equal(parsed.messageId, verdict.evidence?.messageId)
    assert.equal(parsed.text?.replaceAll('\r\n', '\n').trimEnd(), 'Line\n.\n..dots')
  })

  test('carries the same Message-ID at every attempt', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url)
    const effect = startedEffect('mail.send', order)
    await carrier.run(effect, calm)
    await carrier.run({ ...effect, attempt: 2 }, calm)
    const [first, second] = await smtp.arrived(2)
    assert.deepEqual(first!.raw, second!.raw)
  })

  test('is dated by the tenant’s clock where that runs ahead, else by the attempt', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url)
    await carrier.run(startedEffect('mail.send', order, { dueAt: new Date('2026-04-01T00:00:00Z') }), calm)
    await carrier.run(startedEffect('mail.send', order, { dueAt: new Date('2026-02-01T00:00:00Z') }), calm)
    const dates = (await smtp.arrived(2)).map(mail => /^Date: (.*)$/m.exec(mail.raw.toString())?.[1])
    assert.deepEqual(dates, ['Wed, 01 Apr 2026 00:00:00 +0000', 'Sun, 01 Mar 2026 09:00:00 +0000'])
  })

  test('shares its connection with the next one', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url)
    for (let i = 0; i < 5; i++) assert.equal((await send(carrier)).is, 'done')
    assert.equal(smtp.connections, 1)
  })

  test('takes a new connection when the server hung up on the idle one', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url)
    assert.equal((await send(carrier)).is, 'done')
    smtp.answer = (() => {
      let dropped = false
      return stage => {
        if (stage !== 'mail' || dropped) return null
        dropped = true
        return 'close'
      }
    })()
    assert.equal((await send(carrier)).is, 'done')
    assert.equal(smtp.connections, 2)
    assert.equal(smtp.mails.length, 2)
  })

  test('waits for its turn: at most so many connections at once', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url, { maxConnections: 2 })
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => send(carrier)))
    assert.ok(verdicts.every(verdict => verdict.is === 'done'))
    assert.equal(smtp.mails.length, 20)
    assert.equal(smtp.connections, 2)
  })
})

suite('a mail that is refused', () => {
  for (const stage of ['mail', 'rcpt', 'data', 'message'] as const) {
    for (const pipelining of [false, true]) {
      const how = pipelining ? ' (pipelining)' : ''
      test(`for good at ${stage}${how} is failed, naming the reply`, async () => {
        await using smtp = await smtpReceiver({ pipelining })
        smtp.answer = at => (at === stage ? { code: 550, text: '5.1.1 no such user' } : null)
        using carrier = carrierFor(smtp.url)
        const verdict = await send(carrier)
        assert.equal(verdict.is, 'failed')
        assert.match(errorOf(verdict), /550 5\.1\.1 no such user/)
        assert.ok(!('mayHaveHappened' in verdict))
      })
      test(`for now at ${stage}${how} is tried again`, async () => {
        await using smtp = await smtpReceiver({ pipelining })
        smtp.answer = at => (at === stage ? { code: 451, text: '4.7.1 come back later' } : null)
        using carrier = carrierFor(smtp.url)
        const verdict = await send(carrier)
        assert.equal(verdict.is, 'retry')
        assert.match(errorOf(verdict), /451 4\.7\.1 come back later/)
        assert.ok(!('mayHaveHappened' in verdict))
      })
    }
  }

  test('by the server as a whole (554 instead of a greeting) is tried again', async () => {
    await using smtp = await smtpReceiver()
    smtp.answer = at => (at === 'connect' ? { code: 554, text: 'no service' } : null)
    using carrier = carrierFor(smtp.url)
    assert.equal((await send(carrier)).is, 'retry')
  })

  test('because the server wants a login that SMTP_URL lacks is tried again: an operator can mend it', async () => {
    await using smtp = await smtpReceiver()
    smtp.answer = at => (at === 'mail' ? { code: 530, text: '5.7.0 authentication required' } : null)
    using carrier = carrierFor(smtp.url)
    assert.equal((await send(carrier)).is, 'retry')
  })

  test('because its data is wrong is failed without a connection', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(smtp.url)
    const verdict = await send(carrier, { to: 'bob@x.example\r\nDATA' })
    assert.equal(verdict.is, 'failed')
    assert.equal(smtp.connections, 0)
  })
})

suite('a mail that gets no answer', () => {
  for (const [stage, phase] of [
    ['connect', 'connect'],
    ['ehlo', 'connect'],
    ['mail', 'envelope'],
    ['rcpt', 'envelope'],
    ['data', 'envelope'],
  ] as const) {
    for (const answer of ['hang', 'close'] as const) {
      test(`at ${stage} (${answer}) was not sent, and is tried again`, async () => {
        await using smtp = await smtpReceiver()
        smtp.answer = at => (at === stage ? answer : null)
        using carrier = carrierFor(smtp.url, answer === 'hang' ? { limits: { [phase]: 300 } } : {})
        const verdict = await send(carrier)
        assert.equal(verdict.is, 'retry')
        assert.ok(errorOf(verdict).startsWith(`not sent (${phase})`), errorOf(verdict))
        assert.ok(!('mayHaveHappened' in verdict))
        assert.equal(smtp.seen.length, 0)
      })
    }
  }

  for (const answer of ['hang', 'close'] as const) {
    test(`after the final dot (${answer}) may have been sent, and is tried again`, async () => {
      await using smtp = await smtpReceiver()
      smtp.answer = at => (at === 'message' ? answer : null)
      using carrier = carrierFor(smtp.url, answer === 'hang' ? { limits: { reply: 50 } } : {})
      const verdict = await send(carrier)
      assert.ok(verdict.is === 'retry' && verdict.mayHaveHappened)
      assert.equal(smtp.seen.length, 1)
    })
  }

  test('because nobody listens is tried again', async () => {
    const smtp = await smtpReceiver()
    await smtp.close()
    using carrier = carrierFor(smtp.url)
    const verdict = await send(carrier)
    assert.equal(verdict.is, 'retry')
    assert.ok(!('mayHaveHappened' in verdict))
  })

  test('holds only its own connection', async () => {
    await using smtp = await smtpReceiver()
    smtp.answer = (stage, line) => (stage === 'rcpt' && line.includes('slow@') ? 'hang' : null)
    using carrier = carrierFor(smtp.url, { maxConnections: 2 })
    const abort = new AbortController()
    const slow = carrier.run(
      startedEffect('mail.send', { ...order, to: 'slow@contoso.example' }),
      abort.signal,
    )
    await smtp.reached('rcpt')
    assert.equal((await send(carrier)).is, 'done')
    abort.abort()
    await slow
  })
})

suite('the mail server’s door', () => {
  test('is opened by the login of SMTP_URL', async () => {
    await using smtp = await smtpReceiver({ auth: { user: 'desk', password: 'p@ss/word' } })
    using carrier = carrierFor(smtp.url.replace('://', '://desk:p%40ss%2Fword@'))
    assert.equal((await send(carrier)).is, 'done')
    assert.equal(smtp.mails[0]!.user, 'desk')
  })

  test('closed to a wrong login: tried again, and the password shows nowhere', async () => {
    await using smtp = await smtpReceiver({ auth: { user: 'desk', password: 'right' } })
    using carrier = carrierFor(smtp.url.replace('://', '://desk:s3cr3t-w0rd@'))
    const verdict = await send(carrier)
    assert.equal(verdict.is, 'retry')
    // The server repeats the password in its refusal.
    assert.match(errorOf(verdict), /535 who is \[password\]\?/)
    assert.doesNotMatch(JSON.stringify(verdict), /s3cr3t/)
  })

  for (const mode of ['smtps', 'starttls'] as const) {
    test(`is passed with TLS by ${mode}, and only with a certificate that can be trusted`, async () => {
      const own = await certificate()
      await using smtp = await smtpReceiver({ tls: { ...own, mode } })
      using trusting = carrierFor(smtp.url, { ca: own.cert })
      const verdict = await send(trusting)
      assert.equal(verdict.is, 'done', errorOf(verdict))
      assert.equal(smtp.mails[0]!.secure, true)
      using doubting = carrierFor(smtp.url)
      const refused = await send(doubting)
      assert.equal(refused.is, 'retry')
      assert.match(errorOf(refused), /certificate/)
      using careless = carrierFor(`${smtp.url}?tls.rejectUnauthorized=false`)
      assert.equal((await send(careless)).is, 'done')
    })
  }

  test('is not passed without TLS where TLS is required', async () => {
    await using smtp = await smtpReceiver()
    using carrier = carrierFor(`${smtp.url}?requireTLS=true`)
    const verdict = await send(carrier)
    assert.equal(verdict.is, 'retry')
    assert.equal(smtp.mails.length, 0)
  })
})
