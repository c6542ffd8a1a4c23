import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeptMail } from '../../server/src/apis/native/needs.ts'
import { html } from '../../server/src/http/html.ts'
import { nativeServer } from '../native/native-server.ts'

const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const AS_ALICE = { ...PAGE, cookie: 'who=alice' }
const EVIL = '<script>alert("x")</script>'
const REMINDER = {
  kind: 'mail',
  to: ['bob@contoso.example'],
  subject: 'A reminder',
  text: 'It is on its way.',
  afterMs: 86_400_000,
}

test('the address of a receipt is a page in a browser, and JSON for a script', async () => {
  await using server = await nativeServer()
  const body = {
    key: 'k',
    title: EVIL,
    effects: [REMINDER, { kind: 'delay', title: EVIL, afterMs: 86_400_000 }],
  }
  await server.call('alice', 'POST', '/api/v1/events', { body })
  const { receipt } = (
    await server.call('alice', 'POST', '/api/v1/cancellations', { body: { key: 'k', reason: EVIL } })
  ).json()
  const page = await server.call(null, 'GET', receipt, { headers: AS_ALICE })
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(page.text, /Nothing got through: 1 prevented/)
  assert.match(page.text, /It was called off while it waited/)
  assert.match(page.text, /This receipt will not change any more/)
  assert.doesNotMatch(page.text, /<script/, 'what callers wrote is text')
  assert.doesNotMatch(page.text, /http-equiv="refresh"/)
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe-inline/)
  const json = await server.call(null, 'GET', receipt, {
    headers: { cookie: 'who=alice', accept: 'application/json' },
  })
  assert.equal(json.json().link, receipt)
})

test('the page of a receipt that is not final loads itself again', async () => {
  await using server = await nativeServer()
  const body = { title: 'W', effects: [{ kind: 'webhook', url: 'https://hooks.example/a' }] }
  const { id } = (await server.call('alice', 'POST', '/api/v1/events', { body })).json()
  const run = await server.webhook.begun(1)
  const { receipt } = (await server.call('alice', 'POST', `/api/v1/events/${id}/cancel`)).json()
  const open = await server.call(null, 'GET', receipt, { headers: AS_ALICE })
  assert.match(open.text, /http-equiv="refresh"/)
  assert.match(open.text, /Stopping/)
  run.end({ is: 'stopped' })
  await server.call('alice', 'GET', `${receipt}?wait=30`)
  const final = await server.call(null, 'GET', receipt, { headers: AS_ALICE })
  assert.doesNotMatch(final.text, /http-equiv="refresh"/)
  assert.match(final.text, /Nothing got through: 1 stopped/)
})

test('a receipt of somebody else is a page that says no more than it must', async () => {
  await using server = await nativeServer()
  const { receipt } = (
    await server.call('alice', 'POST', '/api/v1/cancellations', {
      body: { key: 'secret-key', app: 'people' },
    })
  ).json()
  const page = await server.call(null, 'GET', receipt, { headers: { ...PAGE, cookie: 'who=bob' } })
  assert.equal(page.status, 404)
  assert.match(page.text, /Not Found/i)
  assert.doesNotMatch(page.text, /secret-key/)
  const nobody = await server.call(null, 'GET', receipt, { headers: PAGE })
  assert.equal(nobody.status, 401)
  assert.ok(nobody.text.includes(`/signin?return_to=${encodeURIComponent(receipt)}`), 'and comes back here')
})

test('the start page shows a tenant to its operators only', async () => {
  await using server = await nativeServer(ONE_MAIL)
  await server.call('alice', 'POST', '/api/v1/events', { body: { key: 'k', title: 'Order 4711' } })
  await server.call('alice', 'POST', '/api/v1/cancellations', { body: { key: 'k' } })
  const alice = (await server.call(null, 'GET', '/', { headers: AS_ALICE })).text
  assert.match(alice, /Order 4711/)
  assert.match(alice, /Kept &amp; shown/)
  for (const cookie of ['', 'who=bob', 'who=mallory']) {
    const page = await server.call(null, 'GET', '/', { headers: { ...PAGE, cookie } })
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.text, /Order 4711/, cookie)
    if (cookie !== 'who=mallory') assert.doesNotMatch(page.text, /Kept &amp; shown/, cookie)
  }
  assert.equal((await server.call(null, 'GET', '/standdown.css')).status, 200)
})

test('a kept mail is shown as text, with its HTML as source', async () => {
  await using server = await nativeServer(ONE_MAIL)
  const page = await server.call(null, 'GET', '/mail/m1', { headers: AS_ALICE })
  assert.equal(page.status, 200)
  assert.match(page.text, /&lt;script&gt;/)
  assert.doesNotMatch(page.text, /<script/)
  assert.equal(
    (await server.call(null, 'GET', '/mail/m1', { headers: { ...PAGE, cookie: 'who=bob' } })).status,
    404,
  )
  const json = (await server.call('alice', 'GET', '/api/v1/mail/m1')).json()
  assert.equal(json.raw, 'Subject: Kept\r\n\r\nHello')
  assert.deepEqual(
    (await server.call('alice', 'GET', '/api/v1/mail')).json().value.map((mail: { id: string }) => mail.id),
    ['m1'],
  )
})

test('html escapes what it is given, in text and in attributes, and nothing twice', () => {
  const text = `<b>&"'`
  assert.equal(
    String(html`<p title="${text}">${text}</p>`),
    '<p title="&lt;b&gt;&amp;&quot;&#39;">&lt;b&gt;&amp;&quot;&#39;</p>',
  )
  assert.equal(
    String(html`<ul>${['<a>', html`<li>${1}</li>`, null, false]}</ul>`),
    '<ul>&lt;a&gt;<li>1</li></ul>',
  )
})

const ONE_MAIL: KeptMail = {
  list: async tenant => (tenant === 'contoso' ? [kept] : []),
  read: async (tenant, id) =>
    tenant === 'contoso' && id === 'm1' ? { ...kept, raw: 'Subject: Kept\r\n\r\nHello' } : null,
}

const kept = {
  id: 'm1',
  at: new Date('2026-11-21T03:04:05Z'),
  from: 'Standdown <standdown@localhost>',
  to: ['bob@contoso.example'],
  subject: 'Kept & shown',
  text: 'Hello',
  html: '<script>alert(1)</script>',
  calendar: null,
}
