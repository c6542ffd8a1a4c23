import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readActions } from '../../server/src/automations/actions/read-actions.ts'
import { programChanges } from '../../server/src/automations/language/program-changes.ts'
import { Mistakes } from '../../server/src/core/mistakes.ts'

const program = (actions: unknown, before = null) => {
  const mistakes = new Mistakes()
  const read = readActions(actions, { path: ['actions'], mistakes, webhookRefusal: () => null })
  assert.equal(mistakes.count, 0)
  return { ...read, before }
}
const mail = (subject: string, text = 'Text') => ({ mail: { to: 'a@x.example', subject, text } })
const delay = (wait: string) => ({ delay: wait })
const hook = (type: string, url = 'https://a.example/') => ({ webhook: { url, type } })

test('what a revision adds, removes and changes is said by name, in the order of the steps', () => {
  const before = program([mail('Hello'), delay('3 days'), mail('Again'), hook('over')])
  for (const [after, expected] of [
    [
      [mail('Hello'), delay('5 days'), mail('Again'), hook('over')],
      ['- delay 3 days', '+ delay 5 days'],
    ],
    [[mail('Hello', 'Other'), delay('3 days'), mail('Again'), hook('over')], ['~ mail "Hello" (text)']],
    [
      [mail('Hello'), delay('3 days'), hook('over', 'https://b.example/')],
      ['- mail "Again"', '~ webhook over (url)'],
    ],
    [[mail('Hello'), delay('3 days'), mail('Again'), hook('over'), mail('Last')], ['+ mail "Last"']],
    [[], ['- mail "Hello"', '- delay 3 days', '- mail "Again"', '- webhook over']],
  ] as const) {
    assert.deepEqual(programChanges(before, program(after)), expected)
  }
})

test('a condition is told by its field; where steps only change places, that is said', () => {
  // biome-ignore lint/suspicious/noThenProperty: the workspace file's own word
  const when = (equals: boolean) => ({ if: { field: 'paid', equals, then: [mail('Thanks')] } })
  assert.deepEqual(programChanges(program([when(true)]), program([when(false)])), ['~ if paid (test)'])
  const branch = (name: 'then' | 'else') => ({
    if: { field: 'paid', equals: true, [name]: [mail('Thanks')] },
  })
  assert.deepEqual(programChanges(program([branch('then')]), program([branch('else')])), [
    '~ the order of its steps',
  ])
})

test('a long subject is cut short, without cutting a letter apart', () => {
  const [change] = programChanges(program([]), program([mail('🦩'.repeat(200))]))
  assert.equal(change, `+ mail ${JSON.stringify(`${'🦩'.repeat(79)}…`)}`)
})
