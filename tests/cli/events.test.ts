import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nativeServer } from '../native/native-server.ts'
import { session } from './terminal-session.ts'

const DAY = 86_400_000
const reminder = {
  kind: 'mail',
  title: 'A reminder',
  to: ['bob@mail.example'],
  subject: 'S',
  text: 'T',
  afterMs: DAY,
}

test('events are listed and narrowed, page by page; one of them is shown', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  const announce = async (body: object) =>
    (await server.call('alice', 'POST', '/api/v1/events', { body })).json().id as string
  const data = { note: 'A\u001b[2J note', order: 1017 }
  const order = await announce({ key: 'order-1017', title: 'Order\n1017', data, effects: [reminder] })
  const invoice = await announce({ title: 'Invoice', parent: { id: order, link: 'keep' } })
  const off = await announce({ key: 'off', title: 'Off', effects: [reminder] })
  await run('cancel', '--key', 'off')

  const all = await run('events', '--count')
  assert.match(all.out, new RegExp(`^${off} {2}cancelled {2}Off\n${invoice} {2}ended {6}Invoice\n`))
  assert.match(all.out, new RegExp(`${order} {2}announced {2}Order 1017 {2}.* UTC: A reminder\n3 in all\n$`))
  assert.ok((await run('events', '--state', 'announced')).out.startsWith(order))
  assert.ok((await run('events', '--text', 'ORDER', '--api', 'native')).out.startsWith(order))
  assert.ok((await run('events', '--key', 'order-1017')).out.startsWith(order))
  assert.equal((await run('events', '--key', 'nothing')).out, 'No such event.\n')
  const first = await run('events', '--limit', '2')
  const next = /More with --after (\S+)\n$/.exec(first.out)?.[1]
  assert.ok(next, first.out)
  assert.ok((await run('events', '--limit', '2', '--after', next)).out.startsWith(order))
  assert.equal(JSON.parse((await run('events', '--json')).out).value.length, 3)

  const { out } = await run('event', order)
  assert.match(out, /^Order 1017 {2}announced\n/)
  assert.match(out, /^Next +.* UTC: A reminder$/m)
  assert.match(out, /Actions\n {2}\S+ {2}pending {5}A reminder {2}due .*UTC/)
  assert.match(out, new RegExp(`What hangs from it\n {2}${invoice} {2}Invoice {2}kept`))
  assert.match(out, /"order": 1017/)
  assert.ok(!out.includes('\u001b'), 'data cannot steer the terminal')
  assert.match((await run('event', invoice)).out, new RegExp(`Hangs from\n {2}${order} {2}Order 1017`))
  assert.deepEqual(JSON.parse((await run('event', order, '--json')).out).data, data)
  const unknown = await run('event', '019aa3f0-11c2-8a41-b2d0-5d1f9c3e7a42')
  assert.equal(unknown.code, 1)
  assert.match(unknown.err, /There is no event/)
  assert.equal((await run('events', '--state', 'alive')).code, 1)
  assert.equal((await run('events', '--key', '')).code, 2)
  assert.equal((await run('event')).code, 2)
})

test('status tells what is pending, failing and dead, and nothing of that to who does not run things', async () => {
  await using server = await nativeServer()
  server.webhook.answer = ({ title }) =>
    title === 'W dead'
      ? { is: 'failed', error: 'no such host' }
      : { is: 'retry', error: 'connection refused', afterMs: DAY }
  const call = (title: string) => ({ kind: 'webhook', title, url: 'https://hooks.example/a' })
  const body = { title: 'W', effects: [call('W 1'), call('W 2'), call('W dead'), reminder] }
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' } })
  assert.match((await run('status')).out, /^Pending +0$/m)
  await server.call('olga', 'POST', '/api/v1/events', { body })
  await server.webhook.begun(3)
  await run('clock', '+1s')
  const { out } = await run('status')
  assert.match(out, /^Pending +3, 0 due now$/m)
  assert.match(out, /^Oldest due +\d\d .* UTC$/m)
  assert.match(out, /^In progress 0 running, 0 waiting for an answer$/m)
  assert.match(out, /^Failing +2 failed and will be tried again$/m)
  assert.match(
    out,
    /^ {2}failing {2}2 × webhook\.call to hooks\.example:443 {2}up to attempt 2, next .*: connection refused$/m,
  )
  assert.match(out, /^Dead +1 failed for good/m)
  const { actions, dead } = JSON.parse((await run('status', '--json')).out)
  assert.deepEqual([actions.pending, dead.length], [{ count: 3, isExact: true }, 1])
  const member = await session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'bob' } }).run('status')
  assert.equal(member.code, 0)
  assert.doesNotMatch(member.out, /Pending|Dead/)
})
