// Whoever reads what a command says may stop: `./standdown events | head`.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, '../../server/src/main.ts')

test('a command whose reader is gone ends as by SIGPIPE, without a word', async () => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.deepEqual([code, said], [141, ''])
})
