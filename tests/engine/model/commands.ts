// The random commands of the model: what a client, a worker or the clock may do next.

import fc from 'fast-check'
import type { Verdict } from '../../../server/src/core/effects/effect.ts'
import type { EarlyPolicy } from '../../../server/src/core/event.ts'

const KEYS = ['k0', 'k1', 'k2']
const verdict = fc.constantFrom<Verdict>(
  { is: 'done' },
  { is: 'skipped' },
  { is: 'failed', error: 'no' },
  { is: 'failed', error: 'no', mayHaveHappened: true },
  { is: 'retry', error: 'busy', afterMs: 1000 },
  { is: 'retry', error: 'cut off', mayHaveHappened: true },
  { is: 'stopped' },
  { is: 'in_doubt' },
  { is: 'waiting' },
)
const nth = fc.nat(20)
const effects = fc.array(
  fc.record({
    ms: fc.constantFrom(0, 0, 1000, 60_000),
    kind: fc.constantFrom('mail', 'step'),
    link: fc.constantFrom('cancel', 'cancel', 'cancel', 'keep'),
  }),
  { maxLength: 3 },
)
const by = fc.constantFrom('a', 'b')
const requestKey = fc.constantFrom(null, null, null, 'r1', 'r2')
export const single = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      key: fc.constantFrom(null, ...KEYS),
      early: fc.constantFrom<EarlyPolicy>('absorb', 'reject', 'ignore'),
      effects,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('child' as const),
      parent: nth,
      link: fc.constantFrom('cancel', 'cancel', 'keep'),
      key: fc.constantFrom(null, ...KEYS),
      effects,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), worker: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), run: nth, verdict }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), run: nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('cancel key' as const),
      key: fc.constantFrom(...KEYS),
      by,
      requestKey,
      early: fc.constantFrom(null, { ttlMs: 5000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel id' as const), event: nth, by, requestKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revise' as const), event: nth, effects }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose worker' as const), worker: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('care' as const) }) },
)
export type Command = typeof single extends fc.Arbitrary<infer T> ? T : never
/** One, or some at once; and how far the clock goes before. */
export const step = fc.record({
  waitMs: fc.constantFrom(0, 0, 0, 1000, 10_000, 31_000),
  together: fc.array(single, { minLength: 1, maxLength: 4 }),
})
