import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readWorkspace } from '../../server/src/automations/read-workspace.ts'
import { Mistakes } from '../../server/src/core/mistakes.ts'

test('the workspace that docs/automations.md shows is one', async () => {
  const text = await readFile(new URL('../../docs/automations.md', import.meta.url), 'utf8')
  const [, yaml] = /^```yaml\n([\s\S]*?)^```$/m.exec(text) ?? assert.fail('no yaml block')
  const mistakes = new Mistakes()
  const section = { ...parse(yaml!), apps: new Map([['demo-app', 'id']]) }
  const { triggers, automations } = readWorkspace(section, mistakes)
  assert.deepEqual(mistakes.kept, [])
  assert.deepEqual([triggers.length, automations.length], [2, 2])
  assert.equal(automations[0]!.program.steps.length, 6)
})
