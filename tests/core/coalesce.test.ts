// One look for many who ask at the same time, and never one that began before they asked.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coalesce } from '../../server/src/core/coalesce.ts'

function steered() {
  const begun: { key: string; end: PromiseWithResolvers<number> }[] = []
  const ask = coalesce(
    (key: string) => key,
    key => {
      const end = Promise.withResolvers<number>()
      begun.push({ key, end })
      return end.promise
    },
  )
  const end = (i: number) => begun[i]?.end
  return { ask, begun, end }
}

test('whoever asks while one looks is answered by the next look, all of them by one', async () => {
  const { ask, begun, end } = steered()
  const first = ask('a')
  const later = [ask('a'), ask('a'), ask('a')]
  const other = ask('b')
  assert.deepEqual(
    begun.map(({ key }) => key),
    ['a', 'b'],
  )
  end(0)?.resolve(1)
  assert.equal(await first, 1)
  while (begun.length < 3) await Promise.resolve()
  // It has begun: a question that comes now waits for one more.
  const last = ask('a')
  end(2)?.resolve(2)
  assert.deepEqual(await Promise.all(later), [2, 2, 2])
  while (begun.length < 4) await Promise.resolve()
  end(3)?.resolve(3)
  end(1)?.resolve(9)
  assert.deepEqual(await Promise.all([last, other]), [3, 9])
  const anew = ask('a')
  assert.equal(begun.length, 5)
  end(4)?.resolve(4)
  assert.equal(await anew, 4)
})

test('a look that fails fails for those who waited for it, and the next one is made', async () => {
  const { ask, begun, end } = steered()
  const first = ask('a')
  const second = ask('a')
  end(0)?.reject(new Error('away'))
  await assert.rejects(first, /away/)
  while (begun.length < 2) await Promise.resolve()
  end(1)?.resolve(2)
  assert.equal(await second, 2)
})

test('a look that throws at once is a failed look, and no more', async () => {
  let throws = true
  const ask = coalesce(
    () => '',
    () => {
      if (throws) throw new Error('at once')
      return Promise.resolve(1)
    },
  )
  await Promise.all([assert.rejects(ask(), /at once/), assert.rejects(ask(), /at once/)])
  throws = false
  assert.equal(await ask(), 1)
})
