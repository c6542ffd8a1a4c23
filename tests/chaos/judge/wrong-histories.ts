// For each rule of the checker a history that is wrong by it, made by hand.

import type { Receipt } from '../../../server/src/core/cancellation.ts'
import type { Announced } from '../../../server/src/core/event.ts'
import { countOutcomes } from '../../../server/src/core/receipt.ts'
import type { Rule } from './checker.ts'
import type { PlannedEvent } from './facts.ts'
import {
  announced,
  began,
  type CancelOver,
  cancelled,
  effect,
  event,
  eventRead,
  idOf,
  item,
  nextAsked,
  read,
  retried,
  revised,
  stands,
  type Told,
  tookEffect,
} from './hand-made-facts.ts'

export const CALM: Told = { is: 'calm' }
export const OVER: Told = { is: 'over', at: 1_000_000 }
export const BY_KEY: CancelOver = {
  target: { key: 'k', entity: 'e', kind: 'chaos.event' },
  early: { ttlMs: 60_000 },
}
export const EARLY = cancelled('R', { ...BY_KEY, isEarly: true })
export const PREVENTED = item('E.mail', 'prevented')
export const STOPPING = item('E.mail', 'stopping')
/** A wait whose end announces E.next. */
export const STEPS = event('E', {
  effects: [
    effect('E.delay', { kind: 'delay', next: { effects: [effect('E.next')], events: [event('F')] } }),
  ],
})
export const keyed = (early: PlannedEvent['early']) => event('E', { key: 'k', early })
export const absorbed: Announced = { is: 'absorbed', eventId: idOf('E'), cancellationId: 'R' }
export const rejected: Announced = { is: 'rejected', cancellationId: 'R' }
export const letter = {
  effectId: 'letter',
  eventId: null,
  kind: 'letter',
  title: 'letter about E',
  state: 'pending',
  ending: null,
  at: null,
} as unknown as Receipt['notices'][number]

export type Wrong = {
  readonly rule: Rule
  /** How the checker calls it. */
  readonly says: string
  readonly facts: readonly (Told | readonly Told[])[]
}

export const WRONG: readonly Wrong[] = [
  // Receipts.
  {
    rule: 'I2',
    says: 'stands there twice',
    facts: [announced(), cancelled('R'), read('R', [PREVENTED, PREVENTED])],
  },
  {
    rule: 'I2',
    says: 'nobody has announced it',
    facts: [announced(), cancelled('R'), read('R', [PREVENTED, item('E.other', 'prevented')])],
  },
  {
    rule: 'I4',
    says: 'is stopping, and the receipt is final',
    facts: [announced(), began('E.mail'), cancelled('R'), read('R', [STOPPING])],
  },
  {
    rule: 'I2',
    says: 'does not hang from what was cancelled',
    facts: [
      announced(),
      announced(event('F')),
      cancelled('R'),
      read('R', [PREVENTED, item('F.mail', 'prevented')]),
    ],
  },
  {
    rule: 'I2',
    says: 'no keep link says so',
    facts: [announced(), cancelled('R'), read('R', [item('E.mail', 'kept')])],
  },
  {
    rule: 'I2',
    says: 'was to be kept',
    facts: [
      announced(event('E', { effects: [effect('E.mail', { link: 'keep' })] })),
      cancelled('R'),
      read('R', [PREVENTED]),
    ],
  },
  {
    rule: 'I2',
    says: 'is already cancelled, and names nobody',
    facts: [announced(), cancelled('R'), read('R', [item('E.mail', 'already_cancelled')])],
  },
  {
    rule: 'I2',
    says: 'is already cancelled by R, which says nothing of it',
    facts: [
      announced(),
      cancelled('R'),
      cancelled('S', { name: 'ben' }),
      read('R', []),
      read('S', [item('E.mail', 'already_cancelled', { cancellationId: 'R' })]),
    ],
  },
  {
    rule: 'I1',
    says: 'is prevented, and took effect',
    facts: [announced(), began('E.mail'), tookEffect('E.mail'), cancelled('R'), read('R', [PREVENTED])],
  },
  {
    rule: 'doubt',
    says: 'is already_ended (dead), and took effect',
    facts: [
      announced(),
      began('E.mail'),
      tookEffect('E.mail'),
      cancelled('R'),
      read('R', [item('E.mail', 'already_ended', { ending: 'dead' })]),
    ],
  },
  {
    rule: 'I7',
    says: 'is too_late, and never took effect',
    facts: [announced(), began('E.mail'), cancelled('R'), read('R', [item('E.mail', 'too_late')])],
  },
  {
    rule: 'doubt',
    says: 'is in doubt, and never began',
    facts: [announced(STEPS), cancelled('R'), read('R', [item('E.delay', 'in_doubt', { kind: 'delay' })])],
  },
  {
    rule: 'I2',
    says: 'are not its items',
    facts: [announced(), cancelled('R'), read('R', [PREVENTED], { counts: countOutcomes([]) })],
  },
  {
    rule: 'I4',
    says: 'ms after its cancel',
    facts: [
      announced(),
      began('E.mail'),
      cancelled('R'),
      read('R', [STOPPING], { state: 'open', at: 40_000 }),
    ],
  },
  {
    rule: 'I4',
    says: 'ms after all was calm',
    facts: [announced(), cancelled('R'), CALM, read('R', [], { state: 'counting', at: 90_000 })],
  },
  {
    rule: 'I4',
    says: 'was final, and changed: E.mail was prevented, is in_doubt',
    facts: [announced(), cancelled('R'), read('R', [PREVENTED]), read('R', [item('E.mail', 'in_doubt')])],
  },
  {
    rule: 'I2',
    says: 'E.mail stood in receipt R, and is gone',
    facts: [
      announced(),
      began('E.mail'),
      cancelled('R'),
      read('R', [STOPPING], { state: 'open' }),
      read('R', [], { state: 'open' }),
    ],
  },
  {
    rule: 'I4',
    says: 'was prevented and is in_doubt',
    facts: [
      announced(),
      cancelled('R'),
      read('R', [PREVENTED], { state: 'open' }),
      read('R', [item('E.mail', 'in_doubt')]),
    ],
  },
  {
    rule: 'I4',
    says: 'was stopping and is prevented',
    facts: [
      announced(),
      began('E.mail'),
      cancelled('R'),
      read('R', [STOPPING], { state: 'open' }),
      read('R', [PREVENTED]),
    ],
  },
  {
    rule: 'I1',
    says: 'attempt 1 began after it',
    facts: [announced(), cancelled('R'), read('R', [PREVENTED]), began('E.mail')],
  },
  {
    rule: 'I2',
    says: 'E.mail is missing in receipt R',
    facts: [announced(), cancelled('R'), read('R', [])],
  },
  {
    rule: 'I2',
    says: 'E.mail has its end in several receipts',
    facts: [
      announced(),
      cancelled('R'),
      cancelled('S', { name: 'ben' }),
      read('R', [PREVENTED]),
      read('S', [PREVENTED]),
    ],
  },
  // Callers.
  {
    rule: 'errors',
    says: 'announce E failed',
    facts: [{ is: 'failed', op: 0, asked: 'announce E', error: 'TypeError', unavailable: false }],
  },
  {
    rule: 'errors',
    says: 'A1 did not catch',
    facts: [{ is: 'error', process: 'A1', where: 'nowhere', error: 'TypeError', uncaught: true }],
  },
  {
    rule: 'I3',
    says: 'F was announced under E, which had been called off',
    facts: [announced(), cancelled('R'), announced(event('F', { parent: { title: 'E', link: 'cancel' } }))],
  },
  {
    rule: 'I3',
    says: 'E was revised after it had been called off',
    facts: [announced(), cancelled('R'), revised('E.revised')],
  },
  {
    rule: 'I3',
    says: 'E.mail was retried after it had been called off',
    facts: [announced(), cancelled('R'), retried('E.mail')],
  },
  {
    rule: 'I3',
    says: 'E.next was announced under E.delay, which had been called off',
    facts: [announced(STEPS), cancelled('R'), nextAsked('E.delay'), began('E.next')],
  },
  {
    rule: 'I5',
    says: 'are the same and got receipts R and S',
    facts: [announced(), cancelled('R', { requestKey: 'key' }), cancelled('S', { requestKey: 'key' })],
  },
  {
    rule: 'I5',
    says: 'are the same and were both done',
    facts: [announced(), cancelled('R'), cancelled('R')],
  },
  {
    rule: 'I5',
    says: 'has the notice "letter about E" twice',
    facts: [announced(), cancelled('R'), read('R', [PREVENTED], { notices: [letter, letter] })],
  },
  {
    rule: 'I6',
    says: 'was announced although an early cancellation waited for it',
    facts: [EARLY, announced(keyed('absorb'))],
  },
  {
    rule: 'I6',
    says: 'was absorbed, and no early cancellation waited for it',
    facts: [announced(keyed('absorb'), absorbed)],
  },
  {
    rule: 'I6',
    says: 'E was absorbed, by policy reject',
    facts: [EARLY, announced(keyed('reject'), absorbed)],
  },
  {
    rule: 'I6',
    says: 'E was rejected, by policy absorb',
    facts: [EARLY, announced(keyed('absorb'), rejected)],
  },
  {
    rule: 'I6',
    says: 'E was absorbed, and E.mail began',
    facts: [EARLY, announced(keyed('absorb'), absorbed), began('E.mail')],
  },
  // Effects.
  {
    rule: 'I8',
    says: 'E.next was announced 2 times by E.delay',
    facts: [
      announced(STEPS),
      nextAsked('E.delay'),
      began('E.next'),
      began('E.next', { effectId: 'another' }),
    ],
  },
  {
    rule: 'I7',
    says: 'E.mail has several ids',
    facts: [announced(), began('E.mail'), began('E.mail', { effectId: 'another' })],
  },
  {
    rule: 'I8',
    says: 'ms before its time',
    facts: [announced(event('E', { effects: [effect('E.mail', { afterMs: 60_000 })] })), began('E.mail')],
  },
  {
    rule: 'I4',
    says: 'E.mail was never told that it was called off',
    facts: [announced(), began('E.mail'), cancelled('R'), OVER],
  },
  { rule: 'I7', says: 'E was acknowledged, and is lost', facts: [announced(), eventRead(false), OVER] },
  {
    rule: 'I7',
    says: 'E.mail is lost',
    facts: [announced(), { is: 'effects read', eventId: idOf('E'), effects: [] }, OVER],
  },
  {
    rule: 'I7',
    says: 'E.mail never ends: it is running',
    facts: [announced(), began('E.mail'), stands('E.mail', null), OVER],
  },
  {
    rule: 'I7',
    says: 'E.mail is done, and never took effect',
    facts: [announced(), began('E.mail'), stands('E.mail', 'done'), OVER],
  },
  {
    rule: 'I7',
    says: 'E.mail is superseded, and nobody revised',
    facts: [announced(), stands('E.mail', 'superseded'), OVER],
  },
  {
    rule: 'I7',
    says: 'E.mail is prevented, and nobody called it off',
    facts: [announced(), stands('E.mail', 'prevented'), OVER],
  },
  {
    rule: 'I7',
    says: 'F was to be announced by E.delay, and is lost',
    facts: [announced(STEPS), began('E.delay'), nextAsked('E.delay'), stands('E.delay', 'done'), OVER],
  },
]
