// ARCHITECTURE.md and CONTRIBUTING.md lead to code: the file is there, and holds the text that is quoted.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { IMPORT_TABLE } from '../architecture/import-table.ts'
import { filesBelow, filesNamed, ROOT } from '../architecture/source-files.ts'
import { codeOf, linksOf, rowsOf, sectionOf } from './markdown.ts'

const [architecture, contributing] = filesNamed(['ARCHITECTURE.md', 'CONTRIBUTING.md'])

const FOLDERS = ['server', 'wire', 'client', 'tests', 'bench', 'docs', 'examples']
const ENDINGS = ['.ts', '.sql', '.md', '.js', '.cjs', '.json', '.yaml', '.css', '.sh', '.txt']

test('every line that somebody may look for is where the table says', () => {
  const rows = rowsOf(sectionOf(architecture!.text, '## If you came to find one line')).filter(
    row => row.length === 3,
  )
  assert.ok(rows.length >= 40, `${rows.length} lines`)
  const wrong = rows.flatMap(([line = '', link = '', quoted = '']) => {
    const files = linksOf(link, 'ARCHITECTURE.md')
    if (files.length !== 1) return [`${line}: names ${files.length} files`]
    const path = join(ROOT, files[0]!)
    if (!existsSync(path)) return [`${line}: there is no ${files[0]}`]
    return readFileSync(path, 'utf8').includes(codeOf(quoted))
      ? []
      : [`${line}: not in ${files[0]}: ${quoted}`]
  })
  assert.deepEqual(wrong, [])
})

test('what CONTRIBUTING.md quotes of a file is in it', () => {
  const quotes = [...contributing!.text.matchAll(/`([^`]+)` in \[[^\]]+\]\(([^)]+)\)/g)]
  assert.ok(quotes.length >= 15, `${quotes.length} quotes`)
  const wrong = quotes
    .filter(([, text, file]) => !readFileSync(join(ROOT, file!), 'utf8').includes(text!))
    .map(([, text, file]) => `${file} has no ${text}`)
  assert.deepEqual(wrong, [])
})

test('every file that the two pages name between backticks is there', () => {
  const there = FOLDERS.flatMap(folder => filesBelow(folder, ENDINGS)).map(({ path }) => `/${path}`)
  const wrong = [architecture!, contributing!].flatMap(({ path, text }) =>
    [...text.matchAll(/`([\w./-]+\.(?:ts|sql|md|cjs|sh))`/g)]
      .map(([, name]) => name!)
      .filter(name => !existsSync(join(ROOT, name)) && !there.some(file => file.endsWith(`/${name}`)))
      .map(name => `${path} names ${name}`),
  )
  assert.deepEqual(wrong, [])
})

test('the table of rooms has every room, and every verb of the engine', () => {
  const links = linksOf(sectionOf(architecture!.text, '## The folders and why'), 'ARCHITECTURE.md')
  const missing = links.filter(target => !existsSync(join(ROOT, target)))
  assert.deepEqual(missing, [])
  const outside: { readonly [room: string]: string } = { wire: 'wire/src', client: 'client' }
  const rooms = IMPORT_TABLE.map(({ room }) => outside[room] ?? `server/src/${room}`)
  const verbs = filesBelow('server/src/engine', ['.ts']).flatMap(({ path }) => {
    const [, verb] = /^(server\/src\/engine\/[^/]+)\//.exec(path) ?? []
    return verb === undefined ? [] : [verb]
  })
  assert.deepEqual(
    [...new Set([...rooms, ...verbs])].filter(folder => !links.includes(folder)),
    [],
  )
})
