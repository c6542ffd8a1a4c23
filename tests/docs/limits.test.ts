// docs/limits.md says what is in the code, and what tests it.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')

type Row = { readonly what: string; readonly value: number; readonly where: string; readonly tests: string }

const rows = readFileSync(join(ROOT, 'docs/limits.md'), 'utf8')
  .split('\n')
  .filter(line => /^\| (?!limit)/.test(line))
  .map((line): Row => {
    const [what = '', value = '', where = '', tests = ''] = line
      .split('|')
      .slice(1)
      .map(cell => cell.trim())
    return { what, value: Number(value), where, tests }
  })

test('the page has its limits', () => {
  assert.ok(rows.length >= 20)
})

for (const { what, value, where, tests } of rows) {
  test(`the limit is what the code says, and its test is there: ${what}`, () => {
    const [, file = '', name = ''] = /^`([^`]+)` (\w+)/.exec(where) ?? []
    const source = readFileSync(join(ROOT, 'server/src', file), 'utf8')
    const [, said] = new RegExp(`\\b${name}(?:: | = | \\?\\? )([\\d_]+(?: \\* [\\d_]+)*)`).exec(source) ?? []
    assert.ok(said, `${name} in ${file}`)
    const inCode = said
      .split(' * ')
      .reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1)
    assert.equal(inCode, value)
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, path]) => path!)
    assert.ok(files.length > 0)
    for (const path of files) assert.ok(existsSync(join(ROOT, path)), path)
  })
}
