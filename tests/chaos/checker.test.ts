// The checker catches what it is there for: histories that are wrong by hand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Receipt } from '../../server/src/core/cancellation.ts'
import { countOutcomes } from '../../server/src/core/receipt.ts'
import { check } from './checker.ts'
import { type Fact, NOTHING_PLANNED, type PlannedEvent } from './facts.ts'

const EVENT_ID = '01c1643c-7cda-8d08-b3dd-b165763fcdff'
const EFFECT_ID = '01c1643c-7cda-8f08-a525-a2d3f8bc69e5'
const RECEIPT_ID = '01c1643c-7cfb-8608-a575-50de5fcf0689'
const JUDGING = { innerSteps: 'not counted', finalAfterMs: 30_000, beatMs: 1000 } as const

const PLAN: PlannedEvent = {
  title: 'E',
  key: null,
  entity: 'e',
  parent: null,
  early: 'ignore',
  effects: [
    {
      title: 'E.mail',
      kind: 'mail',
      afterMs: 60_000,
      link: 'cancel',
      maxAttempts: 3,
      script: ['takes'],
      next: NOTHING_PLANNED,
    },
  ],
}

function receipt(outcome: 'prevented' | 'in_doubt', over: Partial<Receipt> = {}): Receipt {
  return {
    id: RECEIPT_ID,
    tenant: 'contoso',
    state: 'final',
    cancelledAt: new Date(2000).toISOString(),
    finalBy: new Date(32_000).toISOString(),
    by: { principal: 'app:a', api: 'native', name: 'a' },
    target: { kind: 'native.event', key: null, eventId: EVENT_ID, entity: 'e' },
    reason: null,
    correlationId: null,
    early: null,
    events: [{ id: EVENT_ID, kind: 'native.event', title: 'E', key: null }],
    counts: countOutcomes([outcome]),
    items: [
      {
        effectId: EFFECT_ID,
        eventId: EVENT_ID,
        kind: 'mail',
        title: 'E.mail',
        outcome,
        ending: null,
        at: new Date(2000).toISOString(),
        dueAt: new Date(61_000).toISOString(),
        evidence: null,
        next: [],
        cancellationId: null,
      },
    ],
    itemsAfter: null,
    innerSteps: [],
    notices: [],
    notes: [],
    progress: null,
    ...over,
  }
}

/** Announced, cancelled, its receipt read; what comes between and after is the test's. */
function history(first: Receipt, more: readonly Fact[] = [], between: readonly Fact[] = []): Fact[] {
  return [
    { at: 1000, is: 'announce asked', op: 1, eventId: EVENT_ID, event: PLAN },
    {
      at: 1010,
      is: 'announce answered',
      op: 1,
      result: { is: 'announced', eventId: EVENT_ID, effectIds: [EFFECT_ID] },
    },
    ...between,
    {
      at: 2000,
      is: 'cancel asked',
      op: 2,
      request: {
        tenant: 'contoso',
        target: { eventId: EVENT_ID },
        by: { principal: 'app:a', api: 'native', name: 'a' },
      },
    },
    {
      at: 2010,
      is: 'cancel answered',
      op: 2,
      outcome: {
        receiptId: RECEIPT_ID,
        replayed: false,
        eventIds: [EVENT_ID],
        counts: first.counts,
        early: false,
      },
    },
    { at: 2100, is: 'receipt read', askedAt: 2050, receipt: first } as Fact,
    ...more,
  ]
}

const began = (at: number): Fact =>
  ({
    at,
    is: 'began',
    run: 1,
    process: 'A',
    effectId: EFFECT_ID,
    eventId: EVENT_ID,
    noticeOf: null,
    title: 'E.mail',
    kind: 'mail',
    attempt: 1,
  }) as Fact
const tookEffect = (at: number): Fact =>
  ({ at, is: 'took effect', effectId: EFFECT_ID, title: 'E.mail' }) as Fact

const rulesOf = (facts: readonly Fact[]) => check(facts, JUDGING).map(violation => violation.rule)

test('a history in which all is right is found right', () => {
  assert.deepEqual(check(history(receipt('prevented')), JUDGING), [])
})

test('prevented, and it took effect afterwards', () => {
  assert.ok(rulesOf(history(receipt('prevented'), [began(70_000), tookEffect(70_001)])).length > 0)
})

test('prevented, and it had taken effect before', () => {
  assert.ok(rulesOf(history(receipt('prevented'), [], [began(1500), tookEffect(1501)])).length > 0)
})

test('a final receipt that changes', () => {
  const changed = { at: 9000, is: 'receipt read', askedAt: 8000, receipt: receipt('in_doubt') } as Fact
  assert.ok(rulesOf(history(receipt('prevented'), [changed])).length > 0)
})

test('counts that are not the items', () => {
  assert.ok(rulesOf(history(receipt('prevented', { counts: countOutcomes([]) }))).length > 0)
})

test('an item that is missing', () => {
  assert.ok(rulesOf(history(receipt('prevented', { items: [], counts: countOutcomes([]) }))).length > 0)
})

test('an attempt before its time', () => {
  assert.ok(rulesOf(history(receipt('prevented'), [], [began(1020)])).includes('I8'))
})
