// A file has one job, and a reader sees all of it: how long a file may be, and how many files a folder may hold.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesBelow } from './source-files.ts'

const FOLDERS = ['server/src', 'wire/src', 'client', 'tests', 'bench']
const MAX_LINES = 400
const MAX_MEDIAN_LINES = 110
const MAX_FILES_IN_A_FOLDER = 25

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = sources()
    .map(({ path, text }) => ({ path, lines: linesOf(text) }))
    .filter(({ lines }) => lines > MAX_LINES)
  assert.deepEqual(long, [])
})

test(`half of all files are not longer than ${MAX_MEDIAN_LINES} lines`, () => {
  const lines = sources()
    .filter(({ path }) => path.endsWith('.ts'))
    .map(({ text }) => linesOf(text))
    .sort((a, b) => a - b)
  const median = lines[lines.length >> 1] as number
  assert.ok(median <= MAX_MEDIAN_LINES, `the median is ${median} lines`)
})

test(`no folder holds more than ${MAX_FILES_IN_A_FOLDER} files`, () => {
  const counts = new Map<string, number>()
  for (const { path } of FOLDERS.flatMap(folder => filesBelow(folder, ['']))) {
    const folder = path.slice(0, path.lastIndexOf('/'))
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count > MAX_FILES_IN_A_FOLDER),
    [],
  )
})

/** All but migrations: one that was applied is never edited. */
function sources() {
  return FOLDERS.flatMap(folder => filesBelow(folder, ['.ts', '.sql', '.js', '.css'])).filter(
    ({ path }) => !path.startsWith('server/src/store/migrations/'),
  )
}

function linesOf(text: string): number {
  return text.replace(/\n$/, '').split('\n').length
}
