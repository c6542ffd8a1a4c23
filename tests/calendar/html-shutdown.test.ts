// A real server is asked to end while it has HTML read that would take minutes.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { childrenOf, ended } from '../postgres/process-end.ts'
import { testDatabase } from '../support/database.ts'
import { startServer } from '../support/server-process.ts'
import { meetingBody } from './meetings.ts'

test('SIGTERM is obeyed while hostile HTML is read, and nothing is left running', async t => {
  await using database = await testDatabase({ empty: true })
  const dataDir = await mkdtemp(join(tmpdir(), 'standdown-html-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const { host = '', user = '' } = database.options
  const where = `host=${encodeURIComponent(host)}&user=${encodeURIComponent(user)}`
  await using server = await startServer({
    dataDir,
    env: { DATABASE_URL: `postgresql:///${database.name}?${where}` },
  })
  const token = await server.token({ user: 'alice@contoso.example' })
  const attendees = Array.from({ length: 500 }, (_, i) => ({
    emailAddress: { address: `guest-${i}@elsewhere.example` },
  }))
  const body = meetingBody({ attendees, body: { contentType: 'html', content: '<a>'.repeat(300_000) } })
  const pending = Array.from({ length: 8 }, () => server.call('POST', '/v1.0/me/events', { token, body }))
  // It answers others meanwhile, and reads in a process of its own.
  let readers: number[] = []
  while (readers.length === 0) {
    assert.equal((await server.ask('GET', '/v1.0/me/events', { token })).status, 200)
    readers = childrenOf(server.pid)
  }
  server.child.kill('SIGTERM')
  assert.deepEqual(await server.ended, { code: 0, signal: null })
  await Promise.all(readers.map(ended))
  for (const reply of await Promise.all(pending))
    assert.ok(reply === null || [400, 503].includes(reply.status))
})
