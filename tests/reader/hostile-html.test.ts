// Whatever HTML is written to keep a server busy: it is read, or refused, and what comes after it is read as ever.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { Fault } from '../../server/src/core/fault.ts'
import { createReader } from '../../server/src/reader/reader.ts'
import { HOSTILE_HTML } from './hostile-html.ts'

// However slow this machine is: that nobody waits too long is tested elsewhere.
const reader = createReader({
  waitMs: 600_000,
  restTimes: 0,
  niceness: 0,
  patience: 1_000_000,
  patienceOfOthers: 1_000_000,
})
after(() => reader.stop())

for (const [what, html] of Object.entries(HOSTILE_HTML)) {
  test(`${what}: read or refused, and the next body is read`, async () => {
    // Both are asked for at once: the second waits behind the first.
    const [hostile, ordinary] = await Promise.allSettled([
      reader.read('html', html, 'mallory'),
      reader.read('html', '<p>Hello, <a href="https://x.example/">you</a></p>', 'alice'),
    ])
    if (hostile.status === 'rejected') {
      const { reason } = hostile
      assert.ok(reason instanceof Fault, String(reason))
      assert.equal(reason.status, 400, reason.message)
    } else {
      const { text, html: safe } = hostile.value
      for (const made of [text, safe]) assert.ok(made.length <= 2_000_000 && made.isWellFormed())
    }
    assert.equal(ordinary.status, 'fulfilled', String(ordinary.status === 'rejected' && ordinary.reason))
    assert.equal(ordinary.value.text, 'Hello, you <https://x.example/>')
  })
}
