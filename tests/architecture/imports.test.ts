// The import table, held against every file of the server, of wire and of the client. STANDDOWN_WRITE_IMPORTS=1 in the environment
// writes the table of ARCHITECTURE.md anew.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { type Allowed, IMPORT_TABLE, importTablePage } from './import-table.ts'
import { importsOf } from './imports.ts'
import { filesBelow, ROOT } from './source-files.ts'

test('every file imports only what the import table allows its room', () => {
  const files = ['server/src', 'wire/src', 'client'].flatMap(folder => filesBelow(folder, ['.ts']))
  assert.ok(files.length > 50, 'found the source files')
  const broken = files.flatMap(file => violations(file.path, file.text))
  assert.deepEqual(broken, [])
})

test('ARCHITECTURE.md shows the import table as it is', () => {
  const file = join(ROOT, 'ARCHITECTURE.md')
  const page = readFileSync(file, 'utf8')
  const found = /^## Who may import what\n[^|]*?(?<table>^\|(?:.*\n\|)*.*)$/m.exec(page)?.groups?.table
  assert.ok(found, 'ARCHITECTURE.md has a table below "Who may import what"')
  if (process.env.STANDDOWN_WRITE_IMPORTS === '1')
    writeFileSync(
      file,
      page.replace(found, () => importTablePage()),
    )
  else assert.equal(found, importTablePage(), 'STANDDOWN_WRITE_IMPORTS=1 writes it anew')
})

test('the reading processes load nothing that reaches a secret, the database or the network', () => {
  const files = new Map(filesBelow('server/src', ['.ts']).map(({ path, text }) => [path, text]))
  const loaded = new Set(
    ['reader/process-entry.ts', 'reader/jobs.ts', 'app/workspace/workspace-jobs.ts'].map(
      path => `server/src/${path}`,
    ),
  )
  const libraries = new Set<string>()
  for (const path of loaded) {
    for (const imported of valueImportsOf(files.get(path)!)) {
      if (imported.startsWith('.')) loaded.add(posix.join(posix.dirname(path), imported))
      else libraries.add(imported)
    }
  }
  assert.ok(loaded.size > 20, 'found what it loads')
  const rooms = [...loaded].filter(path =>
    /^server\/src\/(store|postgres|backup|engine|http|apis|cli|config)\b/.test(path),
  )
  assert.deepEqual(rooms, [])
  const harmless = ['node:crypto', 'node:fs', 'node:net', 'node:os', 'node:vm']
  const readers = [
    'ajv',
    'ajv-formats',
    'html-to-text',
    'htmlparser2',
    'ipaddr.js',
    'sanitize-html',
    'tr46',
    'yaml',
  ]
  assert.deepEqual(
    [...libraries].filter(name => !harmless.includes(name) && !readers.includes(name)),
    [],
  )
})

/** Types are gone when it runs. */
function valueImportsOf(text: string): string[] {
  return importsOf(text.replace(/^(import|export) type [^'"]*?from '[^']+'/gm, ''))
}

test('every folder of the server has a row in the import table', () => {
  const folders = new Set(
    filesBelow('server/src', ['.ts'])
      .map(file => file.path.split('/').slice(2, -1))
      .filter(parts => parts.length > 0)
      .map(parts => (parts[0] === 'apis' ? `apis/${parts[1]}` : parts[0]!)),
  )
  const rows = new Set(IMPORT_TABLE.map(row => row.room))
  assert.deepEqual(
    [...folders].filter(folder => folder !== 'app' && !rows.has(folder)),
    [],
  )
})

test('the scan finds every form of import and no comment', () => {
  const source = `import a from 'a'
import type { B } from "b"
import 'c'
import {
  d,
} from './d.ts'
export { e } from '../e.ts'
export type * from 'f'
const g = await import('g')
// import h from 'h'
/* import i from 'i' */
const text = \`
import j from 'j'\`
const k = "import l from 'l'"
import m, { type N } from 'm'`
  assert.deepEqual(importsOf(source), ['a', 'b', 'c', './d.ts', '../e.ts', 'f', 'g', 'm'])
})

test('the check refuses what it should', () => {
  const refused = (path: string, imported: string): boolean =>
    violations(path, `import x from '${imported}'`).length > 0
  assert.ok(refused('server/src/core/json.ts', 'node:fs'))
  assert.ok(refused('server/src/core/json.ts', '../store/database.ts'))
  assert.ok(refused('server/src/calendar/meeting/meeting.ts', '../../automations/automations.ts'))
  assert.ok(refused('server/src/apis/graph/routes.ts', '../native/views.ts'))
  assert.ok(refused('server/src/apis/graph/routes.ts', '../../engine/engine.ts'))
  assert.ok(refused('server/src/engine/engine.ts', 'lodash'))
  assert.ok(refused('server/src/cli/run-cli.ts', '../store/database.ts'))
  assert.ok(refused('wire/src/event.ts', 'node:util'))
  assert.ok(refused('client/library/start.ts', '../../server/src/core/json.ts'))
  assert.ok(refused('server/src/http/server.ts', '../../../client/library/start.ts'))
  assert.ok(!refused('client/library/start.ts', '../../wire/src/cif-messages.ts'))
  assert.ok(!refused('server/src/apis/native/views.ts', '../../engine/engine.ts'))
  assert.ok(!refused('server/src/app/compose.ts', './store/database.ts'))
})

function violations(path: string, text: string): string[] {
  const row = rowOf(path)
  if (!row) return []
  return importsOf(text).flatMap(imported => {
    const wrong = whyNot(row, path, imported)
    return wrong === null
      ? []
      : [`${path} imports ${imported}: ${wrong}${row.because ? ` (${row.because})` : ''}`]
  })
}

/** Null for app/ and main.ts. */
function rowOf(path: string): Allowed | null {
  const room = roomOf(path)
  return IMPORT_TABLE.find(row => row.room === room) ?? null
}

function roomOf(path: string): string | null {
  if (path.startsWith('wire/')) return 'wire'
  if (path.startsWith('client/')) return 'client'
  if (path === 'server/src/config/config.ts') return 'config'
  const parts = path.split('/').slice(2, -1)
  if (parts.length === 0) return null
  return parts[0] === 'apis' ? `apis/${parts[1]}` : parts[0]!
}

function whyNot(row: Allowed, from: string, imported: string): string | null {
  if (imported.startsWith('node:')) return row.node ? null : `${row.room} uses nothing of Node`
  if (imported.startsWith('.')) {
    const target = posix.join(posix.dirname(from), imported)
    const room = roomOf(target)
    if (room === row.room) return null
    const ours = /^(server\/src|wire\/src|client)\//.test(target)
    if (ours && room !== null && row.rooms.includes(room)) return null
    return `${row.room} may not import ${room ?? target}`
  }
  const [first, second] = imported.split('/')
  const name = first!.startsWith('@') ? `${first}/${second}` : first!
  if (name === '@standdown/wire') return row.rooms.includes('wire') ? null : `${row.room} may not import wire`
  return row.libraries.includes(name) ? null : `${row.room} may not use the library ${name}`
}
