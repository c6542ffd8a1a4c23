// An engine is an object. What a module of the engine, the store or the core keeps for itself would be shared by all engines of
// a process, and by all tenants.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moduleStateOf } from './module-state.ts'
import { filesBelow } from './source-files.ts'

const FOLDERS = ['server/src/engine', 'server/src/store', 'server/src/core']

/** Functions whose answers are no state: the same for everybody, whenever it is asked. */
const PURE: ReadonlySet<string> = new Set([
  // The texts of files of this version.
  'statements',
  'functionName',
  'readFileSync',
  'fileURLToPath',
  // A catalogue: makes errors.
  'faults',
])

const STORE = 'server/src/store'
const ALLOWED: readonly {
  readonly file: string
  readonly names: readonly string[]
  readonly because: string
}[] = [
  {
    file: `${STORE}/crash-point.ts`,
    names: ['wanted,nth', 'left'],
    because: 'a crash test kills the process: it is the process that it counts for',
  },
  {
    file: `${STORE}/database.ts`,
    names: ['pg.types.setTypeParser(20, Number)'],
    because: 'the driver has one table of readers; every database is read by the same ones',
  },
  {
    file: `${STORE}/message-bytes.ts`,
    names: ['prepareValue'],
    because: 'a pure function of the driver, which does not export it',
  },
  {
    file: `${STORE}/binary-arrays.ts`,
    names: ['PARAMETERS', 'for (let value = 0; value < 16; value++) {'],
    because: 'a pattern that is only given to matchAll, which copies it; a table that is filled once',
  },
]

test('no module of the engine, the store or the core keeps anything that changes', () => {
  const files = FOLDERS.flatMap(folder => filesBelow(folder, ['.ts']))
  assert.ok(files.length > 60, 'found the modules')
  const found = files.flatMap(({ path, text }) =>
    moduleStateOf(text, PURE)
      .filter(({ name }) => !ALLOWED.some(each => each.file === path && each.names.includes(name)))
      .map(({ line, name, what }) => `${path}:${line}: ${name} ${what}`),
  )
  assert.deepEqual(found, [])
})

test('what is allowed is still there', () => {
  for (const { file, names } of ALLOWED) {
    const text = filesBelow(STORE, ['.ts']).find(each => each.path === file)?.text ?? ''
    const found = moduleStateOf(text, PURE).map(({ name }) => name)
    for (const name of names) assert.ok(found.includes(name), `${file}: ${name}`)
  }
})

test('the check finds what a module keeps', () => {
  for (const [text, name] of [
    ['let started = false', 'started'],
    ['export let started = false', 'started'],
    ['const cache = new Map<string, number>()', 'cache'],
    ['const known = new WeakMap<object, number>()', 'known'],
    ['const seen = new Set(["a"])\nexport function see(x: string) { seen.add(x) }', 'seen'],
    ['const list = [1]\nexport const add = (x: number) => list.push(x)', 'list'],
    ['const list: number[] = []', 'list'],
    ['const state = {}', 'state'],
    ['const state = { count: 0 }\nexport function count() { state.count += 1 }', 'state'],
    ['const state = { count: 0 }\nexport function count() { state.count++ }', 'state'],
    ['const byName = { a: 1 }\nexport function forget(n: "a") { delete byName[n] }', 'byName'],
    ['const parts = { seen: new Map() }', 'parts'],
    ['const places = new RunningSlots({ maxRunning: 1 })', 'places'],
    ['const tick = counter()', 'tick'],
    ['const WORD = new RegExp("a", "g")', 'WORD'],
    ['const WORD = /[gy]/gi', 'WORD'],
    ['export class Engine { static running = 0 }', 'Engine.running'],
    ['export class Engine { static readonly all = new Set<Engine>() }', 'Engine.all'],
    ['process.on("exit", () => {})', 'process.on("exit", () => {})'],
  ] as const)
    assert.deepEqual([...new Set(moduleStateOf(text).map(found => found.name))], [name], text)
})

test('the check leaves alone what nobody changes', () => {
  for (const text of [
    'const NAMES = new Set(["a"])\nexport const has = (x: string) => NAMES.has(x)',
    'const LIST = ["a", "b"] as const',
    'const OPTIONS = { a: [1], b: { c: 2 } }',
    'const WORD = /[gy]/i',
    'const DIGITS = new Uint8Array(3).fill(1)',
    'const left = 1\nexport function f() { let left = 2; left -= 1; return left }',
    'const list = [1]\nexport function f(list: number[]) { list.push(1) }',
    'export class Engine { private started = false\n static readonly NAME = "engine" }',
    'export function f() { const made = new Map(); made.set(1, 2); return made }',
    'export const sql = statements(import.meta.url)',
  ])
    assert.deepEqual(moduleStateOf(text, PURE), [], text)
})
