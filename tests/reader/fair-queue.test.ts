// Which tenant's thing goes next, and whose finds no place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FairQueue } from '../../server/src/reader/fair-queue.ts'

test('when it is full, the last thing of the tenant that has most makes room for a tenant that has less', () => {
  const queue = new FairQueue<string>({ all: 3, each: 3 })
  for (const item of ['a1', 'a2', 'a3']) assert.equal(queue.add('a', item), null)
  assert.equal(queue.add('a', 'a4'), 'a4')
  assert.equal(queue.add('b', 'b1'), 'a3')
  // Now it would only change who has one more.
  assert.equal(queue.add('b', 'b2'), 'b2')
  assert.equal(queue.add('c', 'c1'), 'a2')
  assert.equal(queue.add('d', 'd1'), 'd1')
  assert.deepEqual([queue.take(), queue.take(), queue.take(), queue.take()], ['a1', 'b1', 'c1', undefined])
})

test('whatever comes and goes: the limits hold, nothing is lost or there twice, each tenant keeps its order', () => {
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
    fc.record({ take: fc.constant(true) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const limits = { all: 6, each: 3 }
      const queue = new FairQueue<string>(limits)
      const within: string[] = []
      steps.forEach((each, i) => {
        if ('take' in each) {
          const taken = queue.take()
          assert.equal(taken === undefined, within.length === 0)
          if (taken === undefined) return
          const first = within.find(item => item[0] === taken[0])
          assert.equal(taken, first)
          within.splice(within.indexOf(taken), 1)
          return
        }
        const item = `${each.add}${i}`
        const without = queue.add(each.add, item)
        within.push(item)
        if (without !== null) within.splice(within.indexOf(without), 1)
        assert.ok(within.length <= limits.all)
        const own = within.filter(one => one[0] === each.add)
        assert.ok(own.length <= limits.each)
        // Refused: whoever came has its full share, or nobody has two more than it.
        if (without === item && own.length < limits.each)
          for (const tenant of 'abcde')
            assert.ok(within.filter(one => one[0] === tenant).length <= own.length + 1)
      })
    }),
    { numRuns: 500 },
  )
})
