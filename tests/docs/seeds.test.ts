// docs/seeds.md against the tests: every statement has its row, and every row names tests that exist.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, ROOT } from '../architecture/source-files.ts'
import { hasTitle, rowsOf } from './seeds-ledger.ts'

/** How many statements each of the five documents has. */
const STATEMENTS = [8, 15, 16, 10, 20]

const page = readFileSync(join(ROOT, 'docs/seeds.md'), 'utf8')
const rows = rowsOf(page)
const tests = new Map(filesBelow('tests', ['.test.ts']).map(file => [file.path, file.text]))

test('every statement of the five documents has one row, in order', () => {
  const wanted = STATEMENTS.flatMap((count, document) =>
    Array.from({ length: count }, (_, index) => `${document}.${index + 1}`),
  )
  assert.deepEqual(
    rows.map(row => row.id),
    wanted,
  )
})

test('every row names tests that exist', () => {
  const missing = rows.flatMap(({ id, shownBy }) => {
    if (shownBy.length === 0) return [`${id} names no test`]
    return shownBy.flatMap(({ file, title }) => {
      const text = tests.get(file)
      if (text === undefined) return [`${id}: there is no ${file}`]
      return hasTitle(text, title) ? [] : [`${id}: ${file} has no test "${title}"`]
    })
  })
  assert.deepEqual(missing, [])
})

test('the page names the method of row 2.11 and what the SDK resolves to', () => {
  assert.match(page, /`wixClientAdmin\.triggers\.EsbConfigResolver\.cancelEvent` \(row 2\.11\)/)
  assert.match(page, /resolves to `undefined` \(row 2\.15\)/)
})

test('a title is found as it is written, by its template, or in the list that a loop runs over', () => {
  const source = [
    "const forms = [['4.7 me/events', 1]]",
    "for (const prefix of ['/v1.0', '/beta']) {",
    `test(\`\${prefix} \${name}: both\`, () => {})`,
    'test(name, () => {})',
    '}',
    `test("alice's own", () => {})`,
    "test('plain', () => {})",
  ].join('\n')
  for (const title of ['plain', "alice's own", '/v1.0 4.7 me/events: both', '4.7 me/events']) {
    assert.ok(hasTitle(source, title), title)
  }
  for (const title of ['plai', '/v1.0 4.8 me/events: both', '4.8 me/events', '/v1.0 4.7 me/events']) {
    assert.ok(!hasTitle(source, title), title)
  }
})
