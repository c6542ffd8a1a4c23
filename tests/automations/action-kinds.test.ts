import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTION_EFFECTS, ACTION_KINDS } from '../../server/src/automations/actions/action-kinds.ts'
import { EFFECT_KINDS } from '../../server/src/core/effects/effect-kinds.ts'
import { filesNamed } from '../architecture/source-files.ts'

test('the workspace schema lists the actions that the server reads, with the same settings', () => {
  const schema = JSON.parse(filesNamed(['docs/workspace.schema.json'])[0]!.text)
  const expected = Object.entries(ACTION_KINDS).map(([name, { schema }]) => [name, schema])
  assert.deepEqual(schema.definitions.action.properties, Object.fromEntries(expected))
})

test('every action that becomes an effect becomes one of a known kind', () => {
  for (const kind of ACTION_EFFECTS) assert.ok(Object.hasOwn(EFFECT_KINDS, kind), kind)
})
