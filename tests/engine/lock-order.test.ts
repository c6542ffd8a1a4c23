// Every statement that takes a lock names its place in the one lock order.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LOCK_ORDER, type LockPlace } from '../../server/src/engine/lock-order.ts'

const FOLDER = join(import.meta.dirname, '../../server/src/engine')

/** What in a statement's text takes locks of a place. */
const TAKES: { readonly [place in LockPlace]: RegExp } = {
  'key gates': /advisory_xact_lock(_shared)?\(7302/,
  'shard gates': /advisory_xact_lock(_shared)?\(7301/,
  hold: /(insert into|update|delete from) engine\.hold|engine\.hold h for update/,
  'start tickets': /delete from engine\.start_ticket|for key share/,
  'start batches': /engine\.start_batch[\s\S]*for update/,
  'sandbox tenants': /from engine\.tenant[\s\S]*for (share|update)/,
  'open cancellations': /for update of o\b/,
  events: /engine\.event e where[^)]*for (update|share)|update engine\.event|delete from engine\.event\b/,
  effects:
    /update engine\.effect|delete from engine\.effect\b|engine\.effect f[^;]*?for update of f|engine\.effect f where(?:[^()]|\([^()]*\))*for update/,
  'ended effects': /(update|delete from) engine\.ended/,
}

function statementsOf(): {
  readonly name: string
  readonly said: readonly string[]
  readonly code: string
}[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.sql'))
    .map(name => {
      const text = readFileSync(join(FOLDER, name), 'utf8')
      const said = /-- Locks: ([a-z, ]+?)(?:, in [^.]*)?\./.exec(text)?.[1]?.split(', ') ?? []
      return { name, said, code: text.replace(/--[^\n]*/g, '') }
    })
}

test('a statement says which locks it takes, all of them, in the one order', () => {
  const wrong = statementsOf().flatMap(({ name, said, code }) => {
    const takes = LOCK_ORDER.filter(place => TAKES[place].test(code))
    return takes.join() === said.join() ? [] : [`${name}: takes ${takes.join(', ')}; says ${said.join(', ')}`]
  })
  assert.deepEqual(wrong, [])
})

test('the comparison finds statements that lock', () => {
  const locking = statementsOf().filter(({ said }) => said.length > 0)
  assert.ok(locking.length > 15, `${locking.length}`)
  for (const place of LOCK_ORDER)
    assert.ok(
      locking.some(({ said }) => said.includes(place)),
      place,
    )
})
