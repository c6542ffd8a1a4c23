// Histories, made by hand, that look odd and are right: the checker must find nothing wrong in them.

import {
  announced,
  began,
  cancelled,
  effect,
  event,
  eventRead,
  idOf,
  item,
  nextAsked,
  read,
  retried,
  stands,
  type Told,
  toldToStop,
  tookEffect,
} from './hand-made-facts.ts'

import {
  absorbed,
  BY_KEY,
  EARLY,
  keyed,
  OVER,
  PREVENTED,
  STEPS,
  STOPPING,
  type Wrong,
} from './wrong-histories.ts'

export const RIGHT: Readonly<Record<string, Wrong['facts']>> = {
  'prevented, and nothing happens': [announced(), cancelled('R'), read('R', [PREVENTED]), OVER],
  'too late, and it took effect': [
    announced(),
    began('E.mail'),
    cancelled('R'),
    read('R', [STOPPING], { state: 'open' }),
    toldToStop('R'),
    tookEffect('E.mail'),
    read('R', [item('E.mail', 'too_late')]),
    stands('E.mail', 'too_late'),
    OVER,
  ],
  'a caller who was not answered': [
    { is: 'announce asked', op: 0, eventId: idOf('E'), event: event('E') },
    { is: 'failed', op: 0, asked: 'announce E', error: 'DatabaseUnavailable', unavailable: true },
    eventRead(false),
    OVER,
  ],
  'dead when its parent was called off, kept, and retried by hand afterwards': [
    announced(),
    announced(event('F', { parent: { title: 'E', link: 'keep' } })),
    began('F.mail'),
    cancelled('R'),
    read('R', [PREVENTED, item('F.mail', 'already_ended', { ending: 'dead' })]),
    retried('F.mail'),
    began('F.mail'),
    tookEffect('F.mail'),
    OVER,
  ],
  'a repeat without a key, after one with a key': [
    announced(),
    cancelled('R'),
    cancelled('S', { requestKey: 'key' }),
    cancelled('S', { isReplay: true }),
    OVER,
  ],
  'a repeat without a key, after one with a key that was asked before and took longer': [
    announced(),
    ...around(cancelled('S', { requestKey: 'key' }), cancelled('R')),
    cancelled('S', { isReplay: true }),
    OVER,
  ],
  'an early cancellation that is met': [EARLY, announced(keyed('absorb'), absorbed), OVER],
  'a child that is refused when it is announced, since an early cancellation waits for it': [
    cancelled('R', { ...BY_KEY, isEarly: true }),
    announced(
      event('E', {
        effects: [
          effect('E.delay', {
            kind: 'delay',
            next: { effects: [], events: [event('F', { key: 'k', early: 'reject' })] },
          }),
        ],
      }),
    ),
    began('E.delay'),
    nextAsked('E.delay'),
    stands('E.delay', 'done'),
    OVER,
  ],
  'a step that is announced in time': [
    announced(STEPS),
    began('E.delay'),
    nextAsked('E.delay'),
    began('E.next'),
    tookEffect('E.next'),
    OVER,
  ],
}

/** The first is asked before the second, and answered after it. */
function around([asked, answered]: readonly Told[], within: readonly Told[]): Told[] {
  return [asked!, ...within, answered!]
}
