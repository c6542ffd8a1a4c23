import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CancelRequest } from '../../../server/src/core/cancellation.ts'
import type { Announcement } from '../../../server/src/core/event.ts'
import type { Engine } from '../../../server/src/engine/engine.ts'
import { SteeredCarrier, testEngine } from '../../support/engine.ts'
import { cancelled } from '../engine-parts.ts'

const TENANT = 'contoso'
const by = { principal: 'app:1', api: 'native', name: 'test' } as const

function event(over: Partial<Announcement> = {}): Announcement {
  return {
    tenant: TENANT,
    kind: 'native.event',
    key: 'k',
    entity: 'e',
    title: 'An event',
    data: {},
    effects: [],
    ...over,
  }
}

function effect(kind: string, afterMs: number, title = kind) {
  return { kind, title, due: { afterMs }, data: {} }
}

const cancelKey = (engine: Engine, over: Partial<CancelRequest> = {}) =>
  engine.cancel({ tenant: TENANT, target: { key: 'k', entity: 'e', kind: 'native.event' }, by, ...over })

test('a pending effect is prevented and never starts; a running one hears the signal and says how it ended', async () => {
  const mail = new SteeredCarrier('mail')
  await using t = await testEngine([mail])
  const { engine, database } = t
  const [announced] = await database.db.transaction('t', tx =>
    engine.announce(tx, [
      event({
        effects: [effect('mail', 0, 'now'), { ...effect('mail', 3_600_000, 'later'), next: ['after'] }],
      }),
    ]),
  )
  assert.equal(announced?.is, 'announced')
  const run = await mail.begun(1)
  assert.equal(run.effect.title, 'now')
  const aborted = new Promise<unknown>(resolve =>
    run.signal.addEventListener('abort', () => resolve(run.signal.reason)),
  )
  const outcome = cancelled(await cancelKey(engine))
  assert.deepEqual(
    { prevented: outcome.counts.prevented, stopping: outcome.counts.stopping, total: outcome.counts.total },
    { prevented: 1, stopping: 1, total: 2 },
  )
  const reason = (await aborted) as { why: string; cancellationId: string }
  assert.equal(reason.why, 'cancelled')
  assert.equal(reason.cancellationId, outcome.receiptId)
  const open = await engine.receipt(TENANT, outcome.receiptId)
  assert.equal(open?.state, 'open')
  run.end({ is: 'stopped', evidence: { phase: 'connect' } })
  const receipt = await engine.receipt(TENANT, outcome.receiptId, { waitMs: 10_000 })
  assert.equal(receipt?.state, 'final')
  assert.deepEqual(receipt?.items.map(i => [i.title, i.outcome, i.next]).sort(), [
    ['later', 'prevented', ['after']],
    ['now', 'stopped', []],
  ])
  assert.equal(receipt?.counts.total, receipt?.items.length)
  assert.equal(mail.runs.length, 1)

  // I5: the same again changes nothing and is the same receipt.
  const again = cancelled(await cancelKey(engine))
  assert.equal(again.receiptId, outcome.receiptId)
  assert.equal(again.replayed, true)
})
