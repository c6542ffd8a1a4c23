import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nativeServer } from '../native/native-server.ts'
import { session } from './terminal-session.ts'

const DAY = 86_400_000

function announce(server: Awaited<ReturnType<typeof nativeServer>>, key: string, title: string) {
  const effects = [1, 3].map(days => ({
    kind: 'mail',
    title: `Reminder after ${days} days`,
    to: ['bob@contoso.example'],
    subject: 'A reminder',
    text: 'It is on its way.',
    afterMs: days * DAY,
  }))
  return server.call('alice', 'POST', '/api/v1/events', { body: { key, title, effects } })
}

test('preview, cancel and receipt, as text and as JSON', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  await announce(server, 'order-1017', 'Order 1017')

  const preview = await run('cancel', '--key', 'order-1017', '--preview')
  assert.match(preview.out, /If it were cancelled now: 2 prevented\./)
  const cancelled = await run('cancel', '--key', 'order-1017', '--reason', 'Out of stock')
  assert.equal(cancelled.code, 0)
  assert.match(cancelled.out, /Order 1017 {2}final/)
  assert.match(cancelled.out, /Nothing got through: 2 prevented\./)
  assert.match(cancelled.out, /“Out of stock”/)
  assert.match(cancelled.out, /Prevented {2}Reminder after 1 days +due/)

  const found = JSON.parse((await run('receipt', '--key', 'order-1017', '--json')).out)
  assert.equal(found.counts.prevented, 2)
  const byId = await run('receipt', found.id, '--wait', '5')
  assert.equal(byId.out, cancelled.out)
  assert.equal((await run('receipt')).out, cancelled.out, 'the last one')
  const nothing = await run('receipt', '--key', 'nothing')
  assert.equal(nothing.code, 1)
  assert.match(nothing.err, /No receipt/)
})

test('a cancel that comes first says that it waits', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  const { code, out, err } = await run('cancel', '--key', 'soon', '--app', 'people', '--early', '1h')
  assert.equal(code, 4)
  assert.match(err, /^standdown: Nothing matches yet: the cancel waits for its event\./)
  assert.match(out, /waits for its event/i)
  const nobodys = await run('cancel', '--key', 'soon', '--early', '1h')
  assert.equal(nobodys.code, 1)
  assert.match(nobodys.err, /Nothing is kept early unless `app` says whose key it is/)
  assert.equal((await run('cancel', '--key', 'soon', '--early', 'soon')).code, 2)
})

test('several apps have the key: the list first, then each receipt; a repeat, what is over, and nobody: three sentences', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  const other = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' } })
  await announce(server, 'opk', 'Order of people')
  for (const who of ['shop', 'rival']) {
    const body = { key: 'opk', title: `Order of ${who}\u001b[2J` }
    await server.call(who, 'POST', '/api/v1/events', { body })
  }
  const preview = await run('cancel', '--key', 'opk', '--preview')
  assert.equal(preview.code, 0)
  assert.match(preview.out, /^People\nIf it were cancelled now: 2 prevented\.[\s\S]+\nshop\n[\s\S]+\nrival\n/)

  const one = await run('cancel', '--key', 'opk', '--app', 'rival')
  assert.match(one.out, /Order of rival/)
  assert.doesNotMatch(one.out, /have that name/)
  const { code, out } = await run('cancel', '--key', 'opk')
  assert.equal(code, 0)
  assert.match(
    out,
    /^2 have that name, each with a receipt of its own:\n {2}People {2}Nothing got through: 2 prevented\. Receipt [0-9a-f-]{36}\n {2}shop {4}It was called off/,
  )
  assert.equal(out.match(/^Receipt /gm)?.length, 2)
  assert.doesNotMatch(out, /\u001b\[2J/)

  const again = await run('cancel', '--key', 'opk', '--app', 'shop')
  assert.equal(again.code, 0)
  assert.match(again.out, /^This was asked for before: nothing was changed/)
  const over = await other.run('cancel', '--key', 'opk', '--app', 'shop')
  assert.equal(over.code, 0)
  assert.match(over.out, /^Nothing was left to call off: it had ended, or had been called off before\./)
  for (const args of [
    ['--key', 'opk7'],
    ['--trigger', 'due', '--entity', '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c'],
    ['--token', 'call-1'],
  ]) {
    const nothing = await run('cancel', ...args)
    assert.equal(nothing.code, 4)
    assert.equal(nothing.out, '')
    assert.match(
      nothing.err,
      /^standdown: Nothing matches: nobody has that name, and nothing was called off\.\n$/,
    )
    const previewed = await run('cancel', ...args, '--preview')
    assert.deepEqual([previewed.code, previewed.out], [4, ''])
    assert.match(previewed.err, /^standdown: Nothing live matches/)
  }
  const json = await run('cancel', '--key', 'opk7', '--json')
  assert.deepEqual([json.code, JSON.parse(json.out)], [4, { is: 'nothing', receipts: [] }])
  await announce(server, 'one', 'One')
  const receipt = JSON.parse((await run('cancel', '--key', 'one', '--json')).out)
  assert.deepEqual([receipt.is, receipt.counts.prevented, receipt.of.app], ['cancelled', 2, null])
  const gone = await run('cancel', '--key', 'one', '--app', 'nobody')
  assert.equal(gone.code, 1)
  assert.match(gone.err, /There is no app nobody here/)
})

test('what callers wrote cannot steer the terminal', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' }, isTerminal: true })
  await announce(server, 'k', 'A\u001b[2J\u001b]0;owned\u0007 title')
  const { out } = await run('cancel', '--key', 'k')
  assert.doesNotMatch(out, /\u001b\[2J|\u001b\]0|\u0007/)
  assert.match(out, /title/)
  // biome-ignore lint/complexity/useRegexLiterals: the escape character is easier to see so
  assert.match(out, new RegExp('\u001b\\[1m'), 'our own colours are there')
})

test('what callers wrote cannot write lines of its own into a receipt', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  await announce(server, 'k', 'One\n  Prevented  Everything\u2028else\r\u0085')
  const { out } = await run('cancel', '--key', 'k', '--reason', 'So\n  Prevented  All')
  assert.equal(out.match(/^ {2}Prevented/gm)?.length, 2, out)
  assert.match(out, /^One Prevented Everything else {2}/m)
})

test('colours are for terminals without NO_COLOR only', async () => {
  await using server = await nativeServer()
  const env = { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' }
  await announce(server, 'k', 'K')
  await session({ env }).run('cancel', '--key', 'k')
  for (const quiet of [session({ env }), session({ env: { ...env, NO_COLOR: '1' }, isTerminal: true })]) {
    assert.doesNotMatch((await quiet.run('receipt')).out, /\u001b/)
  }
})

test('the clock is shown and moved', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  const before = JSON.parse((await run('clock', '--json')).out)
  const after = JSON.parse((await run('clock', '+3d', '--json')).out)
  assert.ok(Date.parse(after.now) - Date.parse(before.now) >= 3 * DAY)
  const refused = await session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'mallory' } }).run(
    'clock',
    '+3d',
  )
  assert.equal(refused.code, 1)
  assert.match(refused.err, /Only the clock of a sandbox can be moved/)
})

test('status names what runs, and dead actions can be tried again', async () => {
  await using server = await nativeServer()
  server.webhook.answer = () => ({ is: 'failed', error: 'no such host' })
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' } })
  const body = { title: 'W', effects: [{ kind: 'webhook', url: 'https://hooks.example/a' }] }
  const { effectIds } = (await server.call('olga', 'POST', '/api/v1/events', { body })).json()
  await run('clock', '+1s')
  const status = await run('status')
  assert.match(status.out, /Dead +1 failed for good/)
  assert.match(status.out, new RegExp(`${effectIds[0]} +Webhook to hooks.example +no such host`))
  server.webhook.answer = () => ({ is: 'done' })
  assert.equal((await run('status', '--retry', effectIds[0])).code, 0)
  await server.webhook.begun(2)
})

test('apply shows the differences first, asks where it can, and applies', async () => {
  await using server = await nativeServer()
  const directory = await mkdtemp(join(tmpdir(), 'standdown-cli-'))
  try {
    await writeFile(join(directory, 'workspace.yaml'), 'tenants: []\n')
    const env = { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' }
    const dry = await session({ env, cwd: directory }).run('apply', 'workspace.yaml', '--dry-run')
    assert.match(dry.out, /\+ users\.eve@contoso\.example/)
    assert.match(dry.out, /Nothing was changed/)
    const refused = await session({ env, cwd: directory, confirm: async () => false }).run(
      'apply',
      'workspace.yaml',
    )
    assert.equal(refused.code, 1)
    assert.ok(server.applied.every(({ apply }) => !apply))
    const applied = await session({ env, cwd: directory }).run('apply', 'workspace.yaml')
    assert.match(applied.out, /Applied 1 change\./)
    assert.deepEqual(
      server.applied.map(({ apply }) => apply),
      [false, false, false, true],
    )
    assert.equal((await session({ env, cwd: directory }).run('apply', 'none.yaml')).code, 1)
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('mail lists what was kept and opens one', async () => {
  const kept = {
    id: 'm1',
    at: new Date('2026-11-21T03:04:05Z'),
    from: 'Standdown <standdown@localhost>',
    to: ['bob@contoso.example'],
    subject: 'Hello',
    text: 'World',
    html: null,
    calendar: null,
  }
  await using server = await nativeServer({
    list: async () => [kept],
    read: async (_tenant, id) => (id === 'm1' ? { ...kept, raw: 'Subject: Hello\r\n\r\nWorld' } : null),
  })
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'alice' } })
  assert.equal((await run('mail')).out, '21 Nov 2026 03:04:05 UTC  bob@contoso.example  Hello  m1\n')
  assert.match((await run('mail', 'last')).out, /Subject: Hello[\s\S]*World/)
  assert.equal((await run('mail', 'm1', '--raw')).out, 'Subject: Hello\r\n\r\nWorld')
  assert.equal((await run('mail', 'm2')).code, 1)
})

test('env prints lines that a shell takes as they are', async () => {
  const token = `it's "a" $token`
  const { run } = session({ env: { STANDDOWN_URL: 'http://127.0.0.1:7700/', STANDDOWN_TOKEN: token } })
  const { out } = await run('env')
  const told = execFileSync('sh', ['-c', `${out}\nprintf '%s|%s' "$STANDDOWN_URL" "$STANDDOWN_TOKEN"`], {
    encoding: 'utf8',
  })
  assert.equal(told, `http://127.0.0.1:7700|${token}`)
})

test('a token that is not accepted says so', async () => {
  await using server = await nativeServer()
  const { code, err } = await session({
    env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'stranger' },
  }).run('status')
  assert.equal(code, 1)
  assert.match(err, /INVALID_TOKEN[\s\S]*standdown env/)
})

test('the server’s own key, where there are several tenants, says how to choose one', async () => {
  await using server = await nativeServer()
  const { run } = session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'server-key' } })
  const status = await run('status')
  assert.equal(status.code, 0)
  assert.match(status.out, /Tenant +none chosen: set STANDDOWN_TENANT/)
  const mail = await run('mail')
  assert.equal(mail.code, 1)
  assert.match(mail.err, /TENANT_NEEDED/)
})
