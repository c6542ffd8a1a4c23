// A report keeps what it found of a trigger last, and its own transaction looks whether that is still so: what a workspace file
// has changed counts from its commit on, whichever process has applied it.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Overloaded } from '../../server/src/engine/batcher.ts'
import { automationsWorld, callingApp, mailTo, sectionOf } from './automations-world.ts'

const waiting = (to: string) => [{ delay: '3 days' }, mailTo(`${to}@contoso.example`)]

async function revisionOf(world: Awaited<ReturnType<typeof automationsWorld>>, eventId: string) {
  const event = await world.engine.event('contoso', eventId)
  return (event?.data as { readonly revision?: number } | undefined)?.revision
}

/** Sends it again as a client does that was told to come back: every look-up may be overtaken by the next change. */
async function untilTaken(report: () => Promise<string>): Promise<string> {
  for (;;) {
    try {
      return await report()
    } catch (error) {
      if (!(error instanceof Overloaded)) throw error
    }
  }
}

test('an automation that was changed since the last report: the next report is under its new revision', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting('bob') }))
  assert.equal(await revisionOf(world, await world.report('my_trigger')), 1)
  await world.apply(sectionOf({ my_trigger: waiting('alice') }))
  assert.equal(await revisionOf(world, await world.report('my_trigger')), 2)
})

test('a trigger that was taken away since the last report is refused, whatever its payload is', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ my_trigger: waiting('bob') }))
  await world.report('my_trigger')
  await world.apply({})
  await assert.rejects(world.report('my_trigger'), { code: 'PERMISSION_DENIED' })
  await assert.rejects(world.report('my_trigger', { payload: { nested: { a: { b: {} } } } }), {
    code: 'PERMISSION_DENIED',
  })
})

test('of a batch one trigger has changed: all are reported, each once, under what is then active', async () => {
  await using world = await automationsWorld({ start: false })
  await world.apply(sectionOf({ one: waiting('bob'), two: waiting('bob') }))
  await Promise.all(['one', 'two'].map(key => world.report(key)))
  await world.apply(sectionOf({ one: waiting('bob'), two: waiting('alice') }))
  const reports = Array.from({ length: 20 }, async (_, i) => {
    const key = i % 2 === 0 ? 'one' : 'two'
    const id = await world.report(key, { externalEntityId: randomUUID() })
    return `${key} ${await revisionOf(world, id)}`
  })
  const expected = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'one 1' : 'two 2'))
  assert.deepEqual(await Promise.all(reports), expected)
  const [row] = await world.database.db.query<{ n: number }>({
    text: 'select count(*)::int as n from engine.event',
  })
  assert.equal(row?.n, 22)
})

test('changed without end beside reports: every report is under a revision that was active, or refused for the time being', async () => {
  await using world = await automationsWorld({ start: false })
  let revision = 1
  await world.apply(sectionOf({ my_trigger: waiting('r1') }))
  let over = false
  const changing = (async () => {
    while (!over && revision < 30) {
      await world.apply(sectionOf({ my_trigger: waiting(`r${revision + 1}`) }))
      revision += 1
    }
  })()
  try {
    for (let i = 0; i < 40; i++) {
      const before = revision
      const id = await untilTaken(() => world.report('my_trigger', {}, callingApp()))
      const under = await revisionOf(world, id)
      assert.ok(
        under !== undefined && under >= before && under <= revision + 1,
        `${before} ${under} ${revision}`,
      )
    }
  } finally {
    over = true
    await changing
  }
})
