// Retired words stay away. There is no list of exceptions.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retiredIn } from './retired-words.ts'
import { filesBelow, filesNamed } from './source-files.ts'

test('no retired word is used', () => {
  const files = [
    ...['server/src', 'wire/src', 'client'].flatMap(folder => filesBelow(folder, ['.ts', '.sql'])),
    ...filesBelow('tests', ['.test.ts']),
    ...filesBelow('docs', ['.md']),
    ...filesNamed(['README.md', 'ARCHITECTURE.md']),
  ].filter(
    ({ path }) =>
      // An applied migration is never edited.
      !path.startsWith('server/src/store/migrations/') && path !== 'tests/architecture/retired-words.test.ts',
  )
  assert.ok(files.length > 500, 'found the files')
  const found = files.flatMap(file => [...new Set(retiredIn(file))].map(word => `${file.path}: ${word}`))
  assert.deepEqual(found, [])
})

test('a name is retired where it is declared as a whole name, and nowhere else', () => {
  const names = (text: string) => retiredIn({ path: 'server/src/a.ts', text })
  assert.deepEqual(names('const held = 1'), ['held'])
  assert.deepEqual(names('const { asked, b: told } = c'), ['asked', 'told'])
  assert.deepEqual(names('function leave(most: number) {}'), ['leave', 'most'])
  assert.deepEqual(names('type A = { readonly owner: string }'), ['owner'])
  assert.deepEqual(names('class B { private turn = 1; home() {} }'), ['turn', 'home'])
  assert.deepEqual(names('type A = { place: 1 }; a.place = a.line; f({ said: 1 })'), ['place'])
  assert.deepEqual(names('const heldRows = mostOf(turns)'), [])
})

test('a field of the wire keeps its name', () => {
  const found = (text: string) => retiredIn({ path: 'wire/src/a.ts', text })
  assert.deepEqual(found('type A = { readonly line: number }'), [])
  assert.deepEqual(found('const line = 1 // born'), ['line', 'born'])
})

test('the section that lists the retired words may name them', () => {
  const found = (text: string) => retiredIn({ path: 'ARCHITECTURE.md', text })
  assert.deepEqual(found('It is born.\n\n### Retired words\n\n| to owe | must |\n\n## Next\n\nIt bears.\n'), [
    'born',
    'bears',
  ])
  assert.deepEqual(found('### Retired words\n\n| to owe | must |\n'), [])
})

test('a word is retired in comments, texts, pages and names of tests', () => {
  const found = (path: string, text: string) => retiredIn({ path, text })
  assert.deepEqual(found('server/src/a.ts', '// What is born\nconst a = 1 // it owes'), ['born', 'owes'])
  assert.deepEqual(found('server/src/a.ts', 'f(`the short way $' + '{of} a birth`)'), ['short way', 'birth'])
  assert.deepEqual(found('server/src/a.ts', '/** the long\n * way */\nlet a'), ['long way'])
  assert.deepEqual(found('server/src/a.ts', 'row.birth + bearer("Bearer")'), [])
  assert.deepEqual(found('server/src/a.ts', 'throw new TreesMeet()'), ['TreesMeet'])
  assert.deepEqual(found('server/src/a.sql', '-- bears\nselect birth from a'), ['bears'])
  assert.deepEqual(found('docs/a.md', 'It leaves the\nhouse: see `TakenUp`'), ['leaves the house', 'TakenUp'])
  assert.deepEqual(found('tests/a.test.ts', "// born\ntest('nothing is born', () => {})"), ['born'])
})
