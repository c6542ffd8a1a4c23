// What README says of a cancel that comes before its event, held against each API's own numbers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_EARLY_MS } from '../../server/src/apis/native/cancellations/cancellation-routes.ts'
import { cancelEvents } from '../../server/src/automations/activations/cancel-events.ts'
import type { CancelRequest } from '../../server/src/core/cancellation.ts'
import { EARLY_CANCEL_MS } from '../../server/src/notifications/cancel-offers.ts'
import { filesBelow, filesNamed } from '../architecture/source-files.ts'

const [readme, native, cif, wix, cli] = filesNamed([
  'README.md',
  'docs/native-api.md',
  'docs/notifications.md',
  'docs/automations.md',
  'docs/cli.md',
]).map(({ text }) => text.replace(/\s+/g, ' '))

function rowOf(api: string): string {
  const row = new RegExp(`\\| ${api}[^|]*\\|([^|]*)\\|`).exec(
    readme!.split('a cancel that finds nothing live')[1]!,
  )
  assert.ok(row, `README has no row for ${api}`)
  return row[1]!
}

test('the native API waits as long as README, its page and the command line say', () => {
  const minutes = DEFAULT_EARLY_MS / 60_000
  assert.match(rowOf('native'), new RegExp(`\\b${minutes} minutes\\b`))
  assert.match(native!, new RegExp(`kept for ${minutes} minutes`))
  assert.match(cli!, new RegExp(`Default ${minutes}m\\.`))
})

test('CIF waits as long as README and its page say', () => {
  const seconds = EARLY_CANCEL_MS / 1000
  assert.match(rowOf('CIF'), new RegExp(`\\b${seconds} seconds\\b`))
  assert.match(cif!, new RegExp(`remembered for ${seconds} s`))
})

test('Wix waits for nothing, as README and its page say', async () => {
  const asked: CancelRequest[] = []
  const cancel = cancelEvents({
    engine: {
      cancel: async (request: CancelRequest) => {
        asked.push(request)
        return { receiptId: 'r', repeated: false } as never
      },
    },
    triggers: { find: async () => ({}) },
  } as never)
  const app = { tenant: 't', appId: 'a', site: 's', principal: 'app:a', name: 'a' }
  await cancel({ app, triggerKey: 'k', externalEntityIds: ['e'], requestKey: null })
  assert.deepEqual(
    asked.map(request => request.early),
    [null],
  )
  assert.match(rowOf('Wix'), /does not wait/)
  assert.match(wix!, /It is no tombstone/)
})

test('Graph waits for nothing: it cancels by id alone', () => {
  const calls = filesBelow('server/src/calendar', ['.ts']).filter(({ text }) =>
    text.includes('engine.cancel('),
  )
  assert.ok(calls.length > 0)
  for (const { path, text } of calls) {
    assert.match(text, /target: \{ eventId:/, path)
    assert.doesNotMatch(text, /\bearly\b/, path)
  }
  assert.match(rowOf('Graph'), /404/)
})
