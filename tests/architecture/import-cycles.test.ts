// No file needs, to be loaded, a file that needs it. Circles of types are gone when the code runs; those that there are stand here.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importCycles } from './import-cycles.ts'
import { filesBelow } from './source-files.ts'

/** Circles that are known, named by their first file. These lists only shrink. */
const OF_VALUES: readonly string[] = ['server/src/notifications/display-next-offer.ts']
const OF_TYPES: readonly string[] = [
  'server/src/apis/native/events/event-finder.ts',
  'server/src/automations/activations/make-activations.ts',
  'server/src/delivery/mail/kept-mail.ts',
  'server/src/store/binary-arrays.ts',
  'server/src/store/database.ts',
]

const files = ['server/src', 'wire/src', 'client'].flatMap(folder => filesBelow(folder, ['.ts']))

test('no values are imported in a circle', () => {
  assert.ok(files.length > 300, 'found the files')
  assert.deepEqual(unknown(importCycles(files, 'values'), OF_VALUES), [])
})

test('no types are imported in a circle, but for those that are known', () => {
  assert.deepEqual(unknown(importCycles(files, 'values and types'), [...OF_VALUES, ...OF_TYPES]), [])
})

test('the check finds a circle of any length, and knows types from values', () => {
  const file = (path: string, text: string) => ({ path, text })
  const [a, b] = [
    file('x/a.ts', "import { b } from './b.ts'"),
    file('x/b.ts', "import { c } from './y/c.ts'"),
  ]
  const circle = [['x/a.ts', 'x/b.ts', 'x/y/c.ts']]
  assert.deepEqual(importCycles([a, b, file('x/y/c.ts', "export { a } from '../a.ts'")], 'values'), circle)
  assert.deepEqual(
    importCycles([a, b, file('x/y/c.ts', "import a, { type A } from '../a.ts'")], 'values'),
    circle,
  )
  for (const text of ["import type { A } from '../a.ts'", "import { type A } from '../a.ts'"]) {
    assert.deepEqual(importCycles([a, b, file('x/y/c.ts', text)], 'values'), [])
    assert.deepEqual(importCycles([a, b, file('x/y/c.ts', text)], 'values and types'), circle)
  }
  assert.deepEqual(importCycles([a, b], 'values'), [])
})

function unknown(cycles: readonly (readonly string[])[], known: readonly string[]) {
  return cycles.filter(([first]) => !known.includes(first as string))
}
