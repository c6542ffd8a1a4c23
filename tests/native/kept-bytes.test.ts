import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_KEPT, withinKept } from '../../server/src/apis/native/events/kept-bytes.ts'
import { Fault } from '../../server/src/core/fault.ts'

const effect = (length: number) =>
  // With the quotes and the name of the field it is as long as is said.
  ({
    kind: 'k',
    title: 't',
    due: { afterMs: 0 },
    data: { a: 'x'.repeat(length - '{"a":""}'.length) },
  }) as const

test('all effects of a request together may hold so much, and not a character more', () => {
  const half = MAX_KEPT / 2
  assert.equal(withinKept([effect(half), effect(half)]).length, 2)
  assert.throws(
    () => withinKept([effect(half), effect(half + 1)]),
    (error: unknown) => error instanceof Fault && error.status === 413,
  )
  assert.deepEqual(withinKept([]), [])
})
