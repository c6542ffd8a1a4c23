import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asGraphFault } from '../../server/src/apis/graph/faults.ts'
import { checkCopies, MAX_COPIED_CHARACTERS } from '../../server/src/calendar/meeting/check-copies.ts'
import { Fault } from '../../server/src/core/fault.ts'

const body = (length: number) => ({ contentType: 'html', content: 'x'.repeat(length) }) as const

test('a body may be so long in all its copies, and not a character more; Graph says which error it is', () => {
  checkCopies(body(1_000_000), 20)
  checkCopies(body(1_000_000), 0)
  checkCopies(body(40_000), 500)
  assert.throws(
    () => checkCopies(body(40_001), 500),
    (error: unknown) => {
      assert.ok(error instanceof Fault)
      const { status, code, message } = asGraphFault(error)
      assert.deepEqual([status, code], [413, 'ErrorMessageSizeExceeded'])
      assert.match(message, new RegExp(String(MAX_COPIED_CHARACTERS)))
      return true
    },
  )
})
