// What a workspace file may declare of automations, at each limit and one beyond it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWorkspace } from '../../server/src/automations/read-workspace.ts'
import { Mistakes, pathText } from '../../server/src/core/mistakes.ts'

const APP = 'shop'
const mail = { mail: { to: 'a@contoso.example', subject: 'Hello', text: 'Text' } }

function mistakesOf(section: {
  readonly triggers: unknown
  readonly automations: unknown
}): readonly string[] {
  const mistakes = new Mistakes()
  readWorkspace({ ...section, apps: new Map([[APP, { id: 'app' }]]) as never }, mistakes)
  return mistakes.kept.map(({ path, problem }) => `${pathText(path)} ${problem}`)
}

const triggers = (count: number) => Array.from({ length: count }, (_, i) => ({ app: APP, key: `t${i}` }))
const automations = (count: number, actions: readonly unknown[] = [mail], of = (_i: number) => 't0') =>
  Array.from({ length: count }, (_, i) => ({ app: APP, trigger: of(i), name: `a${i}`, actions }))

/** `levels` conditions in one another. */
function nested(levels: number): unknown {
  // biome-ignore lint/suspicious/noThenProperty: the workspace file's own word
  return levels === 0 ? mail : { if: { field: 'paid', equals: true, then: [nested(levels - 1)] } }
}

for (const [what, fits, beyond, problem] of [
  [
    'triggers',
    { triggers: triggers(1000), automations: [] },
    { triggers: triggers(1001), automations: [] },
    /more than 1000/,
  ],
  [
    'automations',
    { triggers: triggers(50), automations: automations(5000, [mail], i => `t${i % 50}`) },
    { triggers: triggers(51), automations: automations(5001, [mail], i => `t${i % 51}`) },
    /more than 5000/,
  ],
  [
    'active automations on one trigger',
    { triggers: triggers(1), automations: automations(100) },
    { triggers: triggers(1), automations: automations(101) },
    /more than 100 active ones on t0/,
  ],
  [
    'actions of one automation',
    { triggers: triggers(1), automations: automations(1, Array(45).fill(mail)) },
    { triggers: triggers(1), automations: automations(1, Array(46).fill(mail)) },
    /more than 45 actions/,
  ],
  [
    'conditions in one another',
    { triggers: triggers(1), automations: automations(1, [nested(10)]) },
    { triggers: triggers(1), automations: automations(1, [nested(11)]) },
    /nested deeper than 10/,
  ],
] as const) {
  test(`as many ${what} as may be are read, and one more is refused by name`, () => {
    assert.deepEqual(mistakesOf(fits), [])
    assert.match(mistakesOf(beyond).join('\n'), problem)
  })
}
