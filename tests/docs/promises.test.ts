// The promises (I1) to (I10): ARCHITECTURE.md defines each that is cited, and names files that keep it and tests that show it.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, filesNamed, ROOT } from '../architecture/source-files.ts'
import { linksOf, sectionOf } from './markdown.ts'

const PAGE = 'ARCHITECTURE.md'
const CITED = /\bI(?:10|[1-9])\b(?!\w)/g

const page = filesNamed([PAGE])[0]!.text
const promises = sectionOf(page, '## The promises')
const definitions = new Map(
  [...promises.matchAll(/^### (I\d+): .+$/gm)].map(([heading, name]) => [name!, sectionOf(page, heading!)]),
)

test('there are ten promises, in order', () => {
  assert.deepEqual(
    [...definitions.keys()],
    Array.from({ length: 10 }, (_, at) => `I${at + 1}`),
  )
})

test('every promise that is cited is defined', () => {
  const files = [
    ...filesBelow('server/src', ['.ts', '.sql']),
    ...filesBelow('tests', ['.ts', '.sql']),
    ...filesBelow('docs', ['.md']),
    ...filesNamed([PAGE, 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']),
  ]
  const cited = files.flatMap(({ path, text }) =>
    [...text.matchAll(CITED)].map(([name]) => ({ path, name: name! })),
  )
  assert.ok(cited.length > 100, 'found what is cited')
  assert.deepEqual(
    cited.filter(({ name }) => !definitions.has(name)),
    [],
  )
})

for (const [name, text] of definitions) {
  test(`${name} says what it is, names files that keep it, and tests that show it`, () => {
    const [said = '', keptBy = '', shownBy = ''] = text.split(/^- (?:Kept by|Shown by): /m)
    assert.ok(said.trim().length > 100, 'it is a definition')
    const keeps = linksOf(keptBy, PAGE)
    const shows = linksOf(shownBy, PAGE)
    assert.ok(keeps.length > 0 && shows.length > 0)
    for (const file of keeps) {
      assert.match(file, /^server\/src\/.+\.(ts|sql)$/)
      assert.ok(existsSync(join(ROOT, file)), file)
    }
    for (const file of shows) {
      assert.match(file, /^tests\/.+\.test\.ts$/)
      assert.ok(existsSync(join(ROOT, file)), file)
    }
  })
}
