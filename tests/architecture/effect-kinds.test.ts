// The table of effect kinds, compared with the carriers of a running server, with ARCHITECTURE.md and with the code.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import { describeCarrier, EFFECT_KINDS, type KnownKind } from '../../server/src/core/effects/effect-kinds.ts'
import { testServer } from '../support/server.ts'
import { filesBelow, filesNamed } from './source-files.ts'

const KINDS = Object.keys(EFFECT_KINDS) as KnownKind[]

test('a running server has exactly one carrier for every kind of the table, and each is as the table says', async () => {
  await using server = await testServer()
  const carriers = (server.server.engine as unknown as { carriers: ReadonlyMap<string, Carrier> }).carriers
  assert.deepEqual([...carriers.keys()].toSorted(), KINDS.toSorted())
  for (const kind of KINDS) {
    const carrier = carriers.get(kind)!
    const { touchesWorld, maxAttempts, retryPlan } = carrier
    assert.deepEqual(
      { touchesWorld, maxAttempts, retryPlan },
      { retryPlan: undefined, ...without(describeCarrier(kind), 'kind') },
      kind,
    )
    assert.equal(carrier.withdraw !== undefined, EFFECT_KINDS[kind].withdrawnBy !== undefined, kind)
  }
})

test('the table of ARCHITECTURE.md says the same as the code', () => {
  const [file] = filesNamed(['ARCHITECTURE.md'])
  const section = file!.text.split('\n## ').find(part => part.startsWith('Kinds of effect'))
  const rows = (section ?? '').split('\n').filter(line => line.startsWith('| `'))
  const written = rows.map(row =>
    row
      .slice(1, -1)
      .split(' | ')
      .map(cell => cell.trim()),
  )
  const expected = KINDS.map(kind => {
    const { carrier, started, abort, ends } = EFFECT_KINDS[kind]
    return [`\`${kind}\``, carrier, started, abort, ends]
  })
  assert.deepEqual(written, expected)
})

test('the names of kinds stand in core/effects/effect-kinds.ts only', () => {
  // The event of an offer has the name of its effect.
  const allowed = new Set(["server/src/notifications/offer.ts: 'notifications.offer'"])
  const found = filesBelow('server/src', ['.ts'])
    .filter(({ path }) => path !== 'server/src/core/effects/effect-kinds.ts')
    .flatMap(({ path, text }) =>
      KINDS.map(kind => `'${kind}'`)
        .filter(literal => codeOf(text).includes(literal))
        .map(literal => `${path}: ${literal}`),
    )
    .filter(place => !allowed.has(place))
  assert.deepEqual(found, [])
})

function without<T extends object, Name extends keyof T>(of: T, name: Name): Omit<T, Name> {
  const { [name]: _, ...rest } = of
  return rest
}

/** Without its comments. */
function codeOf(text: string): string {
  return text.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '')
}
