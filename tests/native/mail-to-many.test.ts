// A mail to several people is an action for each: sent alone, answered for alone, prevented alone. With a real mail server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../support/server.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'

const DAY = 86_400_000

type Item = {
  readonly effectId: string
  readonly title: string
  readonly outcome: string
  readonly ending: string
}

test('each recipient has a mail, an action and a receipt item of their own', async () => {
  await using smtp = await smtpReceiver()
  smtp.answer = (stage, line) =>
    stage === 'rcpt' && line.includes('<nobody@') ? { code: 550, text: '5.1.1 no such user' } : null
  await using server = await testServer({ SMTP_URL: smtp.url, MAIL_FROM: 'desk@contoso.example' })
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, `${method} ${path}: ${response.status}`)
    return JSON.parse(await response.text())
  }

  const mail = { kind: 'mail', subject: 'Order 1017', text: 'It is on its way.' }
  const { id, effectIds } = await call('POST', '/api/v1/events', {
    title: 'Order 1017',
    effects: [
      {
        ...mail,
        to: ['bob@contoso.example', 'nobody@contoso.example', 'bob@contoso.example', 'a@x.example'],
      },
      { ...mail, to: ['bob@contoso.example', 'a@x.example'], afterMs: DAY },
    ],
  })
  assert.equal(effectIds.length, 5, 'nobody gets the same mail twice')
  await server.advance(1000)
  assert.deepEqual(smtp.mails.map(each => each.to).sort(), [['a@x.example'], ['bob@contoso.example']])
  for (const { raw, to } of smtp.mails) {
    const header = raw.toString('latin1')
    assert.match(header, new RegExp(`^To: .*${to[0]}`, 'm'))
    for (const other of ['bob@contoso.example', 'nobody@contoso.example', 'a@x.example'].filter(
      a => a !== to[0],
    ))
      assert.ok(!header.includes(other), `${to[0]} does not see ${other}`)
  }

  const cancelled = await call('POST', `/api/v1/events/${id}/cancel`)
  const receipt = await call('GET', `${cancelled.receipt}?wait=30`)
  assert.equal(receipt.state, 'final')
  const items = (receipt.items as Item[]).map(({ title, outcome, ending }) => [title, outcome, ending])
  assert.deepEqual(items.sort(), [
    ['Mail to a@x.example', 'already_ended', 'done'],
    ['Mail to a@x.example', 'prevented', null],
    ['Mail to bob@contoso.example', 'already_ended', 'done'],
    ['Mail to bob@contoso.example', 'prevented', null],
    ['Mail to nobody@contoso.example', 'already_ended', 'dead'],
  ])
  assert.deepEqual((receipt.items as Item[]).map(item => item.effectId).sort(), [...effectIds].sort())
  assert.equal(smtp.mails.length, 2)
})
