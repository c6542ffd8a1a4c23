// The checker catches what it is there for: for each of its rules a history that is wrong by hand.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { check } from './checker.ts'
import { timed } from './hand-made-facts.ts'

import { RIGHT } from './right-histories.ts'
import { WRONG } from './wrong-histories.ts'

const JUDGING = { innerSteps: 'not counted', finalAfterMs: 30_000, beatMs: 1000 } as const
const RULE_FILES = ['checker.ts', 'checker-callers.ts', 'checker-effects.ts']

for (const { rule, says, facts } of WRONG) {
  test(`${rule}: a history in which "${says}" is found wrong`, () => {
    const found = check(timed(facts), JUDGING)
    const texts = found.map(violation => `${violation.rule}: ${violation.what}`)
    assert.ok(
      texts.some(text => text.startsWith(`${rule}: `) && text.includes(says)),
      `found: ${texts.join('; ') || 'nothing'}`,
    )
  })
}

test('each rule of the checker has a history that is wrong by it', () => {
  const sources = RULE_FILES.map(file => readFileSync(join(import.meta.dirname, file), 'utf8'))
  const rules = sources.flatMap(text => [...text.matchAll(/\badd\(\s*'(?:I\d|doubt|errors)'/g)])
  assert.equal(new Set(WRONG.map(({ says }) => says)).size, WRONG.length)
  assert.equal(WRONG.length, rules.length)
})

for (const [name, facts] of Object.entries(RIGHT)) {
  test(`a history is found right: ${name}`, () => assert.deepEqual(check(timed(facts), JUDGING), []))
}
