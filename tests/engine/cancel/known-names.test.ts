// Of many names those that something is known by, and which of them a cancel is about.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aimedAt, findKnown, type Known } from '../../../server/src/engine/cancel/known-names.ts'
import { testDatabase } from '../../support/database.ts'
import {
  announced,
  attemptOf,
  byId,
  byKey,
  contextOn,
  effect,
  event,
  idleEngine,
  settleNow,
  startAllDue,
  TENANT,
} from '../engine-parts.ts'

const later = { due: { afterMs: 3_600_000 } }

test('what is live, called off by key or id, asked for before, done by this request; nothing of another tenant', async () => {
  await using database = await testDatabase()
  const { db } = database
  const engine = idleEngine(db, { maxMarkedAtOnce: 5000 })
  const make = (key: string, over = {}) => announced(db, event(key, [effect(key, later)], { key, ...over }))
  await make('live')
  await make('by key')
  await engine.cancel(byKey('by key', 'a', { requestKey: 'r by key' }))
  await engine.cancel(byId(await make('by id'), 'b'))
  await make('both')
  await engine.cancel(byKey('both', 'b'))
  await make('both')
  await engine.cancel(byKey('typo', 'a'))
  await make('foreign', { tenant: 'fabrikam' })
  await make('other entity', { entity: 'another' })
  const keys = ['live', 'by key', 'nobody', 'by id', 'both', 'typo', 'foreign', 'other entity']
  const names = keys.map(key => ({ key, entity: 'entity', requestKey: `r ${key}` }))
  const known = await findKnown({ db, domains: new Map() }, { tenant: TENANT, caller: 'app:a', names })
  const row = (key: string) => known.find(each => keys[each.position] === key)
  const none = { live: false, isOpen: false, calledOff: false, repeats: false, done: false }
  assert.deepEqual(row('live'), { ...none, position: 0, live: true, isOpen: true })
  assert.deepEqual(row('by key'), { ...none, position: 1, calledOff: true, repeats: true, done: true })
  assert.deepEqual(row('by id'), { ...none, position: 3, calledOff: true })
  assert.deepEqual(row('both'), { ...none, position: 4, live: true, isOpen: true, calledOff: true })
  assert.deepEqual(row('typo'), { ...none, position: 5, repeats: true })
  assert.equal(known.length, 5)
})

test('more names than one statement takes are looked for, each in its place', async () => {
  await using database = await testDatabase()
  const { db } = database
  await announced(db, event('last', [effect('last', later)], { key: 'n 12345' }))
  const names = Array.from({ length: 12_346 }, (_, i) => ({
    key: `n ${i}`,
    entity: 'entity',
    requestKey: null,
  }))
  const known = await findKnown({ db, domains: new Map() }, { tenant: TENANT, caller: 'app:a', names })
  assert.deepEqual(
    known.map(each => each.position),
    [12_345],
  )
})

test('a cancel is about what is live or done by itself; else about what its caller, else about what anybody called off', () => {
  const name = (place: number, over: Partial<Known>): Known => ({
    position: place,
    live: false,
    isOpen: false,
    calledOff: false,
    repeats: false,
    done: false,
    ...over,
  })
  const live = name(0, { live: true, isOpen: true })
  const done = name(1, { calledOff: true, repeats: true, done: true })
  const mine = name(2, { calledOff: true, repeats: true })
  const over = name(3, { calledOff: true })
  const typo = name(4, { repeats: true })
  const ended = name(5, { live: true })
  const most = 2
  assert.deepEqual(aimedAt([live, mine, over, typo, ended], most), { positions: [0, 5], isOver: false })
  assert.deepEqual(aimedAt([live, done, mine], most), { positions: [0, 1], isOver: false })
  assert.deepEqual(
    aimedAt([live, done, ended], most),
    { positions: [0, 1], isOver: false },
    'more: what is open',
  )
  assert.deepEqual(aimedAt([mine, over, typo, ended], most), { positions: [5], isOver: true })
  assert.deepEqual(aimedAt([ended, ended, ended], most), { positions: [5, 5, 5], isOver: true }, 'more: over')
  assert.deepEqual(
    aimedAt([ended, mine, ended, ended], most),
    { positions: [2], isOver: true },
    'more, and what was open was called off before: that receipt again',
  )
  assert.deepEqual(aimedAt([mine, over, typo], most), { positions: [2], isOver: true })
  assert.deepEqual(aimedAt([over, typo], most), { positions: [3], isOver: true })
  assert.deepEqual(aimedAt([typo], most), { positions: [], isOver: false })
})

test('open: something of it has not ended or may follow, down to an offer below its second token', async () => {
  await using database = await testDatabase()
  const { db } = database
  const context = contextOn(db)
  const below = (id: string) => ({ id, link: 'cancel' as const })
  const now = (title: string) => [effect(title)]
  await announced(db, event('ended', now('1'), { key: 'ended' }))
  await announced(db, event('half', [...now('2'), effect('2 later', later)], { key: 'half' }))
  await announced(db, event('empty', [], { key: 'empty' }))
  const above = await announced(db, event('above ended', [], { key: 'above ended' }))
  await announced(db, event('child', now('3'), { parent: below(above) }))
  const other = await announced(db, event('above open', now('4'), { key: 'above open' }))
  await announced(db, event('child', [effect('5 later', later)], { parent: below(other) }))
  for (const row of await startAllDue(context, db)) await settleNow(context, attemptOf(row, { is: 'done' }))
  await announced(db, event('dead', now('6'), { key: 'dead' }))
  const over = await announced(db, event('above dead', now('7'), { key: 'above dead' }))
  await announced(db, event('child', now('8'), { parent: below(over) }))
  for (const row of await startAllDue(context, db)) {
    const verdict = row.title === '7' ? { is: 'done' as const } : { is: 'failed' as const, error: 'no' }
    await settleNow(context, attemptOf(row, verdict))
  }
  const root = await announced(db, event('above standing', now('9'), { key: 'above standing' }))
  await announced(db, event('stands', now('10'), { parent: below(root), kind: 'standing' }))
  const revised = await announced(db, event('in doubt', now('11'), { key: 'in doubt' }))
  for (const row of await startAllDue(context, db)) await settleNow(context, attemptOf(row, { is: 'done' }))
  await db.query({
    text: `update engine.ended set ending = 'superseded', doubt = true where event_id = '${revised}'`,
  })
  const keys = [
    'ended',
    'half',
    'empty',
    'above ended',
    'above open',
    'dead',
    'above dead',
    'above standing',
    'in doubt',
  ]
  const names = keys.map(key => ({ key, entity: 'entity', requestKey: null }))
  const domains = new Map([['standing', { eventKind: 'standing', keeps: async () => [] }]])
  const known = await findKnown({ db, domains }, { tenant: TENANT, caller: 'app:a', names })
  assert.ok(known.every(name => name.live))
  assert.deepEqual(
    known.map(name => name.isOpen),
    [false, true, true, false, true, true, true, true, true],
  )
})
