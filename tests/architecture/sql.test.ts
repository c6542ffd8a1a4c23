// A room's SQL touches only its own schema: another room's tables are reached through that room.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesBelow } from './source-files.ts'

const SCHEMAS = ['engine', 'auth', 'calendar', 'automations', 'notifications', 'delivery'] as const

test('every statement touches only the schema of its room', () => {
  const files = filesBelow('server/src', ['.sql']).filter(file => file.path.includes('/sql/'))
  assert.ok(files.length > 20, 'found the statements')
  const broken = files.flatMap(file => {
    const room = file.path.split('/')[2]!
    return foreignSchemas(file.text, room).map(schema => `${file.path} touches ${schema}`)
  })
  assert.deepEqual(broken, [])
})

test('every migration touches only the schema that its name says', () => {
  const files = filesBelow('server/src/store/migrations', ['.sql'])
  assert.ok(files.length > 0, 'found the migrations')
  const broken = files.flatMap(file => {
    const room = /\/\d{4}-([a-z]+)/.exec(file.path)?.[1] ?? ''
    return foreignSchemas(file.text, room).map(schema => `${file.path} touches ${schema}`)
  })
  assert.deepEqual(broken, [])
})

test('every statement is used, and every file holds one', () => {
  const code = filesBelow('server/src', ['.ts']).map(file => file.text)
  for (const file of filesBelow('server/src', ['.sql'])) {
    if (!file.path.includes('/sql/')) continue
    const name = file.path.slice(file.path.lastIndexOf('/') + 1, -'.sql'.length)
    assert.ok(
      code.some(text => text.includes(`'${name}'`)),
      `${file.path} is asked for by nobody`,
    )
    assert.ok(!/;\s*\S/.test(stripped(file.text)), `${file.path} holds more than one statement`)
  }
})

test('the check finds another schema, and is not fooled by comments, strings and aliases', () => {
  assert.deepEqual(foreignSchemas('select * from auth.person', 'engine'), ['auth'])
  assert.deepEqual(foreignSchemas('select * from "auth"."person"', 'engine'), ['auth'])
  assert.deepEqual(foreignSchemas("-- auth.person\nselect 'auth.person' from engine.event", 'engine'), [])
})

function foreignSchemas(sql: string, own: string): string[] {
  const text = stripped(sql)
  return SCHEMAS.filter(
    schema => schema !== own && new RegExp(`(?<![.\\w])"?${schema}"?\\s*\\.\\s*"?[a-z]`, 'i').test(text),
  )
}

function stripped(sql: string): string {
  return sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, ' ').replace(/\$\$[\s\S]*\$\$/, ' ')
}
