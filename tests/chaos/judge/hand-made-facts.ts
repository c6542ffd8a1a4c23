// Facts of a history that a test writes by hand: one event E with one mail, unless it says otherwise.

import type { CancelRequest, Receipt, ReceiptItem } from '../../../server/src/core/cancellation.ts'
import type { Announced } from '../../../server/src/core/event.ts'
import { countOutcomes } from '../../../server/src/core/receipt.ts'
import { type Fact, NOTHING_PLANNED, type PlannedEffect, type PlannedEvent, touchesWorld } from './facts.ts'

/** A fact without its time: 10 ms after the one before. */
export type Told = Fact extends infer F
  ? F extends unknown
    ? Omit<F, 'at'> & { readonly at?: number }
    : never
  : never

export function timed(told: readonly (Told | readonly Told[])[]): Fact[] {
  let at = 1000
  return told.flat().map(fact => {
    at = fact.at ?? at + 10
    const askedAt = fact.is === 'receipt read' ? { askedAt: at - 1 } : {}
    return { ...fact, ...askedAt, at } as Fact
  })
}

export const idOf = (title: string) => `id of ${title}`

let operations = 0

export const effect = (title: string, over: Partial<PlannedEffect> = {}): PlannedEffect => ({
  title,
  kind: 'mail',
  afterMs: 0,
  link: 'cancel',
  maxAttempts: 3,
  script: ['takes'],
  next: NOTHING_PLANNED,
  ...over,
})

export const event = (title: string, over: Partial<PlannedEvent> = {}): PlannedEvent => ({
  title,
  key: null,
  entity: 'e',
  parent: null,
  early: 'absorb',
  effects: [effect(`${title}.mail`)],
  ...over,
})

export function announced(plan: PlannedEvent = event('E'), result?: Announced): Told[] {
  operations += 1
  const op = operations
  const eventId = idOf(plan.title)
  const effectIds = plan.effects.map(({ title }) => idOf(title))
  return [
    { is: 'announce asked', op, eventId, event: plan },
    { is: 'announce answered', op, result: result ?? { is: 'announced', eventId, effectIds } },
  ]
}

export type CancelOver = Partial<CancelRequest> & {
  readonly name?: string
  readonly isEarly?: boolean
  readonly isReplay?: boolean
}

/** Of the event E, unless a target is named. */
export function cancelled(
  receiptId: string,
  { name = 'ann', isEarly = false, isReplay = false, ...over }: CancelOver = {},
): Told[] {
  operations += 1
  const op = operations
  const request: CancelRequest = {
    tenant: 'contoso',
    target: { eventId: idOf('E') },
    by: { principal: `app:${name}`, api: 'native', name },
    ...over,
  }
  const is = isReplay ? 'repeated' : isEarly ? 'waiting' : 'cancelled'
  const outcome = {
    receiptId,
    is,
    replayed: isReplay,
    eventIds: [],
    counts: countOutcomes([]),
    early: isEarly,
  } as const
  return [
    { is: 'cancel asked', op, request },
    { is: 'cancel answered', op, outcome },
  ]
}

export function item(
  title: string,
  outcome: ReceiptItem['outcome'],
  over: Partial<ReceiptItem> = {},
): ReceiptItem {
  return {
    effectId: idOf(title),
    eventId: idOf(title.split('.')[0] ?? ''),
    kind: 'mail',
    title,
    outcome,
    ending: null,
    at: null,
    dueAt: new Date(0).toISOString(),
    evidence: null,
    next: [],
    cancellationId: null,
    ...over,
  }
}

/** A receipt as it is read. */
export function read(
  id: string,
  items: readonly ReceiptItem[],
  over: Partial<Receipt> & { readonly at?: number } = {},
): Told {
  const { at, ...rest } = over
  const receipt: Receipt = {
    id,
    tenant: 'contoso',
    state: 'final',
    cancelledAt: new Date(0).toISOString(),
    finalBy: new Date(0).toISOString(),
    by: { principal: 'app:ann', api: 'native', name: 'ann' },
    target: { kind: 'chaos.event', key: null, eventId: idOf('E'), entity: 'e' },
    reason: null,
    correlationId: null,
    early: null,
    events: [{ id: idOf('E'), kind: 'chaos.event', title: 'E', key: null }],
    counts: countOutcomes(items.filter(one => touchesWorld(one.kind)).map(({ outcome }) => outcome)),
    items,
    itemsAfter: null,
    innerSteps: [],
    notices: [],
    notes: [],
    progress: null,
    ...rest,
  }
  return { ...(at !== undefined && { at }), is: 'receipt read', askedAt: 0, receipt }
}

let runs = 0

export function began(title: string, over: { readonly effectId?: string; readonly at?: number } = {}): Told {
  runs += 1
  return {
    is: 'began',
    run: runs,
    process: 'A1',
    effectId: idOf(title),
    eventId: idOf(title.split('.')[0] ?? ''),
    noticeOf: null,
    title,
    kind: 'mail',
    attempt: 1,
    ...over,
  }
}

/** Who began last. */
export function toldToStop(cancellationId: string): Told {
  return { is: 'told to stop', run: runs, why: 'cancelled', cancellationId }
}

export const tookEffect = (title: string): Told => ({ is: 'took effect', effectId: idOf(title), title })
export const nextAsked = (title: string): Told => ({
  is: 'next asked',
  effectId: idOf(title),
  title,
  ending: 'done',
})
export const eventRead = (here: boolean): Told => ({
  is: 'event read',
  eventId: idOf('E'),
  cancellationId: null,
  here,
})

export function stands(title: string, ending: string | null): Told {
  const state = ending === null ? 'running' : 'ended'
  const standing = { id: idOf(title), title, state, ending, cancellationId: null, attempt: 1 } as const
  return { is: 'effects read', eventId: idOf('E'), effects: [standing] }
}

export function revised(title: string): Told[] {
  operations += 1
  const op = operations
  return [
    { is: 'revise asked', op, eventId: idOf('E'), effects: [effect(title)] },
    { is: 'revise answered', op, result: 'revised', effectIds: [idOf(title)] },
  ]
}

export function retried(title: string): Told[] {
  operations += 1
  const op = operations
  return [
    { is: 'retry asked', op, effectId: idOf(title) },
    { is: 'retry answered', op, result: 'retried' },
  ]
}
