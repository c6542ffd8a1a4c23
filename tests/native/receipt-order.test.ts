// A receipt's rows stand in the order of time, wherever it is read.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { receiptText } from '../../server/src/cli/receipt-text.ts'
import { until } from '../support/until.ts'
import { nativeServer } from './native-server.ts'

test('as JSON, as a page and in a terminal', async () => {
  await using server = await nativeServer()
  const mail = (subject: string, afterMs: number) => ({
    kind: 'mail',
    to: ['bob@contoso.example'],
    subject,
    title: subject,
    text: subject,
    afterMs,
  })
  // Announced in an order that is neither that of their times nor that of their outcomes.
  const effects = [
    mail('on Friday', 3 * 86_400_000),
    { kind: 'webhook', title: 'running now', url: 'https://hooks.example/a' },
    mail('tomorrow', 86_400_000),
    mail('sent at once', 0),
    mail('in an hour', 3_600_000),
  ]
  const { id } = (
    await server.call('alice', 'POST', '/api/v1/events', { body: { title: 'O', effects } })
  ).json()
  const run = await server.webhook.begun(1)
  await server.mail.begun(1)
  const ended = async () =>
    (await server.engine.effectsOf('contoso', id)).some(effect => effect.ending === 'done')
  await until(ended)
  const { receipt: link } = (await server.call('alice', 'POST', `/api/v1/events/${id}/cancel`)).json()
  run.end({ is: 'done' })
  const receipt = (await server.call('alice', 'GET', `${link}?wait=30`)).json()
  const order = ['sent at once', 'running now', 'in an hour', 'tomorrow', 'on Friday']
  const titles: string[] = receipt.items.map((item: { title: string }) => item.title)
  assert.deepEqual(
    titles.map(title => order.findIndex(word => title.includes(word))),
    [0, 1, 2, 3, 4],
  )
  assert.deepEqual(
    receipt.items.map((item: { outcome: string }) => item.outcome),
    ['already_ended', 'too_late', 'prevented', 'prevented', 'prevented'],
  )
  const page = await server.call(null, 'GET', link, {
    headers: { accept: 'text/html', cookie: 'who=alice' },
  })
  const text = receiptText(receipt, { isTerminal: false, env: {}, columns: 100 })
  for (const shown of [page.text, text]) {
    const places = order.map(word => shown.indexOf(word))
    assert.ok(places.every(place => place >= 0))
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
  }
})
