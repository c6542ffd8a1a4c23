// Each file of client/ is served: the lists in browser-files.ts are written by hand, because their order counts.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { desktopFiles, libraryFile } from '../../server/src/apis/notifications/browser-files.ts'

const CLIENT = join(import.meta.dirname, '../../client')

test('every file of the library is in its script, which names nothing that is not in it', () => {
  const { text } = libraryFile()
  for (const name of readdirSync(join(CLIENT, 'library'))) assert.ok(text.includes(`// ${name}\n`), name)
  assert.doesNotMatch(text, /^(import|export)\b/m)
})

test('every file of the desktop is served', () => {
  assert.deepEqual([...desktopFiles().keys()].sort(), readdirSync(join(CLIENT, 'agent')).sort())
})
