// The first ten minutes on a whole server: the demo workspace, its pages, and the month in a minute.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ReceiptView } from '../../wire/src/receipt.ts'
import { session } from '../cli/terminal-session.ts'
import { type TestServer, testServer } from '../support/server.ts'

let server: TestServer
before(async () => {
  server = await testServer()
})
after(() => server?.[Symbol.asyncDispose]())

test('the demo has every trigger that the documents name', async () => {
  const token = await server.appToken()
  for (const triggerKey of ['my_trigger', 'form_submitted', 'invoice_due', 'appointment_starting']) {
    const payload = { startsAt: '2031-03-03T09:00:00Z' }
    const response = await fetch(`${server.url}/automations/v1/events/report`, {
      method: 'POST',
      headers: { authorization: token, 'content-type': 'application/json' },
      body: JSON.stringify({ triggerKey, externalEntityId: crypto.randomUUID(), payload }),
    })
    assert.equal(response.status, 200, `${triggerKey}: ${await response.text()}`)
  }
})

test('a month in a minute: every API’s cancel has its receipt, and each says what it prevented', async () => {
  const { run } = session({ env: { DATA_DIR: server.dataDir } })
  const { code, out, err } = await run('demo', '--json')
  assert.equal(code, 0, err)
  const receipts = JSON.parse(out) as ReceiptView[]
  assert.deepEqual(
    new Set(receipts.map(receipt => receipt.by.api)),
    new Set(['graph', 'wix', 'native', 'cif']),
  )
  for (const receipt of receipts) {
    assert.equal(receipt.state, 'final')
    assert.equal(receipt.items.length, receipt.counts.total)
    assert.equal(receipt.items.filter(item => item.ending === 'dead').length, 0, 'every demo action works')
  }
  const prevented = receipts.filter(({ items, innerSteps }) =>
    [...items, ...innerSteps].some(each => each.outcome === 'prevented'),
  )
  assert.equal(prevented.length, 4, 'all but the meeting, whose invitations were delivered weeks ago')
  const meeting = receipts.find(receipt => receipt.by.api === 'graph')
  assert.equal(meeting?.notices.length, 4, 'two mails and two mailboxes are told')
  const text = await run('demo')
  assert.match(text.out, /Let 4 weeks pass/)
  assert.match(text.out, /not reached any more: /)
})

test('token, app and env give what a script needs', async () => {
  const { run } = session({ env: { DATA_DIR: server.dataDir } })
  const token = await run('token', '--user', 'alice@contoso.example', '--scope', 'Calendars.ReadWrite')
  assert.match(token.out, /^\S+\n$/, 'the token, alone')
  const me = await fetch(`${server.url}/v1.0/me`, {
    headers: { authorization: `Bearer ${token.out.trim()}` },
  })
  assert.notEqual(me.status, 401)
  const app = JSON.parse((await run('app', 'demo-app')).out)
  assert.equal(typeof app.clientSecret, 'string')
  assert.equal(app.instances.length, 1)
  assert.match((await run('env')).out, new RegExp(`^export STANDDOWN_URL='${server.url}'$`, 'm'))
  const unknown = await run('token', '--user', 'nobody@contoso.example')
  assert.equal(unknown.code, 1)
  assert.match(unknown.err, /nobody@contoso\.example/)
})
