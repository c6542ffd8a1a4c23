import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileOf, GUARDS } from './guards.ts'

const ROOT = join(import.meta.dirname, '../..')

test('every guard that can be taken away stands in the code once, and docs/guards.md tells of it', () => {
  const page = readFileSync(join(ROOT, 'docs/guards.md'), 'utf8')
  for (const guard of GUARDS) {
    const text = readFileSync(join(ROOT, guard.file), 'utf8')
    assert.equal(text.split(guard.text).length, 2, `${guard.file}: ${guard.text}`)
    assert.notEqual(text, text.replace(guard.text, guard.without))
    for (const name of guard.noticedBy) assert.ok(existsSync(join(ROOT, fileOf(name))), name)
    assert.ok(page.includes(guard.keeps), `docs/guards.md does not tell of: ${guard.keeps}`)
  }
  assert.ok(!page.includes('**survived**'))
})
