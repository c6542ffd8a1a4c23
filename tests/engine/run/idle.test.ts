import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Found, idleAfter, restMs } from '../../../server/src/engine/run/idle.ts'

const rests = (rounds: readonly Found[]) => {
  let idle = 0
  return rounds.map(found => {
    idle = idleAfter(idle, found)
    return restMs(idle)
  })
}

test('something falls due at every moment: the loop rests for a millisecond at most, however long that goes on', () => {
  const second = Array.from({ length: 500 }, (): Found[] => [{ started: 1 }, { started: 0 }, { dueInMs: 0 }])
  assert.equal(Math.max(...rests(second.flat())), 1)
})

test('what is due and cannot be had is asked for less and less often, until something is had or nothing is due', () => {
  const held: Found[] = Array.from({ length: 9 }, () => ({ dueInMs: 0 }))
  const nothing: Found = { started: 0 }
  assert.deepEqual(
    rests(held.flatMap(found => [nothing, found])).filter((_, i) => i % 2),
    [1, 3, 7, 15, 31, 63, 127, 127, 127],
  )
  assert.equal(rests([...held, { started: 1 }]).at(-1), 0)
  assert.equal(rests([...held, { dueInMs: 20 }]).at(-1), 0)
})
