// The words of the pages: those that ARCHITECTURE.md has retired are not used, and those that it defines are defined once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesBelow, filesNamed } from '../architecture/source-files.ts'
import { rowsOf, sectionOf } from './markdown.ts'

/** What each is replaced by stands in ARCHITECTURE.md, "Retired words". */
const RETIRED =
  /\b(born|births?|begets?|begotten|owes?|owed|owing|short way|long way|caretaker|chores?|drawer|bury|buried|house|heart)\b/i
/** Written by a script from the guards, or about documents of others. */
const NOT_OURS = ['docs/guards.md', 'docs/seeds.md', 'docs/bench.md']

const [architecture] = filesNamed(['ARCHITECTURE.md'])
const words = sectionOf(architecture!.text, '## Words')

test('no page uses a retired word', () => {
  const pages = [
    ...filesBelow('docs', ['.md']).filter(({ path }) => !NOT_OURS.includes(path)),
    ...filesNamed(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']),
    { path: 'ARCHITECTURE.md', text: architecture!.text.replace(sectionOf(words, '### Retired words'), '') },
  ]
  const used = pages.flatMap(({ path, text }) =>
    // Names of code are another matter: a column keeps its name.
    text
      .replace(/`[^`\n]*`/g, '')
      .split('\n')
      .filter(line => RETIRED.test(line))
      .map(line => `${path}: ${line.trim()}`),
  )
  assert.deepEqual(used, [])
})

test('every word is defined once', () => {
  const defined = ['What happens', 'Calling off', 'Running', 'Storing', 'Writing code'].flatMap(heading =>
    rowsOf(sectionOf(words, `### ${heading}`)).flatMap(([terms = '']) => terms.split(', ')),
  )
  assert.ok(defined.length >= 60, `${defined.length} words`)
  assert.deepEqual(
    defined.filter((word, at) => defined.indexOf(word) !== at),
    [],
  )
})
