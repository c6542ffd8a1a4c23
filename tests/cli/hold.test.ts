// What is on hold, in a terminal.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeHold } from '../../server/src/engine/hold/hold.ts'
import { type NativeServer, nativeServer } from '../native/native-server.ts'
import { session } from './terminal-session.ts'

const of = (server: NativeServer) => session({ env: { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' } })

async function onHold(): Promise<NativeServer> {
  const server = await nativeServer()
  const restored = { backupAt: new Date('2026-01-01T00:00:00Z') }
  await server.db.transaction('t', tx => placeHold(tx, { by: 'restore', reason: null, restored }))
  for (const [title, afterMs] of [
    ['Now', 0],
    ['Soon', 3_600_000],
  ] as const) {
    const effects = [{ kind: 'mail', to: ['bob@contoso.example'], subject: 'x', text: 'x', afterMs }]
    await server.call('olga', 'POST', '/api/v1/events', { body: { title, key: title, effects } })
  }
  return server
}

test('hold is handed on, and says whether it was there before', async () => {
  const { run, calls } = session()
  assert.match((await run('hold', '--reason', 'why')).out, /^On hold: nothing is done/)
  assert.match((await run('hold', '--pause')).out, /It was on hold before/)
  assert.deepEqual(calls, ['hold why false', 'hold null true'])
})

test('the list says what waits, by event; status and a part that is released say so too', async () => {
  await using server = await onHold()
  const { run } = of(server)
  const { out } = await run('hold', '--list')
  assert.match(
    out,
    /^On hold since .*, from a backup of .*2026.* \(restore\)\.\n1 overdue, 0 in doubt, 1 later\.\n/,
  )
  assert.match(out, /mail\.send {2}1 overdue, 0 in doubt, 1 later/)
  assert.match(out, /\nNow {2}\S+ {2}Now\n {2}overdue .*Mail to bob@contoso\.example\n/)
  assert.match((await run('status')).out, /On hold +since .*nothing is sent before \.\/standdown release/)
  const later = JSON.parse((await run('release', '--list', '--state', 'later', '--json')).out)
  assert.deepEqual(
    later.value.map((item: { event: { title: string } }) => item.event.title),
    ['Soon'],
  )
  const part = await run('release', '--state', 'overdue')
  assert.equal(part.out, '1 action released. The rest stays on hold: ./standdown release --list\n')
  await server.mail.begun(1)
  const called = await run('release', '--kind', 'mail.send', '--cancel', '--reason', 'no more')
  assert.match(called.out, /^\/api\/v1\/receipts\/\S+ {2}1 of 1 action prevented\n1 event called off\. /)
  const after = await run('hold', '--list')
  assert.match(after.out, /Nothing is on hold|0 overdue, 0 in doubt, 0 later/)
})

test('a release says what it is about, asks where somebody can be asked, and is refused when nothing is on hold', async () => {
  await using server = await onHold()
  const { run } = of(server)
  for (const args of [[], ['--all', '--kind', 'mail.send'], ['--cancel']])
    assert.equal((await run('release', ...args)).code, 2, args.join(' '))
  const asked: string[] = []
  const env = { STANDDOWN_URL: server.url, STANDDOWN_TOKEN: 'olga' }
  const confirm = async (question: string) => {
    asked.push(question)
    return false
  }
  const refused = await session({ env, confirm }).run('release', '--all')
  assert.deepEqual([refused.code, refused.err], [1, 'Nothing was changed.\n'])
  assert.deepEqual(asked, ['Release 2 actions and 0 in doubt?'])
  assert.match((await run('release', '--all')).out, /^Everything is released\. /)
  const again = await run('release', '--all')
  assert.deepEqual([again.code, again.err], [1, 'standdown: Nothing is on hold here. (NOT_ON_HOLD)\n'])
})

test('apply takes one decision about what is pending', async () => {
  const { run } = session()
  assert.equal((await run('apply', 'x.yaml', '--cancel-pending', '--keep-pending')).code, 2)
})
