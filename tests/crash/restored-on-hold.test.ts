// Backup, cancel, restore on another machine: nothing is sent before the release, the list is complete, and what is released
// arrives once. With two data directories, the real command line, real mail and real webhooks.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { httpReceiver } from '../support/http-receiver.ts'
import {
  type PreparedData,
  preparedData,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'

const ROOT = join(import.meta.dirname, '../..')
const HOUR = 3_600_000

let data: PreparedData
before(async () => {
  data = await preparedData()
})
after(() => data?.[Symbol.asyncDispose]())

async function standdown(dataDir: string, ...args: string[]): Promise<string> {
  const script = ['--disable-warning=ExperimentalWarning', 'server/src/main.ts', ...args]
  const env = { PATH: process.env.PATH ?? '', DATA_DIR: dataDir }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, script, { cwd: ROOT, env })
  const lines = stderr.split('\n').filter(line => line.includes('"security"'))
  assert.deepEqual(
    lines.map(line => (JSON.parse(line) as { event: string }).event),
    ['hold', 'restore'].includes(args[0] ?? '') ? ['hold'] : [],
  )
  return stdout
}

test('backup, cancel, restore elsewhere: nothing is sent before the release, and the list is complete', async () => {
  await using smtp = await smtpReceiver()
  await using hooks = await httpReceiver()
  // The first mail is under way for as long as the server lives.
  let hang = true
  smtp.answer = stage => (stage === 'message' && hang ? 'hang' : null)
  const arrived = (path: string) => hooks.requests.filter(request => request.path === path).length
  const env = { SMTP_URL: smtp.url, STANDDOWN_LEASE_MS: '60000' }
  const here = data.copy()
  const there = `${here}-restored`
  const file = `${here}.backup`

  const server = await startServer({ dataDir: here, env })
  const announce = async (at: ServerProcess, title: string, effect: object) => {
    const { status, json, text } = await at.ask('POST', '/api/v1/events', {
      body: { title, effects: [effect] },
    })
    assert.equal(status, 201, text)
    return json.id as string
  }
  const webhook = (path: string, afterMs = 0) => ({ kind: 'webhook', url: `${hooks.url}${path}`, afterMs })
  const mail = (to: string, afterMs = 0) => ({ kind: 'mail', to: [to], subject: 'x', text: 'x', afterMs })
  await announce(server, 'running', mail('erin@contoso.example'))
  await smtp.reached('message')
  hang = false
  // So that something is due and not sent when the backup is made.
  await standdown(here, 'hold', '--pause', '--reason', 'a backup is made')
  await announce(server, 'sent', webhook('/sent'))
  await announce(server, 'mailed', mail('bob@contoso.example'))
  const called = await announce(server, 'called off', mail('carol@contoso.example', HOUR))
  await announce(server, 'later', webhook('/later', HOUR))
  await standdown(here, 'backup', file)

  // What the backup knows nothing of: a cancel, and what was sent.
  const cancel = await server.ask('POST', `/api/v1/events/${called}/cancel`)
  const receipt = await server.ask('GET', `${cancel.json.receipt}?wait=10`)
  assert.equal(receipt.json.counts.prevented, 1)
  await server.ask('POST', '/api/v1/hold/release', { body: { all: true } })
  await hooks.arrived(1)
  await smtp.arrived(1)
  server.child.kill('SIGKILL')
  await server.ended
  assert.deepEqual([arrived('/sent'), smtp.seen.length], [1, 2])

  const said = await standdown(there, 'restore', file)
  assert.match(said, /It is on hold/)
  // Killed at its first start, which comes back as if nothing had been.
  const first = await startServer({ dataDir: there, env })
  first.child.kill('SIGKILL')
  await first.ended
  const restored = await startServer({ dataDir: there, env })
  await using _ = restored
  const ready = await restored.ask('GET', '/readyz?verbose')
  assert.equal(ready.status, 200)
  assert.match(ready.json.warnings.hold, /^on hold since /)
  const { json: list } = await restored.ask('GET', '/api/v1/hold')
  assert.equal((await restored.ask('GET', '/api/v1/status')).json.onHoldSince, list.since)
  const shown = list.value.map((item: { event: { title: string }; state: string; doubt: boolean }) => [
    item.event.title,
    item.state,
    item.doubt,
  ])
  assert.deepEqual(shown.sort(), [
    ['called off', 'later', false],
    ['later', 'later', false],
    ['mailed', 'overdue', true],
    ['running', 'in_doubt', true],
    ['sent', 'overdue', true],
  ])
  assert.deepEqual(
    [list.counts.overdue, list.counts.inDoubt, list.counts.later, list.counts.running],
    [2, 1, 2, 0],
  )
  const clock = await restored.ask('POST', '/api/v1/sandbox/clock', { body: { advance: '1d' } })
  assert.deepEqual([clock.status, clock.json.code], [409, 'ON_HOLD'])

  // A start takes what has been due longest first: when this one arrives, those before it were passed over.
  const signal = await announce(restored, 'signal', webhook('/signal'))
  await restored.ask('POST', '/api/v1/hold/release', { body: { eventId: signal } })
  await hooks.arrived(2)
  assert.deepEqual(
    hooks.requests.map(request => request.path),
    ['/sent', '/signal'],
  )
  assert.equal(smtp.seen.length, 2)

  const prevented = await restored.ask('POST', `/api/v1/events/${called}/cancel`)
  const final = await restored.ask('GET', `${prevented.json.receipt}?wait=10`)
  assert.deepEqual([final.json.state, final.json.counts.prevented], ['final', 1])
  const overdue = { kind: 'mail.send', state: 'overdue', cancel: true }
  const dropped = await restored.ask('POST', '/api/v1/hold/release', { body: overdue })
  assert.equal(dropped.json.receipts.length, 1)
  const doubtful = await restored.ask('GET', `${dropped.json.receipts[0].receipt}?wait=10`)
  assert.deepEqual([doubtful.json.state, doubtful.json.counts.in_doubt], ['final', 1])

  assert.match(await standdown(there, 'release', '--all'), /Nothing is on hold any more/)
  await hooks.arrived(3)
  assert.equal(arrived('/sent'), 2, 'once here, and once where it was sent after the backup')
  // What was running at the backup is not begun again.
  for (;;) {
    const dead = await restored.ask('GET', '/api/v1/effects?state=dead')
    if (dead.json.value.length === 0) continue
    assert.match(dead.json.value[0].error, /nobody knows how it went/)
    break
  }
  await announce(restored, 'at last', mail('bob@contoso.example'))
  await smtp.arrived(2)
  assert.deepEqual([arrived('/later'), arrived('/sent'), smtp.seen.length], [0, 2, 3])
})

test('a database that was restored by other means is put on hold before its first start', async () => {
  const dataDir = data.copy()
  assert.match(await standdown(dataDir, 'hold', '--reason', 'a copy of the disk'), /On hold/)
  await using server = await startServer({ dataDir })
  const held = await server.ask('GET', '/api/v1/hold')
  assert.deepEqual(
    [held.json.onHold, held.json.reason, held.json.backupAt],
    [true, 'a copy of the disk', null],
  )
  assert.match(await standdown(dataDir, 'release', '--all'), /Nothing is on hold any more/)
  assert.equal((await server.ask('GET', '/api/v1/hold')).json.onHold, false)
})
